package graph

import (
	"fmt"
	"slices"

	"github.com/miniunlearn/miniunlearn/internal/kernel"
)

// LinOp is the linear combination Σ C[i]·x[i] of inputs of one shape.
type LinOp struct{ C []float64 }

// Lin returns Σ c[i]·x[i].
func Lin(c []float64, x ...*Node) *Node {
	if len(c) == 1 && c[0] == 1 && len(x) == 1 {
		return x[0]
	}
	return Apply(LinOp{slices.Clone(c)}, x...)
}

// Add returns a + b.
func Add(a, b *Node) *Node { return Lin([]float64{1, 1}, a, b) }

// Sub returns a − b.
func Sub(a, b *Node) *Node { return Lin([]float64{1, -1}, a, b) }

// Scale returns c·a for a constant c.
func Scale(c float64, a *Node) *Node { return Lin([]float64{c}, a) }

func (op LinOp) String() string { return fmt.Sprintf("lin %x", op.C) }

// Infer implements Op.
func (op LinOp) Infer(in []Shape) (Shape, error) {
	if len(in) != len(op.C) || len(in) == 0 {
		return nil, &ShapeError{op.String(), in, fmt.Sprintf("%d inputs", len(op.C))}
	}
	return sameShape(op, in)
}

func sameShape(op Op, in []Shape) (Shape, error) {
	for _, s := range in[1:] {
		if !slices.Equal(s, in[0]) {
			return nil, &ShapeError{op.String(), in, "equal shapes"}
		}
	}
	return in[0], nil
}

// Diff implements Op.
func (op LinOp) Diff(in []*Node, _, grad *Node) []*Node {
	r := make([]*Node, len(in))
	for i, c := range op.C {
		r[i] = Scale(c, grad)
	}
	return r
}

// InPlace implements InPlacer.
func (op LinOp) InPlace() []int { return upTo(len(op.C)) }

func upTo(n int) []int {
	r := make([]int, n)
	for i := range r {
		r[i] = i
	}
	return r
}

// Eval implements Op. The sum is formed from the left, element by element.
func (op LinOp) Eval(x *Exec, out *Tensor, in []*Tensor) {
	if out.dt == Float64 {
		evalLin[float64](x, op.C, out, in)
	} else {
		evalLin[float32](x, op.C, out, in)
	}
}

func evalLin[T Float](x *Exec, c []float64, out *Tensor, in []*Tensor) {
	o := data[T](out)
	x.Range(len(o), 0, func(lo, hi int) {
		o := o[lo:hi]
		a := data[T](in[0])[lo:hi]
		ca := T(c[0])
		switch len(in) {
		case 1:
			kernel.Affine(o, a, ca, 0)
		case 2:
			kernel.Lin2(o, ca, a, T(c[1]), data[T](in[1])[lo:hi])
		default:
			evalSum(o, c, in, lo)
		}
	})
}

// evalSum forms the sum of three terms or more. o may be any of the inputs, so
// it is written last.
func evalSum[T Float](o []T, c []float64, in []*Tensor, lo int) {
	var t [512]T
	term := func(j, from, to int) (T, []T) { return T(c[j]), data[T](in[j])[lo+from : lo+to] }
	last := len(in) - 1
	for i := 0; i < len(o); i += len(t) {
		to := min(i+len(t), len(o))
		s := t[:to-i]
		c0, x0 := term(0, i, to)
		c1, x1 := term(1, i, to)
		kernel.Lin2(s, c0, x0, c1, x1)
		for j := 2; j < last; j++ {
			cj, xj := term(j, i, to)
			kernel.Lin2(s, 1, s, cj, xj)
		}
		cl, xl := term(last, i, to)
		kernel.Lin2(o[i:to], 1, s, cl, xl)
	}
}

// AddScaledOp is y + s·x for a scalar node s.
type AddScaledOp struct{}

// AddScaled returns y + s·x; s is a scalar node.
func AddScaled(y, s, x *Node) *Node { return Apply(AddScaledOp{}, y, s, x) }

func (op AddScaledOp) String() string { return "addscaled" }

// Infer implements Op.
func (op AddScaledOp) Infer(in []Shape) (Shape, error) {
	if len(in) != 3 || len(in[1]) != 0 || !slices.Equal(in[0], in[2]) {
		return nil, &ShapeError{op.String(), in, "y, a scalar, and x of y's shape"}
	}
	return in[0], nil
}

// Diff implements Op.
func (op AddScaledOp) Diff(in []*Node, _, grad *Node) []*Node {
	return []*Node{grad, Dot(grad, in[2]), ScaleBy(in[1], grad)}
}

// InPlace implements InPlacer.
func (op AddScaledOp) InPlace() []int { return []int{0, 2} }

// Eval implements Op.
func (op AddScaledOp) Eval(x *Exec, out *Tensor, in []*Tensor) {
	if out.dt == Float64 {
		evalAddScaled(x, out.f64, in[0].f64, in[1].f64[0], in[2].f64)
	} else {
		evalAddScaled(x, out.f32, in[0].f32, in[1].f32[0], in[2].f32)
	}
}

func evalAddScaled[T Float](x *Exec, out, y []T, s T, v []T) {
	x.Range(len(out), 0, func(lo, hi int) {
		kernel.Lin2(out[lo:hi], 1, y[lo:hi], s, v[lo:hi])
	})
}

// ScaleByOp is s·x for a scalar node s.
type ScaleByOp struct{}

// ScaleBy returns s·x; s is a scalar node.
func ScaleBy(s, x *Node) *Node {
	if f, ok := s.op.(FillOp); ok {
		return Scale(f.Value, x)
	}
	return Apply(ScaleByOp{}, s, x)
}

func (op ScaleByOp) String() string { return "scaleby" }

// Infer implements Op.
func (op ScaleByOp) Infer(in []Shape) (Shape, error) {
	if len(in) != 2 || len(in[0]) != 0 {
		return nil, &ShapeError{op.String(), in, "a scalar and a tensor"}
	}
	return in[1], nil
}

// Diff implements Op.
func (op ScaleByOp) Diff(in []*Node, _, grad *Node) []*Node {
	return []*Node{Dot(grad, in[1]), ScaleBy(in[0], grad)}
}

// InPlace implements InPlacer.
func (op ScaleByOp) InPlace() []int { return []int{1} }

// Eval implements Op.
func (op ScaleByOp) Eval(x *Exec, out *Tensor, in []*Tensor) {
	if out.dt == Float64 {
		evalScaleBy(x, out.f64, in[0].f64[0], in[1].f64)
	} else {
		evalScaleBy(x, out.f32, in[0].f32[0], in[1].f32)
	}
}

func evalScaleBy[T Float](x *Exec, out []T, s T, v []T) {
	x.Range(len(out), 0, func(lo, hi int) {
		kernel.Affine(out[lo:hi], v[lo:hi], s, 0)
	})
}

// FillOp is the constant Value in the shape of its input, which it does not
// read.
type FillOp struct{ Value float64 }

// Fill returns the constant v in the shape of like.
func Fill(like *Node, v float64) *Node { return Apply(FillOp{v}, like) }

func (op FillOp) String() string { return fmt.Sprintf("fill %x", op.Value) }

// Infer implements Op.
func (op FillOp) Infer(in []Shape) (Shape, error) { return in[0], nil }

// Diff implements Op.
func (op FillOp) Diff([]*Node, *Node, *Node) []*Node { return []*Node{nil} }

// Eval implements Op.
func (op FillOp) Eval(_ *Exec, out *Tensor, _ []*Tensor) {
	for i := range out.f32 {
		out.f32[i] = float32(op.Value)
	}
	for i := range out.f64 {
		out.f64[i] = op.Value
	}
}
