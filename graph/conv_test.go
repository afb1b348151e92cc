package graph_test

import (
	"fmt"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/miniunlearn/miniunlearn/graph"
	"github.com/miniunlearn/miniunlearn/graph/enginetest"
)

// eval computes nodes on the Walker with the given number of workers; in are
// the values of the inputs, in the order of nodes.
func eval(t testing.TB, workers int, in []*graph.Node, values []*graph.Tensor, out ...*graph.Node) []*graph.Tensor {
	t.Helper()
	p, err := graph.NewWalker(workers).Compile(in, out)
	require.NoError(t, err)
	r := make([]*graph.Tensor, len(out))
	for i, n := range out {
		r[i] = graph.NewTensor(n.Graph().DType(), n.Shape()...)
	}
	require.NoError(t, p.Run(r, values))
	return r
}

func normal(seed uint64, dt graph.DType, shape ...int) *graph.Tensor {
	r := rand.New(rand.NewPCG(seed, 7))
	t := graph.NewTensor(dt, shape...)
	for i := range t.Len() {
		t.Set(i, r.NormFloat64())
	}
	return t
}

// trilinear computes the form behind the convolution by its definition, with
// its three derivatives: y, dx for the gradient y, dk for the gradient y.
func trilinear(x, k *graph.Tensor, stride, pad int) (y, dx, dk *graph.Tensor) {
	xs, ks := x.Shape(), k.Shape()
	oh, ow := (xs[2]+2*pad-ks[2])/stride+1, (xs[3]+2*pad-ks[3])/stride+1
	y = graph.NewTensor(graph.Float64, xs[0], ks[0], oh, ow)
	dx, dk = graph.NewTensor(graph.Float64, xs...), graph.NewTensor(graph.Float64, ks...)
	terms := func(f func(y, x, k int)) {
		for n := range xs[0] {
			for o := range ks[0] {
				for r := range oh {
					for s := range ow {
						for c := range xs[1] {
							for i := range ks[2] {
								for j := range ks[3] {
									h, w := r*stride+i-pad, s*stride+j-pad
									if h >= 0 && h < xs[2] && w >= 0 && w < xs[3] {
										f(((n*ks[0]+o)*oh+r)*ow+s, ((n*xs[1]+c)*xs[2]+h)*xs[3]+w, ((o*ks[1]+c)*ks[2]+i)*ks[3]+j)
									}
								}
							}
						}
					}
				}
			}
		}
	}
	terms(func(yi, xi, ki int) { y.Set(yi, y.At(yi)+x.At(xi)*k.At(ki)) })
	terms(func(yi, xi, ki int) {
		dx.Set(xi, dx.At(xi)+y.At(yi)*k.At(ki))
		dk.Set(ki, dk.At(ki)+y.At(yi)*x.At(xi))
	})
	return y, dx, dk
}

// TestConvByDefinition compares the three ops with the sums that define them.
func TestConvByDefinition(t *testing.T) {
	type geometry struct{ n, inC, h, w, outC, kh, kw, stride, pad int }
	cases := []geometry{
		{1, 1, 1, 1, 1, 1, 1, 1, 0},
		{2, 1, 28, 28, 6, 5, 5, 1, 2},  // lenet5
		{2, 6, 14, 14, 16, 5, 5, 1, 0}, // lenet5
		{2, 3, 32, 32, 16, 3, 3, 1, 1}, // resnet8
		{1, 16, 32, 32, 32, 3, 3, 2, 1},
		{1, 16, 32, 32, 32, 1, 1, 2, 0},
		{17, 64, 8, 8, 64, 3, 3, 1, 1},
		{3, 2, 5, 4, 3, 1, 1, 1, 2}, // pointwise and padded
		{3, 2, 5, 7, 3, 1, 1, 3, 1},
		{2, 2, 6, 6, 2, 2, 2, 4, 0}, // pixels that no kernel meets
		{2, 1, 1, 1, 2, 5, 5, 3, 4}, // mostly margins
		{1, 2, 9, 3, 30, 9, 3, 1, 0},
	}
	r := rand.New(rand.NewPCG(1, 2))
	for len(cases) < 60 {
		g := geometry{1 + r.IntN(4), 1 + r.IntN(3), 1 + r.IntN(9), 1 + r.IntN(9), 1 + r.IntN(8), 1 + r.IntN(4), 1 + r.IntN(4), 1 + r.IntN(4), r.IntN(4)}
		if g.h+2*g.pad >= g.kh && g.w+2*g.pad >= g.kw {
			cases = append(cases, g)
		}
	}
	for _, c := range cases {
		xv, kv := normal(1, graph.Float64, c.n, c.inC, c.h, c.w), normal(2, graph.Float64, c.outC, c.inC, c.kh, c.kw)
		y, dx, dk := trilinear(xv, kv, c.stride, c.pad)
		for _, dt := range []graph.DType{graph.Float64, graph.Float32} {
			t.Run(fmt.Sprintf("%+v %v", c, dt), func(t *testing.T) {
				g := graph.New(dt)
				x, k, gr := g.Input("x", xv.Shape()...), g.Input("k", kv.Shape()...), g.Input("g", y.Shape()...)
				out := graph.Conv2D(x, k, graph.ConvConfig{Stride: c.stride, Pad: c.pad})
				form := graph.Dot(out, gr)
				in := []*graph.Tensor{graph.NewTensor(dt, xv.Shape()...), graph.NewTensor(dt, kv.Shape()...), graph.NewTensor(dt, y.Shape()...)}
				for i, v := range []*graph.Tensor{xv, kv, y} {
					in[i].Copy(v)
				}
				nodes := []*graph.Node{out, graph.Grad(form, x), graph.Grad(form, k)}
				got := eval(t, 1, []*graph.Node{x, k, gr}, in, nodes...)
				many := eval(t, 3, []*graph.Node{x, k, gr}, in, nodes...)
				tol := map[graph.DType]float64{graph.Float64: 1e-13, graph.Float32: 2e-5}[dt]
				for i, want := range []*graph.Tensor{y, dx, dk} {
					require.Less(t, enginetest.RelErr(got[i], want), tol, "%s", nodes[i])
					require.Equal(t, got[i], many[i], "bits depend on the number of workers: %s", nodes[i])
				}
			})
		}
	}
}

// TestConvExamplesApart: the result of an image does not depend on its batch,
// bit for bit.
func TestConvExamplesApart(t *testing.T) {
	xv, kv := normal(1, graph.Float32, 5, 6, 14, 14), normal(2, graph.Float32, 16, 6, 5, 5)
	conv := func(x *graph.Tensor) []float32 {
		g := graph.New(graph.Float32)
		xn, k := g.Input("x", x.Shape()...), g.Input("k", 16, 6, 5, 5)
		return eval(t, 1, []*graph.Node{xn, k}, []*graph.Tensor{x, kv}, graph.Conv2D(xn, k, graph.ConvConfig{}))[0].Float32s()
	}
	all := conv(xv)
	one := conv(graph.FromSlice(xv.Float32s()[3*6*14*14:4*6*14*14], 1, 6, 14, 14))
	require.Equal(t, all[3*1600:4*1600], one)
}

func TestConvShapes(t *testing.T) {
	g := graph.New(graph.Float32)
	x, k := g.Input("x", 2, 3, 5, 5), g.Input("k", 4, 3, 3, 3)
	for _, c := range []struct {
		name string
		want string
		f    func()
	}{
		{"channels", "graph: conv2d stride 1 pad 0: got [2 3 5 5], [4 2 3 3], want images of [N, C, H, W] and kernels of [K, C, kh, kw] that fit into them",
			func() { graph.Conv2D(x, g.Input("k2", 4, 2, 3, 3), graph.ConvConfig{}) }},
		{"too large", "conv2d stride 2 pad 0: got [2 3 5 5], [4 3 6 6]",
			func() { graph.Conv2D(x, g.Input("k6", 4, 3, 6, 6), graph.ConvConfig{Stride: 2}) }},
		{"negative pad", "conv2d stride 1 pad -1", func() { graph.Conv2D(x, k, graph.ConvConfig{Pad: -1}) }},
		{"rank", "conv2d", func() { graph.Conv2D(graph.Flatten(x), k, graph.ConvConfig{}) }},
		{"input gradient", "convinputgrad stride 1 pad 0 to 5×5: got [4 3 3 3], [2 3 5 5]",
			func() { graph.Apply(graph.ConvInputGradOp{Stride: 1, H: 5, W: 5}, k, x) }},
		{"kernel gradient", "convkernelgrad stride 1 pad 0 to 3×3: got [2 3 5 5], [2 3 5 5]",
			func() { graph.Apply(graph.ConvKernelGradOp{Stride: 1, KH: 3, KW: 3}, x, x) }},
		{"pool", "maxpool window 6 stride 6: got [2 3 5 5], want images of [N, C, H, W] that hold a window",
			func() { graph.MaxPool2D(x, 6, 0) }},
		{"average pool", "avgpool window 2 stride 2: got [2 75]", func() { graph.AvgPool2D(graph.Flatten(x), 2, 0) }},
		{"global pool", "globalavgpool: got [2 75]", func() { graph.GlobalAvgPool(graph.Flatten(x)) }},
		{"groups", "groupnorm 2: got [2 3 5 5]", func() { graph.GroupNorm(x, 2, g.Input("s", 3), g.Input("b", 3), graph.ReLU) }},
		{"scale", "channelaffine identity: got [2 3 5 5], [2], [2]",
			func() { graph.GroupNorm(x, 3, g.Input("s2", 2), g.Input("b2", 2), graph.Identity) }},
		{"soft targets", "rowdot: got [2 3], [2 4]", func() { graph.SoftCrossEntropy(g.Input("z", 2, 4), g.Input("t", 2, 3)) }},
		{"temperature", "kldistill: got temperature 0, want a positive one", func() { graph.KLDistill(g.Input("z1", 2, 4), g.Input("t1", 2, 4), 0) }},
		{"fused gelu", "bias gelu: this activation is not a function of its output", func() { graph.Apply(graph.BiasOp{Act: graph.GELU}, x, g.Input("b3", 3)) }},
	} {
		require.ErrorContains(t, graph.Build(c.f), c.want, c.name)
	}
}
