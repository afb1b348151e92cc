// A training step as libtorch does it itself: its modules, its autograd, its
// SGD. BenchmarkStep takes the same steps on the graphs. With the environment
// that setup prints:
//
//   g++ -std=c++17 $CGO_CXXFLAGS graph/libtorch/testdata/step.cpp -o step $CGO_LDFLAGS -ltorch -ltorch_cpu -lc10
//   OMP_NUM_THREADS=1 ./step

#include <torch/torch.h>

#include <chrono>
#include <iostream>

namespace nn = torch::nn;
using torch::Tensor;

struct MLP : nn::Module {
  nn::Linear a{784, 256}, b{256, 128}, c{128, 10};
  MLP() {
    register_module("a", a);
    register_module("b", b);
    register_module("c", c);
  }
  Tensor forward(Tensor x) { return c(torch::relu(b(torch::relu(a(x.flatten(1)))))); }
};

struct LeNet5 : nn::Module {
  nn::Conv2d c1{nn::Conv2dOptions(1, 6, 5).padding(2)}, c2{nn::Conv2dOptions(6, 16, 5)};
  nn::Linear a{400, 120}, b{120, 84}, c{84, 10};
  LeNet5() {
    register_module("c1", c1);
    register_module("c2", c2);
    register_module("a", a);
    register_module("b", b);
    register_module("c", c);
  }
  Tensor forward(Tensor x) {
    x = torch::max_pool2d(torch::relu(c1(x)), 2);
    x = torch::max_pool2d(torch::relu(c2(x)), 2);
    return c(torch::relu(b(torch::relu(a(x.flatten(1))))));
  }
};

// A convolution without bias and the normalisation of groups of 8 channels.
struct ConvNormImpl : nn::Module {
  nn::Conv2d conv;
  nn::GroupNorm norm;
  ConvNormImpl(int in, int out, int kernel, int stride)
      : conv(nn::Conv2dOptions(in, out, kernel).stride(stride).padding(kernel / 2).bias(false)),
        norm(nn::GroupNormOptions(out / 8, out)) {
    register_module("conv", conv);
    register_module("norm", norm);
  }
  Tensor forward(Tensor x) { return norm(conv(x)); }
};
TORCH_MODULE(ConvNorm);

struct BlockImpl : nn::Module {
  ConvNorm a, b, shortcut{nullptr};
  BlockImpl(int in, int out, int stride) : a(in, out, 3, stride), b(out, out, 3, 1) {
    register_module("a", a);
    register_module("b", b);
    if (stride != 1) shortcut = register_module("shortcut", ConvNorm(in, out, 1, stride));
  }
  Tensor forward(Tensor x) {
    Tensor y = b(torch::relu(a(x)));
    return torch::relu(y + (shortcut.is_empty() ? x : shortcut(x)));
  }
};
TORCH_MODULE(Block);

struct ResNet8 : nn::Module {
  ConvNorm stem{3, 16, 3, 1};
  Block b1{16, 16, 1}, b2{16, 32, 2}, b3{32, 64, 2};
  nn::Linear fc{64, 10};
  ResNet8() {
    register_module("stem", stem);
    register_module("b1", b1);
    register_module("b2", b2);
    register_module("b3", b3);
    register_module("fc", fc);
  }
  Tensor forward(Tensor x) { return fc(b3(b2(b1(torch::relu(stem(x))))).mean({2, 3})); }
};

template <typename M> void measure(const char *name, std::vector<int64_t> shape) {
  M model;
  Tensor x = torch::randn(shape), y = torch::randint(0, 10, {shape[0]}, torch::kLong);
  torch::optim::SGD sgd(model.parameters(), torch::optim::SGDOptions(1e-4).momentum(0.9).weight_decay(5e-4));
  auto step = [&] {
    sgd.zero_grad();
    nn::functional::cross_entropy(model.forward(x), y).backward();
    sgd.step();
  };
  for (int i = 0; i < 3; i++) step();
  auto start = std::chrono::steady_clock::now();
  double seconds = 0;
  int n = 0;
  for (; seconds < 3; n++) {
    step();
    seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  }
  std::cout << name << " " << seconds / n * 1e3 << " ms\n";
}

int main() {
  measure<MLP>("mlp:784-256-128-10", {128, 1, 28, 28});
  measure<LeNet5>("lenet5", {128, 1, 28, 28});
  measure<ResNet8>("resnet8", {128, 3, 32, 32});
}
