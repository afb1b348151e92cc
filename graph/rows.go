package graph

import (
	"fmt"
	"math"

	"github.com/miniunlearn/miniunlearn/internal/kernel"
)

// RowsOp reads rows of a table: row i of the output is row index[i] of the
// table, [n, …], [N] → [N, …]. A row may be read more than once or not at all.
// Indices are kept as floats, as classes are; one that is not a whole number in
// [0, n) is an error of the run.
type RowsOp struct{}

// AddRowsOp adds row i of its first input to row index[i] of a table of N rows
// of zeros: [M, …], [M] → [N, …]. It is the transpose of RowsOp, and has its
// indices.
type AddRowsOp struct{ N int }

// mostRows is how many rows a float32 can tell apart.
const mostRows = 1 << 24

// Rows returns the rows of the table that index names. A table of a Float32
// graph has 2²⁴ rows at most.
func Rows(table, index *Node) *Node {
	op := RowsOp{}
	if table.g.dt == Float32 && len(table.shape) > 0 && table.shape[0] > mostRows {
		panic(&OpError{op.String(), fmt.Sprintf("a table of %d rows; float32 can count to %d", table.shape[0], mostRows)})
	}
	return Apply(op, table, index)
}

// AddRows returns a table of n rows, each the sum of the rows that index sends
// there.
func AddRows(rows, index *Node, n int) *Node { return Apply(AddRowsOp{n}, rows, index) }

func (op RowsOp) String() string    { return "rows" }
func (op AddRowsOp) String() string { return fmt.Sprintf("addrows of %d", op.N) }

// Infer implements Op.
func (op RowsOp) Infer(in []Shape) (Shape, error) {
	if len(in) != 2 || len(in[0]) < 1 || len(in[1]) != 1 {
		return nil, &ShapeError{op.String(), in, "a table of [n, …] and indices of [N]"}
	}
	return append(Shape{in[1][0]}, in[0][1:]...), nil
}

// Infer implements Op.
func (op AddRowsOp) Infer(in []Shape) (Shape, error) {
	if len(in) != 2 || len(in[0]) < 1 || len(in[1]) != 1 || in[0][0] != in[1][0] || op.N < 1 {
		return nil, &ShapeError{op.String(), in, "rows of [N, …] and indices of [N], into a table of one row at least"}
	}
	return append(Shape{op.N}, in[0][1:]...), nil
}

// Diff implements Op.
func (op RowsOp) Diff(in []*Node, _, grad *Node) []*Node {
	return []*Node{Apply(AddRowsOp{in[0].shape[0]}, grad, in[1]), nil}
}

// Diff implements Op.
func (op AddRowsOp) Diff(in []*Node, _, grad *Node) []*Node {
	return []*Node{Apply(RowsOp{}, grad, in[1]), nil}
}

// Eval implements Op.
func (op RowsOp) Eval(x *Exec, out *Tensor, in []*Tensor) {
	if out.dt == Float64 {
		evalRows(x, out.f64, in[0].f64, in[1].f64, in[0].shape[0])
	} else {
		evalRows(x, out.f32, in[0].f32, in[1].f32, in[0].shape[0])
	}
}

func evalRows[T Float](x *Exec, out, table, index []T, n int) {
	if !inTable(x, index, n) {
		return
	}
	m := len(table) / n
	x.Range(len(index), max(1, chunk/m), func(lo, hi int) {
		for i := lo; i < hi; i++ {
			copy(out[i*m:(i+1)*m], table[int(index[i])*m:])
		}
	})
}

// Eval implements Op.
func (op AddRowsOp) Eval(x *Exec, out *Tensor, in []*Tensor) {
	if out.dt == Float64 {
		evalAddRows(x, out.f64, in[0].f64, in[1].f64, op.N)
	} else {
		evalAddRows(x, out.f32, in[0].f32, in[1].f32, op.N)
	}
}

// evalAddRows splits the columns: indices may repeat, and every sum is to be
// taken in the order of the rows.
func evalAddRows[T Float](x *Exec, out, rows, index []T, n int) {
	if !inTable(x, index, n) {
		return
	}
	clear(out)
	m := len(out) / n
	x.Range(m, max(16, chunk/len(index)), func(lo, hi int) {
		for i, v := range index {
			kernel.Add(out[int(v)*m+lo:int(v)*m+hi], rows[i*m+lo:i*m+hi])
		}
	})
}

// inTable ends the run if an index is not one of a table of n rows.
func inTable[T Float](x *Exec, index []T, n int) bool {
	for i, v := range index {
		if f := float64(v); !(f >= 0 && f < float64(n)) || f != math.Trunc(f) { // NaN too
			x.Fail(fmt.Errorf("index %d is %g, outside the table of %d rows", i, f, n))
			return false
		}
	}
	return true
}
