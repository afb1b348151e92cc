package graph_test

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/miniunlearn/miniunlearn/graph"
)

// benchmark runs a program of out on all cores and reports GFLOP/s, given the
// multiply-adds of one run.
func benchmark(b *testing.B, macs int, in []*graph.Node, out ...*graph.Node) {
	b.Helper()
	p, err := graph.NewWalker(0).Compile(in, out)
	require.NoError(b, err)
	var values, results []*graph.Tensor
	for i, n := range in {
		t := normal(uint64(i), n.Graph().DType(), n.Shape()...)
		if len(n.Shape()) == 1 && n.Shape()[0] == batch { // classes and weights
			for j := range batch {
				t.Set(j, float64(j%10)*float64(len(values)%2)+1./batch*float64((len(values)+1)%2))
			}
		} else if len(n.Shape()) == 1 { // parameters
			for j := range t.Len() {
				t.Set(j, 0.05*t.At(j))
			}
		}
		values = append(values, t)
	}
	for _, n := range out {
		results = append(results, graph.NewTensor(n.Graph().DType(), n.Shape()...))
	}
	require.NoError(b, p.Run(results, values))
	b.ReportAllocs()
	for b.Loop() {
		if err := p.Run(results, values); err != nil {
			b.Fatal(err)
		}
	}
	if macs > 0 {
		b.ReportMetric(2*float64(macs)*float64(b.N)/b.Elapsed().Seconds()/1e9, "GFLOP/s")
	}
}

const batch = 128

var convs = []struct {
	name                              string
	inC, h, outC, kernel, stride, pad int
}{
	{"lenet1", 1, 28, 6, 5, 1, 2},
	{"lenet2", 6, 14, 16, 5, 1, 0},
	{"stem", 3, 32, 16, 3, 1, 1},
	{"16at32", 16, 32, 16, 3, 1, 1},
	{"16to32", 16, 32, 32, 3, 2, 1},
	{"32at16", 32, 16, 32, 3, 1, 1},
	{"32to64", 32, 16, 64, 3, 2, 1},
	{"64at8", 64, 8, 64, 3, 1, 1},
	{"shortcut", 32, 16, 64, 1, 2, 0},
	{"pointwise", 64, 8, 64, 1, 1, 0},
}

func BenchmarkConv(b *testing.B) {
	for _, c := range convs {
		g := graph.New(graph.Float32)
		x, k := g.Input("x", batch, c.inC, c.h, c.h), g.Input("k", c.outC, c.inC, c.kernel, c.kernel)
		y := graph.Conv2D(x, k, graph.ConvConfig{Stride: c.stride, Pad: c.pad})
		gr := g.Input("g", y.Shape()...)
		form := graph.Dot(y, gr)
		macs := batch * c.outC * y.Shape()[2] * y.Shape()[3] * c.inC * c.kernel * c.kernel
		in := []*graph.Node{x, k, gr}
		b.Run(c.name+"/forward", func(b *testing.B) { benchmark(b, macs, in, y) })
		b.Run(c.name+"/input", func(b *testing.B) { benchmark(b, macs, in, graph.Grad(form, x)) })
		b.Run(c.name+"/kernel", func(b *testing.B) { benchmark(b, macs, in, graph.Grad(form, k)) })
	}
}

// lenet5 is the network of the benchmarks, with 61 706 parameters.
func lenet5(p func(shape ...int) *graph.Node, x *graph.Node) *graph.Node {
	h := graph.Bias(graph.Conv2D(x, p(6, 1, 5, 5), graph.ConvConfig{Pad: 2}), p(6), graph.ReLU)
	h = graph.MaxPool2D(h, 2, 0)
	h = graph.Bias(graph.Conv2D(h, p(16, 6, 5, 5), graph.ConvConfig{}), p(16), graph.ReLU)
	h = graph.Flatten(graph.MaxPool2D(h, 2, 0))
	h = graph.Bias(graph.MatMul(h, p(400, 120)), p(120), graph.ReLU)
	h = graph.Bias(graph.MatMul(h, p(120, 84)), p(84), graph.ReLU)
	return graph.Affine(h, p(84, 10), p(10))
}

// resnet8 has three stages of one residual block, with group normalisation.
func resnet8(p func(shape ...int) *graph.Node, x *graph.Node) *graph.Node {
	conv := func(x *graph.Node, outC, k, stride int) *graph.Node {
		return graph.Conv2D(x, p(outC, x.Shape()[1], k, k), graph.ConvConfig{Stride: stride, Pad: k / 2})
	}
	norm := func(x *graph.Node, act graph.Act) *graph.Node {
		c := x.Shape()[1]
		return graph.GroupNorm(x, c/8, p(c), p(c), act)
	}
	h := norm(conv(x, 16, 3, 1), graph.ReLU)
	for i, c := range []int{16, 32, 64} {
		stride, shortcut := 1, h
		if i > 0 {
			stride = 2
			shortcut = norm(conv(h, c, 1, 2), graph.Identity)
		}
		a := norm(conv(h, c, 3, stride), graph.ReLU)
		h = graph.Activate(graph.ReLU, graph.Add(norm(conv(a, c, 3, 1), graph.Identity), shortcut))
	}
	return graph.Affine(graph.GlobalAvgPool(h), p(64, 10), p(10))
}

func mlp(p func(shape ...int) *graph.Node, x *graph.Node) *graph.Node {
	h := graph.Bias(graph.MatMul(graph.Flatten(x), p(784, 256)), p(256), graph.ReLU)
	h = graph.Bias(graph.MatMul(h, p(256, 128)), p(128), graph.ReLU)
	return graph.Affine(h, p(128, 10), p(10))
}

// BenchmarkStep is a whole training step with momentum, and an HVP.
func BenchmarkStep(b *testing.B) {
	for _, m := range []struct {
		name   string
		image  []int
		params int
		logits func(p func(shape ...int) *graph.Node, x *graph.Node) *graph.Node
	}{
		{"mlp", []int{1, 28, 28}, 235146, mlp},
		{"lenet5", []int{1, 28, 28}, 61706, lenet5},
		{"resnet8", []int{3, 32, 32}, 78042, resnet8},
	} {
		g := graph.New(graph.Float32)
		w, x := g.Input("w", m.params), g.Input("x", append([]int{batch}, m.image...)...)
		c, y := g.Input("c", batch), g.Input("y", batch)
		mom, v := g.Input("p", m.params), g.Input("v", m.params)
		off := 0
		z := m.logits(func(shape ...int) *graph.Node {
			n := 1
			for _, d := range shape {
				n *= d
			}
			off += n
			return graph.View(w, off-n, shape...)
		}, x)
		require.Equal(b, m.params, off)
		loss := graph.Dot(c, graph.CrossEntropy(z, y))
		grad := graph.Grad(loss, w)
		p1 := graph.Lin([]float64{0.9, 1, 5e-4}, mom, grad, w)
		w1 := graph.Lin([]float64{1, -0.05}, w, p1)
		in := []*graph.Node{w, x, c, y, mom, v}
		b.Run(fmt.Sprintf("%s/forward", m.name), func(b *testing.B) { benchmark(b, 0, in, loss) })
		b.Run(fmt.Sprintf("%s/step", m.name), func(b *testing.B) { benchmark(b, 0, in, p1, w1, loss) })
		b.Run(fmt.Sprintf("%s/hvp", m.name), func(b *testing.B) { benchmark(b, 0, in, graph.Grad(graph.Dot(grad, v), w)) })
	}
}
