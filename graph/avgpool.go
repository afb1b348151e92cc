package graph

import (
	"fmt"
	"slices"
)

// AvgPoolOp takes the mean of each window: [N, C, H, W] → [N, C, oh, ow].
type AvgPoolOp struct{ Pool }

// AvgPoolGradOp spreads each number over its window of an image of H×W, in
// equal parts: the adjoint of AvgPoolOp.
type AvgPoolGradOp struct {
	Pool
	H, W int
}

// AvgPool2D returns the means of windows of window×window pixels, stride
// apart; stride 0 means window. Pixels that fill no window are left out.
func AvgPool2D(x *Node, window, stride int) *Node {
	return Apply(AvgPoolOp{newPool(window, stride)}, x)
}

// GlobalAvgPool returns the mean of each channel: [N, C, …] → [N, C].
func GlobalAvgPool(x *Node) *Node {
	if len(x.shape) < 3 {
		panic(&ShapeError{"globalavgpool", []Shape{x.shape}, "images of [N, C, …]"})
	}
	n, c := x.shape[0], x.shape[1]
	m := size(x.shape) / (n * c)
	return Reshape(Scale(1/float64(m), RowSum(Reshape(x, n*c, m))), n, c)
}

func (op AvgPoolOp) String() string { return "avgpool " + op.Pool.String() }
func (op AvgPoolGradOp) String() string {
	return fmt.Sprintf("avgpoolgrad %v to %d×%d", op.Pool, op.H, op.W)
}

// Infer implements Op.
func (op AvgPoolOp) Infer(in []Shape) (Shape, error) {
	if len(in) == 1 {
		if out, ok := op.output(in[0]); ok {
			return out, nil
		}
	}
	return nil, &ShapeError{op.String(), in, "images of [N, C, H, W] that hold a window"}
}

// Infer implements Op.
func (op AvgPoolGradOp) Infer(in []Shape) (Shape, error) {
	if len(in) == 1 && len(in[0]) == 4 {
		x := Shape{in[0][0], in[0][1], op.H, op.W}
		if out, ok := op.output(x); ok && slices.Equal(out, in[0]) {
			return x, nil
		}
	}
	return nil, &ShapeError{op.String(), in, "the gradient [N, C, oh, ow] of the pool"}
}

// Diff implements Op.
func (op AvgPoolOp) Diff(in []*Node, _, grad *Node) []*Node {
	return []*Node{Apply(AvgPoolGradOp{op.Pool, in[0].shape[2], in[0].shape[3]}, grad)}
}

// Diff implements Op.
func (op AvgPoolGradOp) Diff(_ []*Node, _, grad *Node) []*Node {
	return []*Node{Apply(AvgPoolOp{op.Pool}, grad)}
}

// Eval implements Op.
func (op AvgPoolOp) Eval(x *Exec, out *Tensor, in []*Tensor) {
	if out.dt == Float64 {
		evalAvgPool(x, op.Pool, in[0].shape, out.shape, out.f64, in[0].f64)
	} else {
		evalAvgPool(x, op.Pool, in[0].shape, out.shape, out.f32, in[0].f32)
	}
}

func evalAvgPool[T Float](x *Exec, p Pool, images, outputs Shape, out, in []T) {
	w, oh, ow := images[3], outputs[2], outputs[3]
	size, c := images[2]*w, 1/T(p.Window*p.Window)
	p.planes(x, images, func(lo, hi int) {
		for i := lo; i < hi; i++ {
			src, dst := in[i*size:(i+1)*size], out[i*oh*ow:(i+1)*oh*ow]
			for r := range oh {
				at := r * p.Stride * w
				for s := range ow {
					var t T
					for j := range p.Window {
						for _, v := range src[at+j*w:][:p.Window] {
							t += v
						}
					}
					dst[r*ow+s] = c * t
					at += p.Stride
				}
			}
		}
	})
}

// Eval implements Op.
func (op AvgPoolGradOp) Eval(x *Exec, out *Tensor, in []*Tensor) {
	if out.dt == Float64 {
		evalAvgPoolGrad(x, op.Pool, out.shape, in[0].shape, out.f64, in[0].f64)
	} else {
		evalAvgPoolGrad(x, op.Pool, out.shape, in[0].shape, out.f32, in[0].f32)
	}
}

func evalAvgPoolGrad[T Float](x *Exec, p Pool, images, outputs Shape, out, g []T) {
	w, oh, ow := images[3], outputs[2], outputs[3]
	size, c := images[2]*w, 1/T(p.Window*p.Window)
	p.planes(x, images, func(lo, hi int) {
		for i := lo; i < hi; i++ {
			dst, src := out[i*size:(i+1)*size], g[i*oh*ow:(i+1)*oh*ow]
			clear(dst)
			for r := range oh {
				at := r * p.Stride * w
				for _, v := range src[r*ow : (r+1)*ow] {
					for j := range p.Window {
						row := dst[at+j*w:][:p.Window]
						for k := range row {
							row[k] += c * v
						}
					}
					at += p.Stride
				}
			}
		}
	})
}
