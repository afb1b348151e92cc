package graph

import (
	"fmt"

	"github.com/miniunlearn/miniunlearn/internal/kernel"
)

// RowSumOp adds up each example: [N, …] → [N].
type RowSumOp struct{}

// RowSum returns the sum of each example's numbers.
func RowSum(x *Node) *Node { return Apply(RowSumOp{}, x) }

func (op RowSumOp) String() string { return "rowsum" }

// Infer implements Op.
func (op RowSumOp) Infer(in []Shape) (Shape, error) {
	if len(in) != 1 || len(in[0]) < 1 {
		return nil, &ShapeError{op.String(), in, "one input of [N, …]"}
	}
	return Shape{in[0][0]}, nil
}

// Diff implements Op.
func (op RowSumOp) Diff(in []*Node, _, grad *Node) []*Node {
	return []*Node{Apply(RowFillOp{in[0].shape}, grad)}
}

// Eval implements Op.
func (op RowSumOp) Eval(x *Exec, out *Tensor, in []*Tensor) {
	if out.dt == Float64 {
		evalRowSum(x, out.f64, in[0].f64)
	} else {
		evalRowSum(x, out.f32, in[0].f32)
	}
}

func evalRowSum[T Float](x *Exec, out, in []T) {
	m := len(in) / len(out)
	x.Range(len(out), max(1, chunk/m), func(lo, hi int) {
		for i := lo; i < hi; i++ {
			s, _ := kernel.SumDot(in[i*m:(i+1)*m], in[i*m:(i+1)*m])
			out[i] = T(s)
		}
	})
}

// RowFillOp repeats s[i] over example i of Shape: the adjoint of RowSumOp.
type RowFillOp struct{ Shape Shape }

func (op RowFillOp) String() string { return fmt.Sprintf("rowfill %v", []int(op.Shape)) }

// Infer implements Op.
func (op RowFillOp) Infer(in []Shape) (Shape, error) {
	if len(in) != 1 || len(in[0]) != 1 || len(op.Shape) < 1 || in[0][0] != op.Shape[0] {
		return nil, &ShapeError{op.String(), in, "one number for each example"}
	}
	return op.Shape, nil
}

// Diff implements Op.
func (op RowFillOp) Diff(_ []*Node, _, grad *Node) []*Node { return []*Node{RowSum(grad)} }

// Eval implements Op.
func (op RowFillOp) Eval(x *Exec, out *Tensor, in []*Tensor) {
	if out.dt == Float64 {
		evalRowFill(x, out.f64, in[0].f64)
	} else {
		evalRowFill(x, out.f32, in[0].f32)
	}
}

func evalRowFill[T Float](x *Exec, out, s []T) {
	m := len(out) / len(s)
	x.Range(len(s), max(1, chunk/m), func(lo, hi int) {
		for i := lo; i < hi; i++ {
			row, v := out[i*m:(i+1)*m], s[i]
			for j := range row {
				row[j] = v
			}
		}
	})
}
