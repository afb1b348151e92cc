package vec

import (
	"math"

	"golang.org/x/sys/cpu"
)

//go:generate go run gen.go

var avx2 = cpu.X86.HasAVX2 && cpu.X86.HasFMA

// whole returns how many of n elements the assembly may do.
func whole(n, unit int) int {
	if !avx2 {
		return 0
	}
	return n / unit * unit
}

// table holds the numbers of exp and tanh as gen.go wants them, eight copies
// of each.
type table [22][8]float32

var numbers = func() (t table) {
	for i, x := range []float32{
		math.Log2E, ln2Hi, ln2Lo,
		1.0 / 5040, 1.0 / 720, 1.0 / 120, 1.0 / 24, 1.0 / 6, 0.5,
		1, 2, math.Float32frombits(127), math.Float32frombits(1<<31 - 1),
		expMost, expLeast, tanhMost,
		tanhSmall, tanh0, tanh1, tanh2, tanh3, tanh4,
	} {
		for j := range t[i] {
			t[i][j] = x
		}
	}
	return t
}()

// The functions below return how many elements they have done.

func axpy32(alpha float32, x, y []float32) int {
	n := whole(len(x), 8)
	if n > 0 {
		axpyAVX2(alpha, &y[0], &x[0], n)
	}
	return n
}

func scale32(alpha float32, x []float32) int {
	n := whole(len(x), 8)
	if n > 0 {
		scaleAVX2(alpha, &x[0], n)
	}
	return n
}

func add32(dst, x, y []float32) int {
	n := whole(len(x), 8)
	if n > 0 {
		addAVX2(&dst[0], &x[0], &y[0], n)
	}
	return n
}

func sub32(dst, x, y []float32) int {
	n := whole(len(x), 8)
	if n > 0 {
		subAVX2(&dst[0], &x[0], &y[0], n)
	}
	return n
}

func mul32(dst, x, y []float32) int {
	n := whole(len(x), 8)
	if n > 0 {
		mulAVX2(&dst[0], &x[0], &y[0], n)
	}
	return n
}

func momentum32(eta, beta, lambda float32, w, p, g []float32) int {
	n := whole(len(w), 8)
	if n > 0 {
		momentumAVX2(eta, beta, lambda, &w[0], &p[0], &g[0], n)
	}
	return n
}

func exp32(dst, x []float32) int {
	n := whole(len(x), 8)
	if n > 0 {
		expAVX2(&dst[0], &x[0], &numbers, n)
	}
	return n
}

func tanh32(dst, x []float32) int {
	n := whole(len(x), 8)
	if n > 0 {
		tanhAVX2(&dst[0], &x[0], &numbers, n)
	}
	return n
}

func dot32(s *[lanes]float64, x, y []float32) int {
	n := whole(len(x), lanes)
	if n > 0 {
		dotAVX2(s, &x[0], &y[0], n)
	}
	return n
}

//go:noescape
func axpyAVX2(alpha float32, y *float32, x *float32, n int)

//go:noescape
func scaleAVX2(alpha float32, x *float32, n int)

//go:noescape
func addAVX2(dst *float32, x *float32, y *float32, n int)

//go:noescape
func subAVX2(dst *float32, x *float32, y *float32, n int)

//go:noescape
func mulAVX2(dst *float32, x *float32, y *float32, n int)

//go:noescape
func momentumAVX2(eta, beta, lambda float32, w *float32, p *float32, grad *float32, n int)

//go:noescape
func expAVX2(dst *float32, x *float32, t *table, n int)

//go:noescape
func tanhAVX2(dst *float32, x *float32, t *table, n int)

//go:noescape
func dotAVX2(s *[lanes]float64, x, y *float32, n int)
