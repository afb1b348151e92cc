package graph

import "github.com/miniunlearn/miniunlearn/internal/kernel"

// The functions below compute float32 convolutions without collecting windows,
// by the assembly of package kernel. They differ from those of conveval.go in
// the order of summation only.

// direct reports whether f's float32 ops take this path. Pointwise kernels do
// not: their windows lie side by side, as a matrix product wants them.
func (f *form) direct() bool { return kernel.Direct() && !f.pointwise() }

const slack = kernel.Width // numbers that may be read or written beyond an end

func roundUp(n, unit int) int { return (n + unit - 1) / unit * unit }

// perTask splits the images evenly into tasks, by their number alone.
func (f *form) perTask() int { return (f.n + 31) / 32 }

// convTable holds the offsets of a form's windows. Engines make it once per
// program.
type convTable struct {
	windows []int32   // of an image laid out, the last repeated to fill a tile
	phases  []adjoint // for the input gradient
}

// adjoint says how one phase of the input gradient is a product with windows
// of the output gradient.
type adjoint struct {
	offs    []int32 // one for each (o, i, j) that meets the phase
	i, j    int     // the first kernel element of the phase
	at      int     // start of its matrix [inC, len(offs)]
	from, n int     // the numbers of the phase that are pixels
}

// tables returns the offsets of f.
func (x *Exec) table(f *form) *convTable {
	if t := x.tables[*f]; t != nil {
		return t
	}
	t := &convTable{}
	for c := range f.inC {
		for i := range f.kh {
			for j := range f.kw {
				t.windows = append(t.windows, int32(f.offset(c, i, j)))
			}
		}
	}
	for len(t.windows)%kernel.TileWindows != 0 {
		t.windows = append(t.windows, t.windows[len(t.windows)-1])
	}
	at, s := 0, f.stride
	for a := range f.sh {
		top, bottom := f.span(a, f.h, f.hq)
		for b := range f.sw {
			p := adjoint{i: a, j: b, at: at, from: top * f.wq, n: (bottom - top) * f.wq}
			for o := range f.outC {
				for i := a; i < f.kh; i += s {
					for j := b; j < f.kw; j += s {
						p.offs = append(p.offs, int32(o*f.gradRow()+f.gradMargin()-i/s*f.wq-j/s))
					}
				}
			}
			at += f.inC * len(p.offs)
			t.phases = append(t.phases, p)
		}
	}
	if x.tables == nil {
		x.tables = map[form]*convTable{}
	}
	x.tables[*f] = t
	return t
}

// An output gradient in its wide form has a margin of zeros before and after
// each channel, so that windows may begin before it.
func (f *form) gradMargin() int { return (f.kh-1)/f.stride*f.wq + (f.kw-1)/f.stride }
func (f *form) gradRow() int    { return f.gradMargin() + f.plane() }

// plane is the distance of the phases of an input gradient laid out.
func (f *form) plane() int { return f.hq*f.wq + slack }

// Numbers borrowed by a task, and for all tasks.
func (f *form) directForward() int   { return f.laidOut() + slack + f.outC*roundUp(f.wide, slack) }
func (f *form) directInputGrad() int { return f.outC*f.gradRow() + f.inC*f.sh*f.sw*f.plane() }
func (f *form) directKernelGrad() int {
	return f.imagesAtOnce() * (f.laidOut() + slack + f.rowsUp()*f.wideUp())
}
func (f *form) directKernelSums() int { return f.groups() * f.rowsUp() * f.tapsUp() }
func (f *form) wideUp() int           { return roundUp(f.wide, kernel.Lanes) }
func (f *form) rowsUp() int           { return roundUp(f.outC, kernel.TileRows) }
func (f *form) tapsUp() int           { return roundUp(f.taps(), kernel.TileWindows) }

// imagesAtOnce is how many images the kernel gradient is summed over before it
// leaves the registers: as many as stay in the second-level cache, so that the
// end of a sum weighs little beside short windows.
func (f *form) imagesAtOnce() int {
	return max(1, min((f.n+f.groups()-1)/f.groups(), blockNumbers/(f.laidOut()+f.rowsUp()*f.wideUp())))
}

// laid returns the layout of image i, with room to read beyond its end.
func (f *form) laid(buf, images []float32, i int) []float32 {
	image := images[i*f.image():]
	if f.isLaidOut() && len(image) >= f.image()+slack {
		return image
	}
	layOut(f, buf, image[:f.image()])
	clear(buf[f.laidOut():])
	return buf
}

func evalConvDirect(x *Exec, f *form, out, images, k []float32) {
	offs := x.table(f).windows[:f.taps()]
	ld := roundUp(f.wide, slack)
	x.Range(f.n, f.perTask(), func(lo, hi int) {
		t := x.Borrow(Float32, f.directForward())
		defer x.Return(t)
		laid := t.f32[:f.laidOut()+slack]
		wide := t.f32[len(laid):f.directForward()]
		for i := lo; i < hi; i++ {
			kernel.Slide(wide, ld, k, f.taps(), f.laid(laid, images, i), offs, f.outC, f.wide)
			narrow(f, out[i*f.result():(i+1)*f.result()], wide, ld)
		}
	})
}

func evalConvInputGradDirect(x *Exec, f *form, out, k, g []float32) {
	phases := x.table(f).phases
	shared := x.Borrow(Float32, f.outC*f.taps())
	defer x.Return(shared)
	for _, p := range phases {
		f.turnKernel(shared.f32[p.at:], p, k)
	}
	row, margin, plane := f.gradRow(), f.gradMargin(), f.plane()
	x.Range(f.n, f.perTask(), func(lo, hi int) {
		t := x.Borrow(Float32, f.directInputGrad())
		defer x.Return(t)
		grad := t.f32[:f.outC*row]
		laid := t.f32[len(grad):f.directInputGrad()]
		clear(grad) // the margins stay as they are
		for i := lo; i < hi; i++ {
			for o := range f.outC {
				src := g[i*f.result()+o*f.oh*f.ow:]
				for r := range f.oh {
					copy(grad[o*row+margin+r*f.wq:], src[r*f.ow:(r+1)*f.ow])
				}
			}
			for j, p := range phases {
				kernel.Slide(laid[j*plane+p.from:], len(phases)*plane, shared.f32[p.at:], len(p.offs), grad[p.from:], p.offs, f.inC, p.n)
			}
			takeBack(f, out[i*f.image():(i+1)*f.image()], laid, plane)
		}
	})
}

// turnKernel collects, in rows c, the elements (o, c, i, j) of k that meet p.
func (f *form) turnKernel(dst []float32, p adjoint, k []float32) {
	at := 0
	for c := range f.inC {
		for o := range f.outC {
			for i := p.i; i < f.kh; i += f.stride {
				for j := p.j; j < f.kw; j += f.stride {
					dst[at] = k[((o*f.inC+c)*f.kh+i)*f.kw+j]
					at++
				}
			}
		}
	}
}

func evalConvKernelGradDirect(x *Exec, f *form, out, images, g []float32) {
	offs := x.table(f).windows
	groups, rows, taps := f.groups(), f.rowsUp(), f.tapsUp()
	shared := x.Borrow(Float32, f.directKernelSums())
	defer x.Return(shared)
	sums := shared.f32[:f.directKernelSums()]
	x.Range(groups, 1, func(lo, _ int) {
		t := x.Borrow(Float32, f.directKernelGrad())
		defer x.Return(t)
		size, wideSize, many := f.laidOut()+slack, rows*f.wideUp(), f.imagesAtOnce()
		laid := t.f32[:many*size]
		wide := t.f32[len(laid):f.directKernelGrad()]
		sum := sums[lo*rows*taps : (lo+1)*rows*taps]
		clear(sum)
		end := (lo + 1) * f.n / groups
		for i := lo * f.n / groups; i < end; i += many {
			n := min(many, end-i)
			for j := range n {
				image := images[(i+j)*f.image() : (i+j+1)*f.image()]
				layOut(f, laid[j*size:], image)
				clear(laid[j*size+f.laidOut() : (j+1)*size])
				widen(f, wide[j*wideSize:], f.wideUp(), g[(i+j)*f.result():(i+j+1)*f.result()])
				clear(wide[j*wideSize+f.outC*f.wideUp() : (j+1)*wideSize])
			}
			kernel.Correlate(sum, taps, wide, f.wideUp(), laid, offs, rows, f.wide, kernel.Images{N: n, NextG: wideSize, NextQ: size})
		}
	})
	x.Range(f.outC, max(1, chunk/(groups*taps)), func(lo, hi int) {
		for o := lo; o < hi; o++ {
			dst := out[o*f.taps() : (o+1)*f.taps()]
			copy(dst, sums[o*taps:])
			for i := 1; i < groups; i++ {
				kernel.Add(dst, sums[(i*rows+o)*taps:][:f.taps()])
			}
		}
	})
}
