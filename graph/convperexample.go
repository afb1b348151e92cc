package graph

import (
	"fmt"
	"slices"

	"github.com/miniunlearn/miniunlearn/internal/gemm"
)

// ConvKernelGradEachOp is [ConvKernelGradOp] for each example apart: x of
// [N, C, H, W] and g of [N, K, oh, ow] give [N, K, C, KH, KW].
type ConvKernelGradEachOp struct{ Stride, Pad, KH, KW int }

func (op ConvKernelGradEachOp) String() string {
	return fmt.Sprintf("convkernelgradeach stride %d pad %d to %d×%d", op.Stride, op.Pad, op.KH, op.KW)
}

// Infer implements Op.
func (op ConvKernelGradEachOp) Infer(in []Shape) (Shape, error) {
	k, err := ConvKernelGradOp(op).Infer(in)
	if err != nil {
		return nil, &ShapeError{op.String(), in, "images of [N, C, H, W] and the gradient [N, K, oh, ow] of their convolution"}
	}
	return append(Shape{in[0][0]}, k...), nil
}

// Diff implements Op: example by example, by the ops for batches of one.
func (op ConvKernelGradEachOp) Diff(in []*Node, _, grad *Node) []*Node {
	x, g := in[0], in[1]
	dx, dg := make([]*Node, x.shape[0]), make([]*Node, x.shape[0])
	for i := range dx {
		k := Reshape(example(grad, i), grad.shape[1:]...)
		dx[i] = Apply(ConvInputGradOp{op.Stride, op.Pad, x.shape[2], x.shape[3]}, k, example(g, i))
		dg[i] = Apply(Conv2DOp{op.Stride, op.Pad}, example(x, i), k)
	}
	return []*Node{batchOf(dx, x.shape), batchOf(dg, g.shape)}
}

// example returns example i of x as a batch of one.
func example(x *Node, i int) *Node {
	m := size(x.shape) / x.shape[0]
	return View(Reshape(x, size(x.shape)), i*m, append([]int{1}, x.shape[1:]...)...)
}

// batchOf is the inverse of example.
func batchOf(parts []*Node, shape Shape) *Node {
	p := PackOp{Len: size(shape)}
	for i := range parts {
		p.Offs = append(p.Offs, i*(p.Len/len(parts)))
	}
	return Reshape(Apply(p, parts...), shape...)
}

func (op ConvKernelGradEachOp) form(x, g Shape) form {
	one := ConvKernelGradOp(op)
	x, g = slices.Clone(x), slices.Clone(g)
	x[0], g[0] = 1, 1
	return one.form(x, g)
}

// Scratch implements Scratcher.
func (op ConvKernelGradEachOp) Scratch(in []Shape) (task, shared int) {
	one := op.form(in[0], in[1])
	t, s := ConvKernelGradOp(op).Scratch([]Shape{one.input(), one.output()})
	return max(t, s), 0
}

// Eval implements Op. Each example is one task.
func (op ConvKernelGradEachOp) Eval(x *Exec, out *Tensor, in []*Tensor) {
	one := op.form(in[0].shape, in[1].shape)
	f := &one
	n, m := in[0].shape[0], f.outC*f.taps()
	if out.dt == Float32 && f.direct() {
		x.table(f) // before tasks that would all make it
	}
	x.Range(n, 1, func(lo, hi int) {
		for i := lo; i < hi; i++ {
			a, b, o := in[0].Slice(i*f.image(), (i+1)*f.image()), in[1].Slice(i*f.result(), (i+1)*f.result()), out.Slice(i*m, (i+1)*m)
			switch {
			case out.dt == Float64:
				evalConvKernelGrad(x, f, gemm.F64, o, a.f64, b.f64)
			case f.direct():
				evalConvKernelGradDirect(x, f, o.f32, a.f32, b.f32)
			default:
				evalConvKernelGrad(x, f, gemm.F32, o, a.f32, b.f32)
			}
		}
	})
}
