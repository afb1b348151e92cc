package graph

import "github.com/miniunlearn/miniunlearn/internal/kernel"

// Eval implements Op.
func (op MaxPoolOp) Eval(x *Exec, out *Tensor, in []*Tensor) {
	if out.dt == Float64 {
		evalMaxPool(x, op.Pool, in[0].shape, out.shape, out.f64, in[0].f64, in[0].f64)
	} else {
		evalMaxPool(x, op.Pool, in[0].shape, out.shape, out.f32, in[0].f32, in[0].f32)
	}
}

// Eval implements Op.
func (op MaxPoolGatherOp) Eval(x *Exec, out *Tensor, in []*Tensor) {
	if out.dt == Float64 {
		evalMaxPool(x, op.Pool, in[0].shape, out.shape, out.f64, in[0].f64, in[1].f64)
	} else {
		evalMaxPool(x, op.Pool, in[0].shape, out.shape, out.f32, in[0].f32, in[1].f32)
	}
}

// evalMaxPool reads u where x is largest; the pool itself has u = x.
func evalMaxPool[T Float](x *Exec, p Pool, images, outputs Shape, out, in, u []T) {
	w, oh, ow := images[3], outputs[2], outputs[3]
	n, m := images[2]*w, oh*ow
	p.planes(x, images, func(lo, hi int) {
		if p.inPairs(images) {
			if &in[0] == &u[0] {
				kernel.MaxPairs(out[lo*m:hi*m], in[lo*n:hi*n], w)
			} else {
				kernel.GatherPairs(out[lo*m:hi*m], in[lo*n:hi*n], u[lo*n:hi*n], w)
			}
			return
		}
		for i := lo; i < hi; i++ {
			src, from, dst := in[i*n:(i+1)*n], u[i*n:(i+1)*n], out[i*m:(i+1)*m]
			for r := range oh {
				at := r * p.Stride * w
				for s := range ow {
					dst[r*ow+s] = from[at+firstLargest(src[at:], w, p.Window)]
					at += p.Stride
				}
			}
		}
	})
}

// Eval implements Op.
func (op MaxPoolScatterOp) Eval(x *Exec, out *Tensor, in []*Tensor) {
	if out.dt == Float64 {
		evalMaxPoolScatter(x, op.Pool, out.shape, in[1].shape, out.f64, in[0].f64, in[1].f64)
	} else {
		evalMaxPoolScatter(x, op.Pool, out.shape, in[1].shape, out.f32, in[0].f32, in[1].f32)
	}
}

func evalMaxPoolScatter[T Float](x *Exec, p Pool, images, outputs Shape, out, in, g []T) {
	w, oh, ow := images[3], outputs[2], outputs[3]
	n, m := images[2]*w, oh*ow
	p.planes(x, images, func(lo, hi int) {
		if p.inPairs(images) {
			kernel.ScatterPairs(out[lo*n:hi*n], in[lo*n:hi*n], g[lo*m:hi*m], w)
			return
		}
		for i := lo; i < hi; i++ {
			src, dst, from := in[i*n:(i+1)*n], out[i*n:(i+1)*n], g[i*m:(i+1)*m]
			clear(dst)
			for r := range oh {
				at := r * p.Stride * w
				for _, v := range from[r*ow : (r+1)*ow] {
					dst[at+firstLargest(src[at:], w, p.Window)] += v
					at += p.Stride
				}
			}
		}
	})
}

// inPairs reports whether the windows are 2×2 and each pixel is in exactly
// one: package kernel has these.
func (p Pool) inPairs(images Shape) bool {
	return p.Window == 2 && p.Stride == 2 && images[2]%2 == 0 && images[3]%2 == 0
}

// firstLargest returns the offset of the first largest pixel of the window
// that begins at x, in an image of width w; a NaN counts as larger than all.
func firstLargest[T Float](x []T, w, window int) int {
	k, m := 0, x[0]
	for i := range window {
		for j, v := range x[i*w : i*w+window] {
			if v > m || v != v && m == m {
				k, m = i*w+j, v
			}
		}
	}
	return k
}
