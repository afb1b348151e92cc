package kernel

import "golang.org/x/sys/cpu"

var fast = cpu.X86.HasAVX2 && cpu.X86.HasFMA

// The functions below treat a whole number of vectors of eight, from the
// front, and return how many elements or rows they have done.

func add(dst, src []float32) int {
	n := min(len(dst), len(src)) &^ 7
	if n > 0 {
		addAVX2(&dst[0], &src[0], n)
	}
	return n
}

func addReLU(o, z []float32, b float32) int {
	n := min(len(o), len(z)) &^ 7
	if n > 0 {
		addReLUAVX2(&o[0], &z[0], b, n)
	}
	return n
}

func addRowReLU(o, z, b []float32) int {
	n := min(len(o), len(z), len(b)) &^ 7
	if n > 0 {
		addRowReLUAVX2(&o[0], &z[0], &b[0], n)
	}
	return n
}

func reluGrad(o, y, g []float32) int {
	n := min(len(o), len(y), len(g)) &^ 7
	if n > 0 {
		reluGradAVX2(&o[0], &y[0], &g[0], n)
	}
	return n
}

func affine(o, z []float32, a, b float32) int {
	n := min(len(o), len(z)) &^ 7
	if n > 0 {
		affineAVX2(&o[0], &z[0], a, b, n)
	}
	return n
}

func lin2(o, x, y []float32, a, b float32) int {
	n := min(len(o), len(x), len(y)) &^ 7
	if n > 0 {
		lin2AVX2(&o[0], &x[0], &y[0], a, b, n)
	}
	return n
}

func evens(dst, src []float32) int {
	n := min(len(dst), len(src)/2) &^ 7
	if n > 0 {
		evensAVX2(&dst[0], &src[0], n)
	}
	return n
}

func sumDot(x, y []float32) (sum, dot float64, n int) {
	if n = min(len(x), len(y)) &^ 7; n > 0 {
		sum, dot = sumDotAVX2(&x[0], &y[0], n)
	}
	return sum, dot, n
}

func dot(x, y []float32) (sum float64, n int) {
	if n = min(len(x), len(y)) &^ 15; n > 0 {
		sum = dotAVX2(&x[0], &y[0], n)
	}
	return sum, n
}

func squaredDistance(x, y []float32) (sum float64, n int) {
	if n = min(len(x), len(y)) &^ 7; n > 0 {
		sum = squaredDistanceAVX2(&x[0], &y[0], n)
	}
	return sum, n
}

// A row of windows is treated in steps of eight, the last of which reaches
// into the next rows: numbers written there are overwritten when it is their
// turn, and rows at the end that have nothing to reach into are left out.

func maxPairs(o, x []float32, w int) int {
	n := wholeRows(len(o), len(x), w)
	if n > 0 {
		maxPairsAVX2(&o[0], &x[0], w, w/2, n)
	}
	return n
}

func gatherPairs(o, x, u []float32, w int) int {
	n := wholeRows(len(o), min(len(x), len(u)), w)
	if n > 0 {
		gatherPairsAVX2(&o[0], &x[0], &u[0], w, w/2, n)
	}
	return n
}

func scatterPairs(d, x, g []float32, w int) int {
	n := wholeRows(len(g), min(len(d), len(x)), w)
	if n > 0 {
		scatterPairsAVX2(&d[0], &x[0], &g[0], w, w/2, n)
	}
	return n
}

// wholeRows returns how many rows of windows can be treated in whole steps.
func wholeRows(windows, pixels, w int) int {
	ow := w / 2
	up := (ow + 7) &^ 7
	if up > 2*ow || windows < up || pixels < w+2*up { // narrow rows would be mostly waste
		return 0
	}
	return min((windows-up)/ow, (pixels-w-2*up)/(2*w)) + 1
}

//go:noescape
func addAVX2(dst, src *float32, n int)

//go:noescape
func addReLUAVX2(o, z *float32, b float32, n int)

//go:noescape
func addRowReLUAVX2(o, z, b *float32, n int)

//go:noescape
func reluGradAVX2(o, y, grad *float32, n int)

//go:noescape
func maxPairsAVX2(o, x *float32, w, ow, rows int)

//go:noescape
func scatterPairsAVX2(d, x, grad *float32, w, ow, rows int)

//go:noescape
func gatherPairsAVX2(o, x, u *float32, w, ow, rows int)

//go:noescape
func affineAVX2(o, z *float32, a, b float32, n int)

//go:noescape
func lin2AVX2(o, x, y *float32, a, b float32, n int)

//go:noescape
func evensAVX2(dst, src *float32, n int)

//go:noescape
func sumDotAVX2(x, y *float32, n int) (sum, dot float64)

//go:noescape
func dotAVX2(x, y *float32, n int) float64

//go:noescape
func squaredDistanceAVX2(x, y *float32, n int) float64
