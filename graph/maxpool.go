package graph

import (
	"fmt"
	"slices"
)

// Pool is the geometry of a pooling: square windows of Window×Window pixels,
// Stride apart, all inside the image.
type Pool struct{ Window, Stride int }

func newPool(window, stride int) Pool {
	if stride == 0 {
		stride = window
	}
	return Pool{window, stride}
}

func (p Pool) String() string { return fmt.Sprintf("window %d stride %d", p.Window, p.Stride) }

// output returns the shape that pooling gives images of shape x.
func (p Pool) output(x Shape) (Shape, bool) {
	if len(x) != 4 || p.Window < 1 || p.Stride < 1 || x[2] < p.Window || x[3] < p.Window {
		return nil, false
	}
	return Shape{x[0], x[1], (x[2]-p.Window)/p.Stride + 1, (x[3]-p.Window)/p.Stride + 1}, true
}

// planes runs f on ranges of the images' planes, a plane being one channel of
// one example.
func (p Pool) planes(x *Exec, images Shape, f func(lo, hi int)) {
	x.Range(images[0]*images[1], max(1, chunk/(images[2]*images[3])), f)
}

// MaxPoolOp takes the largest pixel of each window: [N, C, H, W] →
// [N, C, oh, ow].
type MaxPoolOp struct{ Pool }

// MaxPoolScatterOp adds each number of g, of the pool's output shape, to the
// pixel that is the first largest of its window of x: the derivative of the
// pool, and linear in g.
type MaxPoolScatterOp struct{ Pool }

// MaxPoolGatherOp reads u, of x's shape, where x is the first largest of each
// window: the adjoint of MaxPoolScatterOp.
type MaxPoolGatherOp struct{ Pool }

// MaxPool2D returns the largest pixels of windows of window×window, stride
// apart; stride 0 means window. Pixels that fill no window are left out. Of
// equal pixels the first counts, row by row.
func MaxPool2D(x *Node, window, stride int) *Node {
	return Apply(MaxPoolOp{newPool(window, stride)}, x)
}

func (op MaxPoolOp) String() string        { return "maxpool " + op.Pool.String() }
func (op MaxPoolScatterOp) String() string { return "maxpoolscatter " + op.Pool.String() }
func (op MaxPoolGatherOp) String() string  { return "maxpoolgather " + op.Pool.String() }

// Infer implements Op.
func (op MaxPoolOp) Infer(in []Shape) (Shape, error) {
	if len(in) == 1 {
		if out, ok := op.output(in[0]); ok {
			return out, nil
		}
	}
	return nil, &ShapeError{op.String(), in, "images of [N, C, H, W] that hold a window"}
}

// Infer implements Op.
func (op MaxPoolScatterOp) Infer(in []Shape) (Shape, error) {
	if len(in) == 2 {
		if out, ok := op.output(in[0]); ok && slices.Equal(out, in[1]) {
			return in[0], nil
		}
	}
	return nil, &ShapeError{op.String(), in, "images of [N, C, H, W] and a gradient of the pool's shape"}
}

// Infer implements Op.
func (op MaxPoolGatherOp) Infer(in []Shape) (Shape, error) {
	if len(in) == 2 && slices.Equal(in[0], in[1]) {
		if out, ok := op.output(in[0]); ok {
			return out, nil
		}
	}
	return nil, &ShapeError{op.String(), in, "two inputs of one shape [N, C, H, W] that hold a window"}
}

// Diff implements Op.
func (op MaxPoolOp) Diff(in []*Node, _, grad *Node) []*Node {
	return []*Node{Apply(MaxPoolScatterOp(op), in[0], grad)}
}

// Diff implements Op: which pixel is the largest does not change.
func (op MaxPoolScatterOp) Diff(in []*Node, _, grad *Node) []*Node {
	return []*Node{nil, Apply(MaxPoolGatherOp(op), in[0], grad)}
}

// Diff implements Op.
func (op MaxPoolGatherOp) Diff(in []*Node, _, grad *Node) []*Node {
	return []*Node{nil, Apply(MaxPoolScatterOp(op), in[0], grad)}
}
