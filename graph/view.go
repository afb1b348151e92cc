package graph

import (
	"fmt"
	"slices"
	"strings"
)

// ViewOp is the window [Off, Off+|Shape|) of a flat vector, seen as Shape.
// Its output aliases the vector.
type ViewOp struct {
	Off   int
	Shape Shape
}

// View returns elements off … of the vector w, seen as shape.
func View(w *Node, off int, shape ...int) *Node {
	return Apply(ViewOp{Off: off, Shape: slices.Clone(shape)}, w)
}

func (op ViewOp) String() string { return fmt.Sprintf("view %d %v", op.Off, []int(op.Shape)) }

// Infer implements Op.
func (op ViewOp) Infer(in []Shape) (Shape, error) {
	if len(in) != 1 || len(in[0]) != 1 || op.Off < 0 || size(op.Shape) < 1 || op.Off+size(op.Shape) > in[0][0] {
		return nil, &ShapeError{op.String(), in, fmt.Sprintf("a vector of at least %d numbers", op.Off+size(op.Shape))}
	}
	return op.Shape, nil
}

// Diff implements Op: the adjoint of a window is a zero-padded pack.
func (op ViewOp) Diff(in []*Node, _, grad *Node) []*Node {
	return []*Node{Apply(PackOp{Offs: []int{op.Off}, Len: in[0].shape[0]}, grad)}
}

// Alias implements Aliaser.
func (op ViewOp) Alias() int { return op.Off }

// Eval implements Op, for engines that copy.
func (op ViewOp) Eval(_ *Exec, out *Tensor, in []*Tensor) {
	out.Copy(in[0].Slice(op.Off, op.Off+out.Len()))
}

// PackOp lays its inputs, of any shapes, into one vector of Len numbers, input
// i at Offs[i]; the rest is zero. Inputs must not overlap.
type PackOp struct {
	Offs []int
	Len  int
}

func (op PackOp) String() string { return fmt.Sprintf("pack %v of %d", op.Offs, op.Len) }

// Infer implements Op.
func (op PackOp) Infer(in []Shape) (Shape, error) {
	bad := len(in) != len(op.Offs)
	for i := 0; i < len(in) && !bad; i++ {
		for j := range i {
			bad = bad || overlap(op.Offs[i], size(in[i]), op.Offs[j], size(in[j]))
		}
		bad = bad || op.Offs[i] < 0 || op.Offs[i]+size(in[i]) > op.Len
	}
	if bad {
		return nil, &ShapeError{op.String(), in, "parts that fit and do not overlap"}
	}
	return Shape{op.Len}, nil
}

func overlap(a, n, b, m int) bool { return a < b+m && b < a+n }

// Diff implements Op.
func (op PackOp) Diff(in []*Node, _, grad *Node) []*Node {
	r := make([]*Node, len(in))
	for i, n := range in {
		r[i] = Apply(ViewOp{Off: op.Offs[i], Shape: n.shape}, grad)
	}
	return r
}

// Eval implements Op. A part whose memory is already the window of out that
// it belongs to, as an engine may arrange, is left as it is.
func (op PackOp) Eval(_ *Exec, out *Tensor, in []*Tensor) {
	covered := 0
	for _, t := range in {
		covered += t.Len()
	}
	if covered < op.Len {
		op.zeroGaps(out, in)
	}
	for i, t := range in {
		if !t.isWindow(out, op.Offs[i]) {
			out.Slice(op.Offs[i], op.Offs[i]+t.Len()).Copy(t)
		}
	}
}

func (op PackOp) zeroGaps(out *Tensor, in []*Tensor) {
	order := make([]int, len(in))
	for i := range order {
		order[i] = i
	}
	slices.SortFunc(order, func(a, b int) int { return op.Offs[a] - op.Offs[b] })
	end := 0
	for _, i := range order {
		out.Slice(end, op.Offs[i]).Zero()
		end = op.Offs[i] + in[i].Len()
	}
	out.Slice(end, op.Len).Zero()
}

// ReshapeOp is its input seen as Shape; its output aliases the input.
type ReshapeOp struct{ Shape Shape }

// Reshape returns x seen as shape, which must hold as many numbers.
func Reshape(x *Node, shape ...int) *Node {
	if slices.Equal(x.shape, shape) {
		return x
	}
	return Apply(ReshapeOp{slices.Clone(shape)}, x)
}

// Flatten returns x, of shape [N, …], as [N, features].
func Flatten(x *Node) *Node {
	if len(x.shape) == 2 {
		return x
	}
	return Reshape(x, x.shape[0], size(x.shape)/x.shape[0])
}

func (op ReshapeOp) String() string {
	return "reshape " + strings.Trim(fmt.Sprint([]int(op.Shape)), "[]")
}

// Infer implements Op.
func (op ReshapeOp) Infer(in []Shape) (Shape, error) {
	if len(in) != 1 || size(in[0]) != size(op.Shape) {
		return nil, &ShapeError{op.String(), in, fmt.Sprintf("one input of %d numbers", size(op.Shape))}
	}
	return op.Shape, nil
}

// Diff implements Op.
func (op ReshapeOp) Diff(in []*Node, _, grad *Node) []*Node {
	return []*Node{Reshape(grad, in[0].shape...)}
}

// Alias implements Aliaser.
func (op ReshapeOp) Alias() int { return 0 }

// Eval implements Op, for engines that copy.
func (op ReshapeOp) Eval(_ *Exec, out *Tensor, in []*Tensor) { out.Copy(in[0]) }
