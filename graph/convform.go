package graph

import "github.com/miniunlearn/miniunlearn/internal/kernel"

// form is the geometry of the trilinear form behind a convolution.
//
// An image is laid out with its margins, and with the pixels that a stride of
// s visits together side by side: for s = 1 the padded image, else s·s phases
// of it, each hq×wq. In this layout the pixels that one kernel element meets
// are one window: wide consecutive numbers from a fixed offset on, output row
// after output row, with wq−ow numbers of no meaning between the rows. So
// a convolution is a matrix product with windows for rows, and nothing is
// moved pixel by pixel. Outputs in this layout, rows of wq numbers, are called
// wide.
type form struct {
	n, inC, h, w   int
	outC, kh, kw   int
	stride, pad    int
	oh, ow         int // output
	sh, sw         int // phases that a kernel meets, min(stride, kernel)
	hq, wq         int // a phase
	wide           int // (oh−1)·wq + ow, the length of a window
	block, blockLd int // windows are multiplied in blocks of this many columns
}

func newForm(stride, pad int, x, k Shape) (form, bool) {
	f := form{
		n: x[0], inC: x[1], h: x[2], w: x[3],
		outC: k[0], kh: k[2], kw: k[3],
		stride: stride, pad: pad,
	}
	if stride < 1 || pad < 0 || f.h+2*pad < f.kh || f.w+2*pad < f.kw || f.h < 1 || f.w < 1 || f.kh < 1 || f.kw < 1 {
		return f, false
	}
	f.oh, f.ow = (f.h+2*pad-f.kh)/stride+1, (f.w+2*pad-f.kw)/stride+1
	f.sh, f.sw = min(stride, f.kh), min(stride, f.kw)
	f.hq, f.wq = (f.h+2*pad+stride-1)/stride, (f.w+2*pad+stride-1)/stride
	f.wide = (f.oh-1)*f.wq + f.ow
	f.setBlock()
	return f, true
}

// blockNumbers is about how many numbers of windows are collected for one
// product: they stay in the second-level cache.
const blockNumbers = 1 << 15

func (f *form) setBlock() {
	const unit = 16 // columns of a tile of gemm
	f.block = (f.wide + unit - 1) / unit * unit
	if most := max(64, blockNumbers/f.taps()/unit*unit); f.block > most {
		parts := (f.block + most - 1) / most
		f.block = ((f.block+parts-1)/parts + unit - 1) / unit * unit
	}
	f.blockLd = f.block
	if f.blockLd%256 == 0 {
		f.blockLd += unit // rows a power of two apart would share cache sets
	}
}

func (f *form) input() Shape  { return Shape{f.n, f.inC, f.h, f.w} }
func (f *form) output() Shape { return Shape{f.n, f.outC, f.oh, f.ow} }

// taps is the number of elements of one kernel, and of windows.
func (f *form) taps() int { return f.inC * f.kh * f.kw }

// Sizes of one image, of one image laid out, of one output and of one wide
// output.
func (f *form) image() int   { return f.inC * f.h * f.w }
func (f *form) laidOut() int { return f.inC * f.sh * f.sw * f.hq * f.wq }
func (f *form) result() int  { return f.outC * f.oh * f.ow }
func (f *form) wideRow() int { return f.oh * f.wq }

// isLaidOut reports whether an image is its own layout.
func (f *form) isLaidOut() bool { return f.pad == 0 && f.stride == 1 }

// isWide reports whether an output is its own wide form.
func (f *form) isWide() bool { return f.wq == f.ow }

// pointwise reports whether the windows are the rows of the layout themselves.
func (f *form) pointwise() bool { return f.kh == 1 && f.kw == 1 }

// offset is where the window of kernel element (c, i, j) begins.
func (f *form) offset(c, i, j int) int {
	s := f.stride
	return ((c*f.sh+i%s)*f.sw+j%s)*f.hq*f.wq + i/s*f.wq + j/s
}

// layOut writes the layout of image x to q.
func layOut[T Float](f *form, q, x []T) {
	if f.isLaidOut() {
		copy(q, x)
		return
	}
	s, at := f.stride, 0
	for c := range f.inC {
		for a := range f.sh {
			for b := range f.sw {
				from, to := f.span(b, f.w, f.wq)
				for y := range f.hq {
					row := q[at : at+f.wq]
					at += f.wq
					iy := y*s + a - f.pad
					if iy < 0 || iy >= f.h || from == to {
						clear(row)
						continue
					}
					clear(row[:from])
					clear(row[to:])
					src := x[(c*f.h+iy)*f.w:][from*s+b-f.pad : f.w]
					row = row[from:to]
					switch s {
					case 1:
						copy(row, src)
					case 2:
						kernel.Evens(row, src)
					default:
						for i := range row {
							row[i] = src[i*s]
						}
					}
				}
			}
		}
	}
}

// span returns which numbers of phase row or column b are pixels, for images of
// size pixels and phases of length numbers in that direction.
func (f *form) span(b, size, length int) (from, to int) {
	if f.pad > b {
		from = (f.pad - b + f.stride - 1) / f.stride
	}
	// The last is the largest i with i·stride + b − pad < size.
	to = (size + f.pad - b + f.stride - 1) / f.stride
	from = min(from, length)
	return from, max(from, min(to, length))
}

// takeBack is the adjoint of layOut, the phases in q being plane apart: every
// pixel has one place in the layout, or none if no kernel element meets its
// phase.
func takeBack[T Float](f *form, x, q []T, plane int) {
	s, start := f.stride, 0
	if f.sh < s || f.sw < s {
		clear(x)
	}
	for c := range f.inC {
		for a := range f.sh {
			for b := range f.sw {
				from, to := f.span(b, f.w, f.wq)
				at := start
				start += plane
				for y := range f.hq {
					row := q[at : at+f.wq]
					at += f.wq
					iy := y*s + a - f.pad
					if iy < 0 || iy >= f.h {
						continue
					}
					dst := x[(c*f.h+iy)*f.w:][:f.w]
					if s == 1 {
						copy(dst, row[from:to])
						continue
					}
					ix := from*s + b - f.pad
					for i := from; i < to; i++ {
						dst[ix] = row[i]
						ix += s
					}
				}
			}
		}
	}
}

// windows collects columns p … p+n−1 of all windows of q, in rows ld apart.
// Columns beyond the windows become zero.
func windows[T Float](f *form, dst []T, ld int, q []T, p, n int) {
	m := min(n, f.wide-p)
	at := 0
	for c := range f.inC {
		for i := range f.kh {
			for j := range f.kw {
				from := f.offset(c, i, j) + p
				copy(dst[at:at+m], q[from:from+m])
				clear(dst[at+m : at+n])
				at += ld
			}
		}
	}
}

// addWindows is the adjoint of windows: it adds the rows of src to the windows
// of q.
func addWindows[T Float](f *form, q, src []T, ld, p, n int) {
	m := min(n, f.wide-p)
	at := 0
	for c := range f.inC {
		for i := range f.kh {
			for j := range f.kw {
				from := f.offset(c, i, j) + p
				kernel.Add(q[from:from+m], src[at:at+m])
				at += ld
			}
		}
	}
}

// widen writes the wide form of an output to g, rows ld apart, with zeros
// where no output is.
func widen[T Float](f *form, g []T, ld int, y []T) {
	for o := range f.outC {
		row := g[o*ld : (o+1)*ld]
		src := y[o*f.oh*f.ow:][:f.oh*f.ow]
		for r := range f.oh {
			copy(row[r*f.wq:], src[r*f.ow:(r+1)*f.ow])
			clear(row[r*f.wq+f.ow : min((r+1)*f.wq, ld)])
		}
		clear(row[min(f.wideRow(), ld):])
	}
}

// narrow is the inverse of widen.
func narrow[T Float](f *form, y, g []T, ld int) {
	for o := range f.outC {
		row := g[o*ld:]
		dst := y[o*f.oh*f.ow:][:f.oh*f.ow]
		for r := range f.oh {
			copy(dst[r*f.ow:(r+1)*f.ow], row[r*f.wq:])
		}
	}
}
