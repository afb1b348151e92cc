package graph

import (
	"fmt"
	"math"
)

// SoftmaxOp is the softmax of each row of [N, K], finite for any logits.
type SoftmaxOp struct{}

// Softmax returns the softmax of each row of z.
func Softmax(z *Node) *Node { return Apply(SoftmaxOp{}, z) }

func (op SoftmaxOp) String() string { return "softmax" }

// Infer implements Op.
func (op SoftmaxOp) Infer(in []Shape) (Shape, error) {
	if len(in) != 1 || len(in[0]) != 2 {
		return nil, &ShapeError{op.String(), in, "one matrix [N, K]"}
	}
	return in[0], nil
}

// Diff implements Op: p∘g − (p·g) p, row by row.
func (op SoftmaxOp) Diff(_ []*Node, p, grad *Node) []*Node { return []*Node{softmaxGrad(p, grad)} }

func softmaxGrad(p, grad *Node) *Node {
	return Sub(Mul(p, grad), RowScale(RowDot(p, grad), p))
}

// InPlace implements InPlacer.
func (op SoftmaxOp) InPlace() []int { return []int{0} }

// Eval implements Op.
func (op SoftmaxOp) Eval(x *Exec, out *Tensor, in []*Tensor) {
	if out.dt == Float64 {
		evalSoftmax(x, out.f64, in[0].f64, out.shape[1])
	} else {
		evalSoftmax(x, out.f32, in[0].f32, out.shape[1])
	}
}

func evalSoftmax[T Float](x *Exec, out, z []T, k int) {
	x.Range(len(z)/k, rowGrain(k), func(lo, hi int) {
		for i := lo * k; i < hi*k; i += k {
			softmaxRow(out[i:i+k], z[i:i+k])
		}
	})
}

// rowGrain is how many rows of k exponentials make a task worth a worker.
func rowGrain(k int) int { return max(1, 1024/k) }

func softmaxRow[T Float](o, z []T) {
	m, s := float64(maxOf(z)), 0.0
	for i, v := range z {
		e := math.Exp(float64(v) - m)
		o[i] = T(e)
		s += e
	}
	r := T(1 / s)
	for i := range o {
		o[i] *= r
	}
}

// maxOf returns the largest element, NaN if there is one.
func maxOf[T Float](z []T) T {
	m := z[0]
	for _, v := range z[1:] {
		if v > m || v != v {
			m = v
		}
	}
	return m
}

// OneHotOp turns class numbers, kept as floats, into rows: [N] → [N, K].
type OneHotOp struct{ K int }

// OneHot returns the rows of the identity that the classes y select.
func OneHot(y *Node, k int) *Node { return Apply(OneHotOp{k}, y) }

func (op OneHotOp) String() string { return fmt.Sprintf("onehot %d", op.K) }

// Infer implements Op.
func (op OneHotOp) Infer(in []Shape) (Shape, error) {
	if len(in) != 1 || len(in[0]) != 1 {
		return nil, &ShapeError{op.String(), in, "classes of [N]"}
	}
	return Shape{in[0][0], op.K}, nil
}

// Diff implements Op: classes do not move.
func (op OneHotOp) Diff([]*Node, *Node, *Node) []*Node { return []*Node{nil} }

// Eval implements Op.
func (op OneHotOp) Eval(_ *Exec, out *Tensor, in []*Tensor) {
	out.Zero()
	for i := range in[0].Len() {
		out.Set(i*op.K+int(in[0].At(i)), 1)
	}
}
