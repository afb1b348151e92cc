package graph

import (
	"slices"

	"github.com/miniunlearn/miniunlearn/internal/kernel"
)

// MulOp is the elementwise product.
type MulOp struct{}

// Mul returns the elementwise product a∘b.
func Mul(a, b *Node) *Node { return Apply(MulOp{}, a, b) }

func (op MulOp) String() string { return "mul" }

// Infer implements Op.
func (op MulOp) Infer(in []Shape) (Shape, error) {
	if len(in) != 2 {
		return nil, &ShapeError{op.String(), in, "two inputs"}
	}
	return sameShape(op, in)
}

// Diff implements Op.
func (op MulOp) Diff(in []*Node, _, grad *Node) []*Node {
	return []*Node{Mul(grad, in[1]), Mul(grad, in[0])}
}

// InPlace implements InPlacer.
func (op MulOp) InPlace() []int { return []int{0, 1} }

// Eval implements Op.
func (op MulOp) Eval(x *Exec, out *Tensor, in []*Tensor) {
	if out.dt == Float64 {
		evalMul(x, out.f64, in[0].f64, in[1].f64)
	} else {
		evalMul(x, out.f32, in[0].f32, in[1].f32)
	}
}

func evalMul[T Float](x *Exec, out, a, b []T) {
	x.Range(len(out), 0, func(lo, hi int) {
		o, a, b := out[lo:hi], a[lo:hi], b[lo:hi]
		for i := range o {
			o[i] = a[i] * b[i]
		}
	})
}

// DotOp is the inner product of two tensors of one shape, a scalar.
type DotOp struct{}

// Dot returns Σ a∘b, summed in float64.
func Dot(a, b *Node) *Node { return Apply(DotOp{}, a, b) }

func (op DotOp) String() string { return "dot" }

// Infer implements Op.
func (op DotOp) Infer(in []Shape) (Shape, error) {
	if len(in) != 2 {
		return nil, &ShapeError{op.String(), in, "two inputs"}
	}
	if _, err := sameShape(op, in); err != nil {
		return nil, err
	}
	return Shape{}, nil
}

// Diff implements Op.
func (op DotOp) Diff(in []*Node, _, grad *Node) []*Node {
	return []*Node{ScaleBy(grad, in[1]), ScaleBy(grad, in[0])}
}

// Eval implements Op.
func (op DotOp) Eval(_ *Exec, out *Tensor, in []*Tensor) {
	if out.dt == Float64 {
		out.f64[0] = dot(in[0].f64, in[1].f64)
	} else {
		out.f32[0] = float32(dot(in[0].f32, in[1].f32))
	}
}

// dotBlock is how many products are summed together; the sums of blocks are
// added in order.
const dotBlock = 1 << 12

// dot returns Σ a·b, summed in float64.
func dot[T Float](a, b []T) float64 {
	t := 0.0
	for i := 0; i < len(a); i += dotBlock {
		j := min(i+dotBlock, len(a))
		_, d := kernel.SumDot(a[i:j], b[i:j])
		t += d
	}
	return t
}

// RowDotOp is the inner product of each pair of rows: [N, …]² → [N].
type RowDotOp struct{}

// RowDot returns, for every example, the inner product of a's and b's rows.
func RowDot(a, b *Node) *Node { return Apply(RowDotOp{}, a, b) }

func (op RowDotOp) String() string { return "rowdot" }

// Infer implements Op.
func (op RowDotOp) Infer(in []Shape) (Shape, error) {
	if len(in) != 2 || len(in[0]) < 1 || !slices.Equal(in[0], in[1]) {
		return nil, &ShapeError{op.String(), in, "two inputs of one shape [N, …]"}
	}
	return Shape{in[0][0]}, nil
}

// Diff implements Op.
func (op RowDotOp) Diff(in []*Node, _, grad *Node) []*Node {
	return []*Node{RowScale(grad, in[1]), RowScale(grad, in[0])}
}

// Eval implements Op.
func (op RowDotOp) Eval(x *Exec, out *Tensor, in []*Tensor) {
	if out.dt == Float64 {
		evalRowDot(x, out.f64, in[0].f64, in[1].f64)
	} else {
		evalRowDot(x, out.f32, in[0].f32, in[1].f32)
	}
}

func evalRowDot[T Float](x *Exec, out, a, b []T) {
	m := len(a) / len(out)
	x.Range(len(out), max(1, chunk/m), func(lo, hi int) {
		for i := lo; i < hi; i++ {
			out[i] = T(dot(a[i*m:(i+1)*m], b[i*m:(i+1)*m]))
		}
	})
}

// RowScaleOp multiplies row i of a tensor by s[i]: [N], [N, …] → [N, …].
type RowScaleOp struct{}

// RowScale returns x with the row of example i multiplied by s[i].
func RowScale(s, x *Node) *Node { return Apply(RowScaleOp{}, s, x) }

func (op RowScaleOp) String() string { return "rowscale" }

// Infer implements Op.
func (op RowScaleOp) Infer(in []Shape) (Shape, error) {
	if len(in) != 2 || len(in[0]) != 1 || len(in[1]) < 1 || in[0][0] != in[1][0] {
		return nil, &ShapeError{op.String(), in, "s of [N] and x of [N, …]"}
	}
	return in[1], nil
}

// Diff implements Op.
func (op RowScaleOp) Diff(in []*Node, _, grad *Node) []*Node {
	return []*Node{RowDot(grad, in[1]), RowScale(in[0], grad)}
}

// InPlace implements InPlacer.
func (op RowScaleOp) InPlace() []int { return []int{1} }

// Eval implements Op.
func (op RowScaleOp) Eval(x *Exec, out *Tensor, in []*Tensor) {
	if out.dt == Float64 {
		evalRowScale(x, out.f64, in[0].f64, in[1].f64)
	} else {
		evalRowScale(x, out.f32, in[0].f32, in[1].f32)
	}
}

func evalRowScale[T Float](x *Exec, out, s, in []T) {
	m := len(in) / len(s)
	x.Range(len(s), max(1, chunk/m), func(lo, hi int) {
		for i := lo; i < hi; i++ {
			kernel.Affine(out[i*m:(i+1)*m], in[i*m:(i+1)*m], s[i], 0)
		}
	})
}
