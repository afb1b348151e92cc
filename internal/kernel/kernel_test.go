package kernel

import (
	"fmt"
	"math"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"
)

// numbers draws numbers with many ties, zeros of both signs, infinities and,
// if asked for, NaN.
func numbers(r *rand.Rand, n int, nan bool) []float32 {
	x := make([]float32, n)
	special := []float32{0, float32(math.Copysign(0, -1)), 1, -1, float32(math.Inf(1)), float32(math.Inf(-1)), float32(math.NaN())}
	if !nan {
		special = special[:4]
	}
	for i := range x {
		x[i] = float32(r.NormFloat64())
		if r.IntN(3) == 0 {
			x[i] = special[r.IntN(len(special))]
		}
	}
	return x
}

func bits(x []float32) []uint32 {
	r := make([]uint32, len(x))
	for i, v := range x {
		r[i] = math.Float32bits(v)
		if v != v {
			r[i] = 0x7fc00000 // one NaN is as good as another
		}
	}
	return r
}

// portable runs f without assembly.
func portable(f func()) {
	defer func(b bool) { fast = b }(fast)
	fast = false
	f()
}

// TestAssembly compares the assembly with the Go loops, bit for bit, and both
// with canaries beyond the end.
func TestAssembly(t *testing.T) {
	if !fast {
		t.Skip("no assembly for this processor")
	}
	r := rand.New(rand.NewPCG(1, 2))
	for n := range 100 {
		x, y := numbers(r, n, true), numbers(r, n, true)
		for name, f := range map[string]func(o []float32){
			"add":        func(o []float32) { copy(o, y); Add(o, x) },
			"addrelu":    func(o []float32) { AddReLU(o, x, 0.25) },
			"addrelu0":   func(o []float32) { AddReLU(o, x, 0) },
			"addrowrelu": func(o []float32) { AddRowReLU(o, x, y) },
			"affine":     func(o []float32) { Affine(o, x, 0.3, -0.7) },
			"lin2":       func(o []float32) { Lin2(o, 0.3, x, -0.7, y) },
			"evens":      func(o []float32) { Evens(o[:len(o)/2], x) },
			"relugrad":   func(o []float32) { ReLUGrad(o, x, y) },
		} {
			a, b := make([]float32, n+8), make([]float32, n+8)
			f(a[:n])
			portable(func() { f(b[:n]) })
			require.Equal(t, bits(b), bits(a), "%s %d", name, n)
		}
	}
	for w := 2; w < 40; w++ {
		for h := 2; h < 12; h += 2 {
			t.Run(fmt.Sprint(w, h), func(t *testing.T) {
				ow, oh := w/2, h/2
				x := numbers(r, w*h, true)
				a, b := make([]float32, ow*oh+16), make([]float32, ow*oh+16)
				MaxPairs(a[:ow*oh], x, w)
				portable(func() { MaxPairs(b[:ow*oh], x, w) })
				require.Equal(t, bits(b), bits(a))

				x = numbers(r, w*h, false)
				g := numbers(r, ow*oh, true)
				a, b = numbers(r, w*h+16, true), make([]float32, w*h+16)
				clear(a[w*h:])
				ScatterPairs(a[:w*h], x, g, w)
				portable(func() { ScatterPairs(b[:w*h], x, g, w) })
				require.Equal(t, bits(b), bits(a))
				back := make([]float32, ow*oh)
				GatherPairs(back, x, a[:w*h], w)
				require.Equal(t, bits(g), bits(back), "gathering is the inverse of scattering")
			})
		}
	}
}

// TestSums: sums of whole numbers are exact in any order.
func TestSums(t *testing.T) {
	r := rand.New(rand.NewPCG(5, 6))
	for n := range 70 {
		x, y := whole(r, n), whole(r, n)
		var sum, dot, apart float64
		for i, v := range x {
			sum += float64(v)
			dot += float64(v * y[i])
			apart += float64((v - y[i]) * (v - y[i]))
		}
		sums := func() []float64 {
			s, d := SumDot(x, y)
			return []float64{s, d, Dot(x, y), SquaredDistance(x, y)}
		}
		require.Equal(t, []float64{sum, dot, dot, apart}, sums())
		portable(func() { require.Equal(t, []float64{sum, dot, dot, apart}, sums()) })
	}
	// Differences that float32 cannot hold.
	x, y := make([]float32, 8), make([]float32, 8)
	x[5], y[5] = 1<<25, 1
	require.Equal(t, float64(1<<25-1)*(1<<25-1), SquaredDistance(x, y))
	y[5] = 1<<24 - 1
	require.Equal(t, float64(1<<25)*(1<<24-1), Dot(x, y))
}

func TestKnownAnswers(t *testing.T) {
	nan := math.NaN()
	o := make([]float64, 4)
	AddReLU(o, []float64{-2, 0, 1, 3}, 1)
	require.Equal(t, []float64{0, 1, 2, 4}, o)
	AddRowReLU(o, []float64{-2, 0, 1, 3}, []float64{3, -1, 1, 1})
	require.Equal(t, []float64{1, 0, 2, 4}, o)
	ReLUGrad(o, []float64{0, 1, -1, nan}, []float64{1, 2, 3, 4})
	require.Equal(t, []float64{0, 2, 0, 4}, o)
	AddReLU(o[:1], []float64{nan}, 1)
	require.True(t, math.IsNaN(o[0]), "NaN must not hide behind a zero")

	// Two images of 2×4: a tie in the first window, NaN in the last.
	x := []float64{
		5, 5, 1, 2,
		5, 0, 3, 4,
		0, 0, -1, nan,
		0, 1, -2, -3,
	}
	p := make([]float64, 4)
	MaxPairs(p, x, 4)
	require.Equal(t, []float64{5, 4, 1}, p[:3])
	require.True(t, math.IsNaN(p[3]))
	x[11] = -5
	d := make([]float64, 16)
	ScatterPairs(d, x, []float64{1, 2, 3, 4}, 4)
	require.Equal(t, []float64{1, 0, 0, 0, 0, 0, 0, 2, 0, 0, 4, 0, 0, 3, 0, 0}, d)
}
