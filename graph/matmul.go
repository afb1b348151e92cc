package graph

import (
	"fmt"

	"github.com/miniunlearn/miniunlearn/internal/gemm"
)

// MatMulOp is op(A)·op(B) for matrices, op being the transpose where TransA or
// TransB says so.
type MatMulOp struct{ TransA, TransB bool }

// MatMul returns a·b for a of [n, k] and b of [k, m].
func MatMul(a, b *Node) *Node { return Apply(MatMulOp{}, a, b) }

// Affine returns x·w + b for x of [N, in], w of [in, out] and b of [out].
func Affine(x, w, b *Node) *Node { return Bias(MatMul(x, w), b, Identity) }

func (op MatMulOp) String() string { return fmt.Sprintf("matmul %t %t", op.TransA, op.TransB) }

// Infer implements Op.
func (op MatMulOp) Infer(in []Shape) (Shape, error) {
	if len(in) == 2 && len(in[0]) == 2 && len(in[1]) == 2 {
		n, m, k, k2 := op.dims(in[0], in[1])
		if k == k2 {
			return Shape{n, m}, nil
		}
	}
	return nil, &ShapeError{op.String(), in, "two matrices with equal inner dimensions"}
}

func (op MatMulOp) dims(a, b Shape) (n, m, ka, kb int) {
	n, ka = a[0], a[1]
	if op.TransA {
		n, ka = ka, n
	}
	kb, m = b[0], b[1]
	if op.TransB {
		kb, m = m, kb
	}
	return n, m, ka, kb
}

// Diff implements Op.
func (op MatMulOp) Diff(in []*Node, _, grad *Node) []*Node {
	a, b := in[0], in[1]
	da := Apply(MatMulOp{false, !op.TransB}, grad, b)
	if op.TransA {
		da = Apply(MatMulOp{op.TransB, true}, b, grad)
	}
	db := Apply(MatMulOp{!op.TransA, false}, a, grad)
	if op.TransB {
		db = Apply(MatMulOp{true, op.TransA}, grad, a)
	}
	return []*Node{da, db}
}

// Eval implements Op.
func (op MatMulOp) Eval(x *Exec, out *Tensor, in []*Tensor) {
	a, b := in[0], in[1]
	n, m, k, _ := op.dims(a.shape, b.shape)
	if out.dt == Float64 {
		gemm.F64(x.pool, op.TransA, op.TransB, n, m, k, 1, a.f64, a.shape[1], b.f64, b.shape[1], 0, out.f64, m)
	} else {
		gemm.F32(x.pool, op.TransA, op.TransB, n, m, k, 1, a.f32, a.shape[1], b.f32, b.shape[1], 0, out.f32, m)
	}
}
