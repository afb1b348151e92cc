package graph

import (
	"github.com/miniunlearn/miniunlearn/internal/gemm"
	"github.com/miniunlearn/miniunlearn/internal/kernel"
	"github.com/miniunlearn/miniunlearn/internal/parallel"
)

// multiply is gemm.F32 or gemm.F64.
type multiply[T Float] func(p *parallel.Pool, transA, transB bool, m, n, k int, alpha T, a []T, lda int, b []T, ldb int, beta T, c []T, ldc int)

// kernelGroups is the number of groups of images whose kernel gradients are
// summed apart, so that they can be computed side by side, and then added in
// order. It is fixed: a number that followed the workers would change sums.
const kernelGroups = 16

func (f *form) groups() int { return min(kernelGroups, f.n, max(2, 1<<22/(f.outC*f.taps()))) }

// total is wide rounded up to whole blocks.
func (f *form) total() int { return (f.wide + f.block - 1) / f.block * f.block }

// workspace is the working memory of one task: an image laid out, a wide output
// and a block of windows, each empty where the images, outputs or layout can
// be used in place.
type workspace[T Float] struct {
	laid, wide, cols []T
	t                *Tensor
}

// workspaceSize returns the number of numbers of a workspace, and its parts.
func (f *form) workspaceSize() (all, laid, wide, cols int) {
	if !f.isLaidOut() {
		laid = f.laidOut()
	}
	if !f.isWide() {
		wide = f.outC * f.total()
	}
	if !f.pointwise() {
		cols = f.taps() * f.blockLd
	}
	return laid + wide + cols, laid, wide, cols
}

func newWorkspace[T Float](x *Exec, dt DType, f *form) workspace[T] {
	all, laid, wide, cols := f.workspaceSize()
	if all == 0 {
		return workspace[T]{}
	}
	t := x.Borrow(dt, all)
	d := data[T](t)
	return workspace[T]{t: t, laid: d[:laid], wide: d[laid:][:wide], cols: d[laid+wide:][:cols]}
}

func (b workspace[T]) close(x *Exec) {
	if b.t != nil {
		x.Return(b.t)
	}
}

// layout returns the layout of an image.
func (b workspace[T]) layout(f *form, image []T) []T {
	if f.isLaidOut() {
		return image
	}
	layOut(f, b.laid, image)
	return b.laid
}

// wideForm returns the wide form of an output and the distance of its rows.
func (b workspace[T]) wideForm(f *form, y []T) ([]T, int) {
	if f.isWide() {
		return y, f.wide
	}
	widen(f, b.wide, f.total(), y)
	return b.wide, f.total()
}

// windows returns columns p … p+n−1 of the windows of q, with their distance.
func (b workspace[T]) windows(f *form, q []T, p, n int) ([]T, int) {
	if f.pointwise() {
		return q[p:], f.hq * f.wq
	}
	windows(f, b.cols, f.blockLd, q, p, n)
	return b.cols, f.blockLd
}

// columns is how many columns the block at p has: all if there is room for
// numbers of no meaning.
func (f *form) columns(p int) int {
	if f.isWide() || f.pointwise() {
		return min(f.block, f.wide-p)
	}
	return f.block
}

// Scratch implements Scratcher.
func (op Conv2DOp) Scratch(in []Shape) (task, shared int) {
	f, _ := newForm(op.Stride, op.Pad, in[0], in[1])
	task, _, _, _ = f.workspaceSize()
	return max(task, f.directForward()), 0
}

// Eval implements Op. Each image is one task.
func (op Conv2DOp) Eval(x *Exec, out *Tensor, in []*Tensor) {
	f, _ := newForm(op.Stride, op.Pad, in[0].shape, in[1].shape)
	if out.dt == Float64 {
		evalConv(x, &f, gemm.F64, out, in[0].f64, in[1].f64)
	} else if f.direct() {
		evalConvDirect(x, &f, out.f32, in[0].f32, in[1].f32)
	} else {
		evalConv(x, &f, gemm.F32, out, in[0].f32, in[1].f32)
	}
}

func evalConv[T Float](x *Exec, f *form, mul multiply[T], out *Tensor, images, k []T) {
	o := data[T](out)
	x.Range(f.n, 1, func(lo, hi int) {
		b := newWorkspace[T](x, out.dt, f)
		defer b.close(x)
		for i := lo; i < hi; i++ {
			q := b.layout(f, images[i*f.image():(i+1)*f.image()])
			y := o[i*f.result() : (i+1)*f.result()]
			c, ldc := y, f.wide
			if !f.isWide() {
				c, ldc = b.wide, f.total()
			}
			for p := 0; p < f.wide; p += f.block {
				n := f.columns(p)
				win, ld := b.windows(f, q, p, n)
				mul(nil, false, false, f.outC, n, f.taps(), 1, k, f.taps(), win, ld, 0, c[p:], ldc)
			}
			if !f.isWide() {
				narrow(f, y, c, ldc)
			}
		}
	})
}

// Scratch implements Scratcher.
func (op ConvInputGradOp) Scratch(in []Shape) (task, shared int) {
	f := op.form(in[0], in[1])
	task, _, _, _ = f.workspaceSize()
	return max(task, f.directInputGrad()), f.outC * f.taps()
}

func (op ConvInputGradOp) form(k, g Shape) form {
	f, _ := newForm(op.Stride, op.Pad, Shape{g[0], k[1], op.H, op.W}, k)
	return f
}

// Eval implements Op. Each image is one task.
func (op ConvInputGradOp) Eval(x *Exec, out *Tensor, in []*Tensor) {
	f := op.form(in[0].shape, in[1].shape)
	if out.dt == Float64 {
		evalConvInputGrad(x, &f, gemm.F64, out, in[0].f64, in[1].f64)
	} else if f.direct() {
		evalConvInputGradDirect(x, &f, out.f32, in[0].f32, in[1].f32)
	} else {
		evalConvInputGrad(x, &f, gemm.F32, out, in[0].f32, in[1].f32)
	}
}

func evalConvInputGrad[T Float](x *Exec, f *form, mul multiply[T], out *Tensor, k, g []T) {
	o := data[T](out)
	shared := x.Borrow(out.dt, f.outC*f.taps())
	defer x.Return(shared)
	kt := data[T](shared) // transposed once, not once an image
	for i := range f.outC {
		for j, v := range k[i*f.taps() : (i+1)*f.taps()] {
			kt[j*f.outC+i] = v
		}
	}
	x.Range(f.n, 1, func(lo, hi int) {
		b := newWorkspace[T](x, out.dt, f)
		defer b.close(x)
		for i := lo; i < hi; i++ {
			dx := o[i*f.image() : (i+1)*f.image()]
			q := dx
			if !f.isLaidOut() {
				q = b.laid
			}
			clear(q)
			wide, ldw := b.wideForm(f, g[i*f.result():(i+1)*f.result()])
			for p := 0; p < f.wide; p += f.block {
				n := f.columns(p)
				if f.pointwise() {
					mul(nil, false, false, f.taps(), n, f.outC, 1, kt, f.outC, wide[p:], ldw, 0, q[p:], f.hq*f.wq)
					continue
				}
				mul(nil, false, false, f.taps(), n, f.outC, 1, kt, f.outC, wide[p:], ldw, 0, b.cols, f.blockLd)
				addWindows(f, q, b.cols, f.blockLd, p, n)
			}
			if !f.isLaidOut() {
				takeBack(f, dx, q, f.hq*f.wq)
			}
		}
	})
}

// Scratch implements Scratcher.
func (op ConvKernelGradOp) Scratch(in []Shape) (task, shared int) {
	f := op.form(in[0], in[1])
	task, _, _, _ = f.workspaceSize()
	return max(task, f.directKernelGrad()), max(f.groups()*f.outC*f.taps(), f.directKernelSums())
}

func (op ConvKernelGradOp) form(x, g Shape) form {
	f, _ := newForm(op.Stride, op.Pad, x, Shape{g[1], x[1], op.KH, op.KW})
	return f
}

// Eval implements Op. Each of a fixed number of groups of images is one task;
// their sums are added in order.
func (op ConvKernelGradOp) Eval(x *Exec, out *Tensor, in []*Tensor) {
	f := op.form(in[0].shape, in[1].shape)
	if out.dt == Float64 {
		evalConvKernelGrad(x, &f, gemm.F64, out, in[0].f64, in[1].f64)
	} else if f.direct() {
		evalConvKernelGradDirect(x, &f, out.f32, in[0].f32, in[1].f32)
	} else {
		evalConvKernelGrad(x, &f, gemm.F32, out, in[0].f32, in[1].f32)
	}
}

func evalConvKernelGrad[T Float](x *Exec, f *form, mul multiply[T], out *Tensor, images, g []T) {
	o, groups := data[T](out), f.groups()
	shared := x.Borrow(out.dt, groups*len(o))
	defer x.Return(shared)
	sums := data[T](shared)
	x.Range(groups, 1, func(lo, _ int) {
		b := newWorkspace[T](x, out.dt, f)
		defer b.close(x)
		sum, beta := sums[lo*len(o):(lo+1)*len(o)], T(0)
		for i := lo * f.n / groups; i < (lo+1)*f.n/groups; i++ {
			q := b.layout(f, images[i*f.image():(i+1)*f.image()])
			wide, ldw := b.wideForm(f, g[i*f.result():(i+1)*f.result()])
			for p := 0; p < f.wide; p += f.block {
				n := f.columns(p)
				win, ld := b.windows(f, q, p, n)
				mul(nil, false, true, f.outC, f.taps(), n, 1, wide[p:], ldw, win, ld, beta, sum, f.taps())
				beta = 1
			}
		}
	})
	x.Range(len(o), 0, func(lo, hi int) {
		copy(o[lo:hi], sums[lo:hi])
		for i := 1; i < groups; i++ {
			kernel.Add(o[lo:hi], sums[i*len(o)+lo:i*len(o)+hi])
		}
	})
}
