package enginetest

import (
	"math"
	"math/rand/v2"

	"github.com/miniunlearn/miniunlearn/graph"
)

// Model is a network with its loss, gradient and Hessian-vector product as one
// graph, and values for its inputs.
type Model struct {
	Name                         string
	W, V, X, Y, C                *graph.Node
	Loss, Grad, HVP, Logits      *graph.Node
	Smooth                       bool // twice differentiable everywhere
	WVal, VVal, XVal, YVal, CVal *graph.Tensor
}

// Inputs returns the model's inputs in the order of Values.
func (m *Model) Inputs() []*graph.Node { return []*graph.Node{m.W, m.V, m.X, m.Y, m.C} }

// Values returns the tensors for Inputs.
func (m *Model) Values() []*graph.Tensor {
	return []*graph.Tensor{m.WVal, m.VVal, m.XVal, m.YVal, m.CVal}
}

// Builder makes the logits of a network from views of w and the batch x; p
// hands out consecutive views of w.
type Builder struct {
	Name    string
	Input   []int // shape of one example
	Classes int
	Params  int
	Smooth  bool
	Logits  func(p func(shape ...int) *graph.Node, x *graph.Node) *graph.Node
}

// Architectures returns small networks that together use every op.
func Architectures() []Builder {
	type take = func(shape ...int) *graph.Node
	dense := func(act graph.Act) func(take, *graph.Node) *graph.Node {
		return func(p take, x *graph.Node) *graph.Node {
			h := graph.Bias(graph.MatMul(x, p(5, 4)), p(4), act)
			h = graph.Bias(graph.MatMul(h, p(4, 4)), p(4), act)
			return graph.Affine(h, p(4, 3), p(3))
		}
	}
	return []Builder{
		{Name: "logistic", Input: []int{5}, Classes: 3, Params: 18, Smooth: true, Logits: func(p take, x *graph.Node) *graph.Node {
			return graph.Affine(x, p(5, 3), p(3))
		}},
		{Name: "tanh", Input: []int{5}, Classes: 3, Params: 59, Smooth: true, Logits: dense(graph.Tanh)},
		{Name: "relu", Input: []int{5}, Classes: 3, Params: 59, Logits: dense(graph.ReLU)},
		{Name: "gelu", Input: []int{5}, Classes: 3, Params: 59, Smooth: true, Logits: dense(graph.GELU)},
		{Name: "conv", Input: []int{2, 8, 7}, Classes: 3, Params: 236, Logits: convNet},
		{Name: "residual", Input: []int{3, 6, 6}, Classes: 3, Params: 139, Smooth: true, Logits: residualNet},
	}
}

// convNet has strided, padded and plain convolutions, overlapping max-pooling
// and the usual one, and dense layers.
func convNet(p func(shape ...int) *graph.Node, x *graph.Node) *graph.Node {
	h := graph.Conv2D(x, p(3, 2, 3, 3), graph.ConvConfig{Pad: 2}) // 10×9
	h = graph.Bias(graph.MaxPool2D(h, 2, 2), p(3), graph.Tanh)    // 5×4
	h = graph.Conv2D(h, p(4, 3, 3, 2), graph.ConvConfig{Stride: 2, Pad: 1})
	h = graph.Bias(h, p(4), graph.Tanh) // 3×3
	h = graph.Flatten(graph.MaxPool2D(h, 2, 1))
	h = graph.Bias(graph.MatMul(h, p(16, 5)), p(5), graph.Tanh)
	return graph.Affine(h, p(5, 3), p(3))
}

// residualNet has a shortcut with a strided pointwise convolution, group and
// layer normalisation, average pooling of windows and of whole channels.
func residualNet(p func(shape ...int) *graph.Node, x *graph.Node) *graph.Node {
	norm := func(h *graph.Node, act graph.Act) *graph.Node {
		return graph.GroupNorm(h, 2, p(4), p(4), act)
	}
	h := graph.Conv2D(x, p(4, 3, 1, 1), graph.ConvConfig{})
	a := graph.Conv2D(norm(h, graph.Tanh), p(4, 4, 1, 2), graph.ConvConfig{Stride: 2, Pad: 1})
	a = graph.AvgPool2D(norm(a, graph.GELU), 2, 1)
	h = graph.Add(a, graph.Conv2D(h, p(4, 4, 1, 1), graph.ConvConfig{Stride: 2}))
	h = graph.Activate(graph.GELU, graph.AvgPool2D(h, 2, 1))
	h = graph.GlobalAvgPool(h)
	h = graph.LayerNorm(graph.Affine(h, p(4, 6), p(6)), p(6), p(6), graph.Tanh)
	return graph.Affine(h, p(6, 3), p(3))
}

// NewModel builds b for a batch of n examples, with values drawn from seed.
// The weights of the loss differ, and that of example 2 is zero.
func NewModel(b Builder, dt graph.DType, n int, seed uint64) *Model {
	g := graph.New(dt)
	m := &Model{
		Name: b.Name, Smooth: b.Smooth,
		W: g.Input("w", b.Params), V: g.Input("v", b.Params),
		X: g.Input("x", append([]int{n}, b.Input...)...), Y: g.Input("y", n), C: g.Input("c", n),
	}
	off := 0
	m.Logits = b.Logits(func(shape ...int) *graph.Node {
		v := graph.View(m.W, off, shape...)
		for i, s := 0, 1; i <= len(shape); i++ {
			if i == len(shape) {
				off += s
			} else {
				s *= shape[i]
			}
		}
		return v
	}, m.X)
	m.Loss = graph.Dot(m.C, graph.CrossEntropy(m.Logits, m.Y))
	m.Grad = graph.Grad(m.Loss, m.W)
	m.HVP = graph.Grad(graph.Dot(m.Grad, m.V), m.W)

	r := rand.New(rand.NewPCG(seed, 1))
	normal := func(node *graph.Node, scale float64) *graph.Tensor {
		t := graph.NewTensor(dt, node.Shape()...)
		for i := range t.Len() {
			t.Set(i, scale*r.NormFloat64())
		}
		return t
	}
	m.WVal, m.VVal, m.XVal = normal(m.W, 0.5), normal(m.V, 1), normal(m.X, 1)
	m.YVal, m.CVal = graph.NewTensor(dt, n), graph.NewTensor(dt, n)
	for i := range n {
		m.YVal.Set(i, float64(r.IntN(b.Classes)))
		m.CVal.Set(i, r.Float64()+0.1)
	}
	if n > 2 {
		m.CVal.Set(2, 0)
	}
	return m
}

// RelErr returns ‖a−b‖ / ‖b‖, and ‖a‖ if b is zero.
func RelErr(a, b *graph.Tensor) float64 {
	var d, s, aa float64
	for i := range a.Len() {
		x, y := a.At(i), b.At(i)
		d, s, aa = d+(x-y)*(x-y), s+y*y, aa+x*x
	}
	if s == 0 {
		return math.Sqrt(aa)
	}
	return math.Sqrt(d / s)
}
