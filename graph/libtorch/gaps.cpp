//go:build libtorch

#include "gaps.h"

#include <ATen/Context.h>
#include <ATen/Parallel.h>
#include <ATen/Version.h>
#include <ATen/core/List.h>
#include <ATen/ops/add.h>
#include <ATen/ops/convolution.h>
#include <ATen/ops/convolution_backward.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/from_blob.h>
#include <ATen/ops/gelu.h>
#include <ATen/ops/gelu_backward.h>
#include <ATen/ops/isfinite.h>
#include <ATen/ops/native_layer_norm_backward.h>
#include <ATen/ops/ones.h>
#include <ATen/ops/zeros.h>
#include <cstdlib>
#include <exception>
#include <stdexcept>
#include <string>
#include <torch/csrc/api/include/torch/version.h>
#include <vector>

#ifdef __GLIBC__
#include <malloc.h>
#endif

static thread_local std::string last_error;

// guarded returns what f does, as a tensor of the caller's, or NULL.
template <typename F> static gaps_tensor guarded(F f) {
  try {
    return new at::Tensor(f());
  } catch (const std::exception &e) {
    last_error = e.what();
  } catch (...) {
    last_error = "an exception of unknown type";
  }
  return nullptr;
}

const char *gaps_error(void) { return last_error.c_str(); }
const char *gaps_version(void) { return TORCH_VERSION; }

const char *gaps_cpu(void) {
  static const std::string name = at::get_cpu_capability();
  return name.c_str();
}

// Equal inputs are to give equal bits, and float32 is to mean float32.
void gaps_configure(void) {
  at::globalContext().setDeterministicCuDNN(true);
  at::globalContext().setBenchmarkCuDNN(false);
  at::globalContext().setAllowTF32CuDNN(false);
  at::globalContext().setAllowTF32CuBLAS(false);
}

// glibc gives blocks of a few megabytes, the size of a layer's values, back to
// the system when they are freed, and the next step's page faults then cost up
// to half as much as its arithmetic. So they are kept, up to 256 MB.
void gaps_keep_memory(void) {
#ifdef __GLIBC__
  if (!getenv("MALLOC_TRIM_THRESHOLD_") && !getenv("MALLOC_MMAP_THRESHOLD_")) {
    mallopt(M_MMAP_THRESHOLD, 32 << 20); // the largest that it takes
    mallopt(M_TRIM_THRESHOLD, 256 << 20);
  }
#endif
}

void gaps_set_threads(int n) { at::set_num_threads(n); }
int gaps_threads(void) { return at::get_num_threads(); }

gaps_tensor gaps_wrap(void *data, int64_t n, int kind) {
  return guarded([&] { return at::from_blob(data, {n}, at::TensorOptions(at::ScalarType(kind))); });
}

// gaps_view needs t to be contiguous. as_strided is one op where narrow and
// view would be two, for every parameter at every run.
gaps_tensor gaps_view(gaps_tensor t, int64_t off, const int64_t *dims, int ndims) {
  return guarded([&] {
    std::vector<int64_t> strides(ndims);
    int64_t s = 1;
    for (int i = ndims - 1; i >= 0; i--) {
      strides[i] = s;
      s *= dims[i];
    }
    return t->as_strided(at::IntArrayRef(dims, ndims), strides, t->storage_offset() + off);
  });
}

gaps_tensor gaps_add(gaps_tensor a, gaps_tensor b, double alpha) {
  return guarded([&] { return at::add(*a, *b, alpha); });
}

gaps_tensor gaps_add_(gaps_tensor a, gaps_tensor b, double alpha) {
  return guarded([&] { return a->add_(*b, alpha); });
}

gaps_tensor gaps_gelu(gaps_tensor x) {
  return guarded([&] { return at::gelu(*x); });
}

gaps_tensor gaps_gelu_slope(gaps_tensor x) {
  return guarded([&] { return at::gelu_backward(at::ones({1}, x->options()).expand_as(*x), *x); });
}

gaps_tensor gaps_conv(gaps_tensor x, gaps_tensor k, int64_t stride, int64_t pad) {
  return guarded([&] {
    return at::convolution(*x, *k, {}, {stride, stride}, {pad, pad}, {1, 1}, false, {0, 0}, 1).contiguous();
  });
}

// The two gradients below read only the shape of the argument with respect to
// which they are taken, so one that was never filled will do.

gaps_tensor gaps_conv_input_grad(gaps_tensor k, gaps_tensor g, const int64_t *x_dims, int64_t stride, int64_t pad) {
  return guarded([&] {
    at::Tensor x = at::empty(at::IntArrayRef(x_dims, 4), g->options());
    auto r = at::convolution_backward(*g, x, *k, c10::nullopt, {stride, stride}, {pad, pad}, {1, 1}, false, {0, 0}, 1,
                                      {true, false, false});
    return std::get<0>(r).contiguous();
  });
}

gaps_tensor gaps_conv_kernel_grad(gaps_tensor x, gaps_tensor g, const int64_t *k_dims, int64_t stride, int64_t pad,
                                  int64_t groups) {
  return guarded([&] {
    at::Tensor k = at::empty(at::IntArrayRef(k_dims, 4), g->options());
    auto r = at::convolution_backward(*g, *x, k, c10::nullopt, {stride, stride}, {pad, pad}, {1, 1}, false, {0, 0},
                                      groups, {false, true, false});
    return std::get<1>(r).contiguous();
  });
}

// g - mean(g) - xhat*mean(g*xhat) in each row: the derivative of a layer
// normalisation of rows whose mean is 0 and whose standard deviation is 1.
gaps_tensor gaps_norm_grad(gaps_tensor xhat, gaps_tensor g) {
  return guarded([&] {
    int64_t rows = xhat->size(0);
    at::Tensor mean = at::zeros({rows, 1}, g->options()), rstd = at::ones({rows, 1}, g->options());
    auto r = at::native_layer_norm_backward(*g, *xhat, {xhat->size(1)}, mean, rstd, {}, {}, {true, false, false});
    return std::get<0>(r);
  });
}

// numbers returns the index as whole numbers. It looks at them first, which on a
// device waits for it: a kernel that meets a number outside the table would end
// the process's use of the device.
static at::Tensor numbers(const at::Tensor &index, int64_t n) {
  at::Tensor i = index.to(at::kLong);
  at::Tensor good = index.ge(0).logical_and_(index.lt(n)).logical_and_(i.eq(index));
  if (!good.all().item<bool>())
    throw std::runtime_error("an index is outside the table of " + std::to_string(n) + " rows");
  return i;
}

gaps_tensor gaps_rows(gaps_tensor table, gaps_tensor index) {
  return guarded([&] { return table->index_select(0, numbers(*index, table->size(0))); });
}

// gaps_add_rows, if ordered, adds in an order that is fixed on a GPU, where
// index_add_ adds as the numbers come; on the CPU it is the other way round.
gaps_tensor gaps_add_rows(gaps_tensor rows, gaps_tensor index, int64_t n, int ordered) {
  return guarded([&] {
    at::Tensor i = numbers(*index, n);
    std::vector<int64_t> dims = rows->sizes().vec();
    dims[0] = n;
    at::Tensor table = at::zeros(dims, rows->options());
    if (!ordered)
      return table.index_add_(0, i, *rows);
    c10::List<c10::optional<at::Tensor>> at;
    at.push_back(i);
    return table.index_put_(at, *rows, true);
  });
}

int gaps_finite(gaps_tensor t) {
  try {
    return at::isfinite(*t).all().item<bool>();
  } catch (const std::exception &e) {
    last_error = e.what();
    return -1;
  }
}
