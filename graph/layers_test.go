package graph_test

import (
	"math"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/miniunlearn/miniunlearn/graph"
	"github.com/miniunlearn/miniunlearn/graph/enginetest"
)

// value evaluates f at the given float64 tensors.
func value(t *testing.T, f func(in []*graph.Node) *graph.Node, in ...*graph.Tensor) []float64 {
	t.Helper()
	g := graph.New(graph.Float64)
	var nodes []*graph.Node
	for i, v := range in {
		nodes = append(nodes, g.Input(string(rune('a'+i)), v.Shape()...))
	}
	return eval(t, 1, nodes, in, f(nodes))[0].Float64s()
}

// gradOf returns a function for value: the gradient of the product of f's
// result with the last input, with respect to the first.
func gradOf(f func(in []*graph.Node) *graph.Node) func(in []*graph.Node) *graph.Node {
	return func(in []*graph.Node) *graph.Node {
		return graph.Grad(graph.Dot(f(in), in[len(in)-1]), in[0])
	}
}

func TestPoolsKnownAnswers(t *testing.T) {
	x := graph.FromSlice([]float64{
		1, 5, 2, 9,
		5, 5, 3, 9,
		0, 1, 2, 9,
		7, 7, 0, 0,
	}, 1, 1, 4, 4)
	g2, g3 := graph.FromSlice([]float64{1, 2, 3, 4}, 1, 1, 2, 2), graph.FromSlice([]float64{1, 2, 3, 4}, 1, 1, 2, 2)
	max2 := func(in []*graph.Node) *graph.Node { return graph.MaxPool2D(in[0], 2, 0) }
	max3 := func(in []*graph.Node) *graph.Node { return graph.MaxPool2D(in[0], 3, 1) }
	avg2 := func(in []*graph.Node) *graph.Node { return graph.AvgPool2D(in[0], 2, 0) }
	avg3 := func(in []*graph.Node) *graph.Node { return graph.AvgPool2D(in[0], 3, 1) }
	all := func(in []*graph.Node) *graph.Node { return graph.GlobalAvgPool(in[0]) }

	require.Equal(t, []float64{5, 9, 7, 9}, value(t, max2, x))
	require.Equal(t, []float64{5, 9, 7, 9}, value(t, max3, x))
	// Of equal pixels the first counts.
	require.Equal(t, []float64{0, 1, 0, 2, 0, 0, 0, 0, 0, 0, 0, 4, 3, 0, 0, 0}, value(t, gradOf(max2), x, g2))
	require.Equal(t, []float64{0, 1, 0, 2, 0, 0, 0, 4, 0, 0, 0, 0, 3, 0, 0, 0}, value(t, gradOf(max3), x, g3))

	require.Equal(t, []float64{4, 5.75, 3.75, 2.75}, value(t, avg2, x))
	require.InDeltaSlice(t, []float64{24. / 9, 45. / 9, 30. / 9, 36. / 9}, value(t, avg3, x), 1e-15)
	require.Equal(t, []float64{.25, .25, .5, .5, .25, .25, .5, .5, .75, .75, 1, 1, .75, .75, 1, 1}, value(t, gradOf(avg2), x, g2))
	require.Equal(t, []float64{65. / 16}, value(t, all, x))
}

// TestPoolsMiss: pixels that fill no window get no gradient.
func TestPoolsMiss(t *testing.T) {
	x := normal(1, graph.Float64, 2, 3, 5, 7)
	g := normal(2, graph.Float64, 2, 3, 2, 3)
	for _, f := range []func(in []*graph.Node) *graph.Node{
		func(in []*graph.Node) *graph.Node { return graph.MaxPool2D(in[0], 2, 0) },
		func(in []*graph.Node) *graph.Node { return graph.AvgPool2D(in[0], 2, 0) },
	} {
		d := value(t, gradOf(f), x, g)
		for i, v := range d {
			if i%7 == 6 || i/7%5 == 4 {
				require.Zero(t, v)
			}
		}
	}
}

// TestMaxPoolNaN: a NaN is not lost among larger pixels.
func TestMaxPoolNaN(t *testing.T) {
	for _, window := range []int{2, 3} {
		x := graph.NewTensor(graph.Float64, 1, 1, window, window)
		x.Set(0, 9)
		x.Set(1, math.NaN())
		y := value(t, func(in []*graph.Node) *graph.Node { return graph.MaxPool2D(in[0], window, 0) }, x)
		require.True(t, math.IsNaN(y[0]))
	}
}

func TestGELUKnownAnswers(t *testing.T) {
	const phi1, pdf1 = 0.8413447460685429, 0.24197072451914337 // Φ(1), φ(1): Abramowitz & Stegun, table 26.1
	x := graph.FromSlice([]float64{1, 0, -1, 100, -100, math.Inf(1)})
	order := func(n int) []float64 {
		return value(t, func(in []*graph.Node) *graph.Node { return graph.Apply(graph.GELUOp{Order: n}, in[0]) }, x)
	}
	require.InDeltaSlice(t, []float64{phi1, 0, phi1 - 1, 100, 0}, order(0)[:5], 1e-15)
	require.InDeltaSlice(t, []float64{phi1 + pdf1, .5, 1 - phi1 - pdf1, 1, 0, 1}, order(1), 1e-15)
	require.InDeltaSlice(t, []float64{pdf1, math.Sqrt(2 / math.Pi), pdf1, 0, 0, 0}, order(2), 1e-15)
	// φ·(x³ − 4x), and its derivative φ·(−x⁴ + 7x² − 4).
	require.InDeltaSlice(t, []float64{-3 * pdf1, 0, 3 * pdf1, 0, 0, 0}, order(3), 1e-15)
	require.InDeltaSlice(t, []float64{2 * pdf1, -4 / math.Sqrt(2*math.Pi), 2 * pdf1, 0, 0, 0}, order(4), 1e-15)
}

func TestNormKnownAnswers(t *testing.T) {
	// One example, two groups of one channel with two pixels, ±1 around means
	// 2 and 15: x̂ = ±1/√(1 + eps).
	x := graph.FromSlice([]float64{1, 3, 16, 14}, 1, 2, 2)
	s, b := graph.FromSlice([]float64{2, 3}), graph.FromSlice([]float64{10, -1})
	u := 1 / math.Sqrt(1+graph.NormEps)
	groups := value(t, func(in []*graph.Node) *graph.Node { return graph.GroupNorm(in[0], 2, in[1], in[2], graph.Identity) }, x, s, b)
	require.InDeltaSlice(t, []float64{10 - 2*u, 10 + 2*u, -1 + 3*u, -1 - 3*u}, groups, 1e-14)
	rectified := value(t, func(in []*graph.Node) *graph.Node { return graph.GroupNorm(in[0], 2, in[1], in[2], graph.ReLU) }, x, s, b)
	require.InDeltaSlice(t, []float64{10 - 2*u, 10 + 2*u, -1 + 3*u, 0}, rectified, 1e-14)
	layer := value(t, func(in []*graph.Node) *graph.Node { return graph.LayerNorm(in[0], in[1], in[2], graph.Identity) }, x, s, b)
	require.InDeltaSlice(t, []float64{10 - 2*u, -1 + 3*u, 10 + 2*u, -1 - 3*u}, layer, 1e-14)
}

// TestNormOffset: a large common offset does not spoil the variance.
func TestNormOffset(t *testing.T) {
	g := graph.New(graph.Float32)
	x := g.Input("x", 1, 4)
	in := graph.FromSlice([]float32{4096, 4097, 4098, 4099}, 1, 4)
	got := eval(t, 1, []*graph.Node{x}, []*graph.Tensor{in}, graph.Normalize(x, graph.NormEps))[0].Float32s()
	r := 1 / math.Sqrt(1.25+graph.NormEps)
	for i, want := range []float64{-1.5 * r, -.5 * r, .5 * r, 1.5 * r} {
		require.InDelta(t, want, got[i], 1e-6)
	}
}

// TestHigherDerivatives compares third derivatives, along v, with differences
// of second ones: the set is closed.
func TestHigherDerivatives(t *testing.T) {
	for name, f := range map[string]func(x *graph.Node) *graph.Node{
		"gelu":      func(x *graph.Node) *graph.Node { return graph.Activate(graph.GELU, x) },
		"tanh":      func(x *graph.Node) *graph.Node { return graph.Activate(graph.Tanh, x) },
		"normalize": func(x *graph.Node) *graph.Node { return graph.Normalize(graph.Reshape(x, 3, 8), 1e-5) },
		"invstd": func(x *graph.Node) *graph.Node {
			return graph.Apply(graph.InvStdOp{Eps: 0.1}, graph.Reshape(x, 3, 8))
		},
		"logsoftmax": func(x *graph.Node) *graph.Node { return graph.LogSoftmax(graph.Reshape(x, 3, 8)) },
		"soft": func(x *graph.Node) *graph.Node {
			z := graph.Reshape(x, 3, 8)
			return graph.SoftCrossEntropy(z, graph.Softmax(graph.Scale(2, z)))
		},
		"distill": func(x *graph.Node) *graph.Node {
			z := graph.Reshape(x, 3, 8)
			return graph.KLDistill(z, graph.Mul(z, z), 3)
		},
		"conv": func(x *graph.Node) *graph.Node {
			y := graph.Reshape(x, 1, 1, 4, 6)
			return graph.Conv2D(y, graph.Reshape(graph.View(graph.Mul(x, x), 2, 18), 2, 1, 3, 3), graph.ConvConfig{Stride: 2, Pad: 1})
		},
		"channels": func(x *graph.Node) *graph.Node {
			y := graph.Reshape(x, 2, 3, 4)
			return graph.ChannelAffine(y, graph.ChannelDot(y, y), graph.ChannelSum(y), graph.Tanh)
		},
		"rows": func(x *graph.Node) *graph.Node {
			index := graph.Apply(graph.OneHotOp{K: 2}, graph.View(graph.Fill(x, 1), 0, 2)) // 0, 1, 0, 1
			y := graph.Rows(graph.Reshape(graph.Mul(x, x), 3, 8), graph.Reshape(index, 4))
			return graph.Mul(graph.AddRows(graph.Mul(y, y), graph.Reshape(index, 4), 5), graph.AddRows(y, graph.Reshape(index, 4), 5))
		},
		"avgpool": func(x *graph.Node) *graph.Node {
			return graph.AvgPool2D(graph.Reshape(graph.Mul(x, graph.Mul(x, x)), 2, 1, 4, 3), 2, 1)
		},
	} {
		t.Run(name, func(t *testing.T) {
			g := graph.New(graph.Float64)
			x, v := g.Input("x", 24), g.Input("v", 24)
			y := f(x)
			first := graph.Grad(graph.Dot(y, graph.Activate(graph.Tanh, y)), x)
			second := graph.Grad(graph.Dot(first, v), x)
			third := graph.Grad(graph.Dot(second, v), x)
			xv, vv := normal(5, graph.Float64, 24), normal(6, graph.Float64, 24)
			base := eval(t, 1, []*graph.Node{x, v}, []*graph.Tensor{xv, vv}, first, second, third)
			const h = 1e-5
			at := func(c float64) []*graph.Tensor {
				moved := xv.Clone()
				for i := range moved.Len() {
					moved.Set(i, xv.At(i)+c*vv.At(i))
				}
				return eval(t, 1, []*graph.Node{x, v}, []*graph.Tensor{moved, vv}, first, second)
			}
			up, down := at(h), at(-h)
			for order := range 2 {
				diff := graph.NewTensor(graph.Float64, 24)
				for i := range 24 {
					diff.Set(i, (up[order].At(i)-down[order].At(i))/(2*h))
				}
				require.Less(t, enginetest.RelErr(base[order+1], diff), 1e-6, "derivative %d", order+2)
			}
		})
	}
}

func TestSoftLossesKnownAnswers(t *testing.T) {
	z := graph.FromSlice([]float64{0, math.Log(3), 1e4, -1e4}, 2, 2)
	u := graph.FromSlice([]float64{.25, .75, 0, 1}, 2, 2)
	soft := func(in []*graph.Node) *graph.Node { return graph.SoftCrossEntropy(in[0], in[1]) }
	require.InDeltaSlice(t, []float64{-.25*math.Log(.25) - .75*math.Log(.75), 2e4}, value(t, soft, z, u), 1e-12)

	kl := func(in []*graph.Node) *graph.Node { return graph.KLDistill(in[0], in[1], 1) }
	same := graph.FromSlice([]float64{5, 5 + math.Log(3), -1e4, 1e4}, 2, 2)
	require.InDeltaSlice(t, []float64{0, 2e4}, value(t, kl, z, same), 1e-12)
	flat := graph.FromSlice([]float64{7, 7, 0, 0}, 2, 2)
	want := .5*math.Log(.5/.25) + .5*math.Log(.5/.75)
	require.InDelta(t, want, value(t, kl, z, flat)[0], 1e-15)
	// At temperature 2, logits (0, 2·ln 3) are the same distributions.
	z2 := graph.FromSlice([]float64{0, 2 * math.Log(3), 1e4, -1e4}, 2, 2)
	warm := func(in []*graph.Node) *graph.Node { return graph.KLDistill(in[0], in[1], 2) }
	require.InDelta(t, 4*want, value(t, warm, z2, flat)[0], 1e-14)
}

// TestSoftLossesFinite: values and derivatives are finite for logits of ±1e4,
// in float32 too.
func TestSoftLossesFinite(t *testing.T) {
	for _, dt := range []graph.DType{graph.Float32, graph.Float64} {
		g := graph.New(dt)
		z, u, v := g.Input("z", 2, 3), g.Input("t", 2, 3), g.Input("v", 2, 3)
		in := []*graph.Tensor{graph.NewTensor(dt, 2, 3), graph.NewTensor(dt, 2, 3), normal(1, dt, 2, 3)}
		for i, x := range []float64{1e4, -1e4, 0, -1e4, 1e4, 0} {
			in[0].Set(i, x)
		}
		in[1].Set(1, 1)
		in[1].Set(3, 1)
		for _, loss := range []*graph.Node{graph.SoftCrossEntropy(z, u), graph.KLDistill(z, graph.Scale(1e4, u), 1), graph.KLDistill(z, graph.Scale(-1e4, u), 4)} {
			grad := graph.Grad(graph.Dot(loss, graph.Fill(loss, 1)), z)
			for _, r := range eval(t, 1, []*graph.Node{z, u, v}, in, loss, grad, graph.Grad(graph.Dot(grad, v), z)) {
				require.True(t, r.Finite(), "%s", loss)
			}
		}
	}
}
