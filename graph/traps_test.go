package graph

import (
	"testing"

	"github.com/stretchr/testify/require"
	"gorgonia.org/gorgonia"
)

// chain builds y = tanh(2x), z = tanh(3x) and the derivative of Σ y∘z.
func chain(g *Graph) (x, grad *Node) {
	x = g.Input("x", 4)
	y, z := Activate(Tanh, Scale(2, x)), Activate(Tanh, Scale(3, x))
	return x, Grad(Dot(y, z), x)
}

func run(t *testing.T, e Engine, in []*Node, vals []*Tensor, out *Node) *Tensor {
	t.Helper()
	p, err := e.Compile(in, []*Node{out})
	require.NoError(t, err)
	r := NewTensor(out.g.dt, out.shape...)
	require.NoError(t, p.Run([]*Tensor{r}, vals))
	return r
}

// TestHashCollisions: Gorgonia's compiler merges nodes of one hash. With a
// hash that is the same for all ops the graph still computes the right values,
// and all of its nodes have hashes of their own.
func TestHashCollisions(t *testing.T) {
	x0 := FromSlice([]float64{0.1, -0.2, 0.3, 0.4})
	var want []float64
	for _, hash := range []func(string) uint32{nil, func(string) uint32 { return 7 }} {
		g := New(Float64)
		g.hash = hash
		x, grad := chain(g)
		seen := map[uint32]bool{}
		for _, n := range g.nodes {
			require.False(t, seen[n.n.Hashcode()], "two nodes share a hash")
			seen[n.n.Hashcode()] = true
		}
		for _, e := range []Engine{Tape{}, &Walker{}} {
			got := run(t, e, []*Node{x}, []*Tensor{x0}, grad).f64
			if want == nil {
				want = got
			}
			require.InDeltaSlice(t, want, got, 1e-15)
		}
	}
}

// TestSameOpOnce: an op applied twice to the same inputs is one node.
func TestSameOpOnce(t *testing.T) {
	g := New(Float32)
	x := g.Input("x", 3)
	require.Same(t, Scale(2, x), Scale(2, x))
	require.NotSame(t, Scale(2, x), Scale(3, x))
}

func TestInputNames(t *testing.T) {
	g := New(Float32)
	g.Input("x", 2)
	var oe *OpError
	require.ErrorAs(t, Build(func() { g.Input("x", 2) }), &oe)
	require.ErrorAs(t, Build(func() { g.Input("", 2) }), &oe)
	var se *ShapeError
	require.ErrorAs(t, Build(func() { g.Input("y", 2, 0) }), &se)
}

// TestStockOps: Gorgonia's own ops run on the tape machine and differentiate
// through Grad; the Walker refuses them by name; and on a view, which they
// would overwrite, nobody runs them.
func TestStockOps(t *testing.T) {
	g := New(Float64)
	x := g.Input("x", 3)
	cube := g.Stock(gorgonia.Must(gorgonia.Cube(Scale(2, x).Gorgonia()))) // 8x³
	grad := Grad(Dot(cube, Fill(cube, 1)), x)                             // 24x²
	x0 := []*Tensor{FromSlice([]float64{1, -2, 3})}
	require.InDeltaSlice(t, []float64{24, 96, 216}, run(t, Tape{}, []*Node{x}, x0, grad).f64, 1e-12)
	var oe *OpError
	_, err := (&Walker{}).Compile([]*Node{x}, []*Node{cube})
	require.ErrorAs(t, err, &oe)
	require.ErrorContains(t, err, "tape engine only")

	v := View(x, 1, 2)
	square := g.Stock(gorgonia.Must(gorgonia.Square(v.Gorgonia())))
	_, err = Tape{}.Compile([]*Node{x}, []*Node{square})
	require.ErrorAs(t, err, &oe)
	require.ErrorContains(t, err, "overwrite")
}

// TestThirdDerivative: Grad applies to its own result to any order.
func TestThirdDerivative(t *testing.T) {
	g := New(Float64)
	x := g.Input("x", 1)
	y := Activate(Tanh, x)
	for range 3 {
		y = Grad(Dot(y, Fill(y, 1)), x)
	}
	// tanh''' = −2(1−t²)(1−3t²)
	const th = 0.46211715726000975 // tanh(1/2)
	got := run(t, &Walker{}, []*Node{x}, []*Tensor{FromSlice([]float64{0.5})}, y).At(0)
	require.InDelta(t, -2*(1-th*th)*(1-3*th*th), got, 1e-14)
}

func TestGradOfWhatItDoesNotReach(t *testing.T) {
	g := New(Float64)
	x, y := g.Input("x", 2), g.Input("y", 2)
	zero := Grad(Dot(y, y), x)
	require.Equal(t, []float64{0, 0}, run(t, &Walker{}, []*Node{y}, []*Tensor{FromSlice([]float64{1, 2})}, zero).f64)
	require.Error(t, Build(func() { Grad(y, x) }), "not a scalar")
	require.Error(t, Build(func() { Grad(Dot(y, y), New(Float64).Input("x", 2)) }), "two graphs")
}

// TestSharedMemory: outputs must not share memory with other arguments.
func TestSharedMemory(t *testing.T) {
	g := New(Float64)
	x := g.Input("x", 2)
	p, err := (&Walker{}).Compile([]*Node{x}, []*Node{Scale(2, x), Scale(3, x)})
	require.NoError(t, err)
	a, b := NewTensor(Float64, 2), NewTensor(Float64, 2)
	require.ErrorContains(t, p.Run([]*Tensor{a, b}, []*Tensor{a}), "output 0 and input 0 share memory")
	require.ErrorContains(t, p.Run([]*Tensor{a, a}, []*Tensor{b}), "outputs 0 and 1 share memory")
}

func TestNonFinite(t *testing.T) {
	g := New(Float32)
	x := g.Input("x", 1)
	g.Label("layer1")
	h := Mul(x, x)
	g.Label("layer2")
	p, err := (&Walker{}).Compile([]*Node{x}, []*Node{Scale(2, h)})
	require.NoError(t, err)
	n, err := p.(*walk).NonFinite([]*Tensor{NewTensor(Float32, 1)}, []*Tensor{FromSlice([]float32{1e30})})
	require.NoError(t, err)
	require.Equal(t, "layer1: mul", n.String())
}

// TestShapeErrors: an op that does not fit says which op, what it got and what
// it wants, while the graph is built.
func TestShapeErrors(t *testing.T) {
	g := New(Float32)
	v, m, s := g.Input("v", 6), g.Input("m", 2, 3), g.Input("s")
	for want, f := range map[string]func(){
		"view 4 [3]: got [6], want a vector of at least 7 numbers":                 func() { View(v, 4, 3) },
		"reshape 4: got [6], want one input of 4 numbers":                          func() { Reshape(v, 4) },
		"matmul false false: got [2 3], [2 3], want two matrices with equal inner": func() { MatMul(m, m) },
		"bias relu: got [2 3], [6], want z of [N, C, …] and b of [C]":              func() { Bias(m, v, ReLU) },
		"mul: got [6], [2 3], want equal shapes":                                   func() { Mul(v, m) },
		"dot: got [6], [2 3], want equal shapes":                                   func() { Dot(v, m) },
		"addscaled: got [6], [6], [6], want y, a scalar, and x of y's shape":       func() { AddScaled(v, v, v) },
		"crossentropy: got [2 3], [6], want logits of [N, K] and classes of [N]":   func() { CrossEntropy(m, v) },
		"softmax: got [6], want one matrix [N, K]":                                 func() { Softmax(v) },
		"rowscale: got [], [2 3], want s of [N] and x of [N, …]":                   func() { RowScale(s, m) },
		"pack [0 2] of 6: got [2 3], [6], want parts that fit and do not overlap":  func() { Apply(PackOp{[]int{0, 2}, 6}, m, v) },
	} {
		err := Build(f)
		var se *ShapeError
		require.ErrorAs(t, err, &se, want)
		require.ErrorContains(t, err, want)
	}
	require.Panics(t, func() { _ = Build(func() { panic("other") }) })
}
