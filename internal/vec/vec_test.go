package vec

import (
	"math"
	"math/rand/v2"
	"os"
	"testing"

	"github.com/stretchr/testify/require"
)

func draw(rng *rand.Rand, n int) []float32 {
	x := make([]float32, n)
	for i := range x {
		if x[i] = float32(rng.NormFloat64()); rng.IntN(8) == 0 {
			x[i] = []float32{0, float32(math.Copysign(0, -1)), float32(math.Inf(1)), float32(math.Inf(-1)), float32(math.NaN()), 100, -100, 1e-30}[rng.IntN(8)]
		}
	}
	return x
}

func alike(a, b float32) bool {
	return a == b && math.Signbit(float64(a)) == math.Signbit(float64(b)) || a != a && b != b
}

// TestAgainstDefinition compares each function, at lengths that leave all
// kinds of tails, with its formula: the bits must be the same.
func TestAgainstDefinition(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	for n := range 100 {
		const a, beta, lambda = float32(0.3), float32(0.9), float32(0.01)
		x, y, z := draw(rng, n), draw(rng, n), draw(rng, n)
		for name, f := range map[string]struct {
			run  func(dst []float32)
			want func(i int) float32
		}{
			"Axpy":  {func(d []float32) { copy(d, y); Axpy(a, x, d) }, func(i int) float32 { return y[i] + float32(a*x[i]) }},
			"Scale": {func(d []float32) { copy(d, x); Scale(a, d) }, func(i int) float32 { return a * x[i] }},
			"Add":   {func(d []float32) { Add(d, x, y) }, func(i int) float32 { return x[i] + y[i] }},
			"Sub":   {func(d []float32) { Sub(d, x, y) }, func(i int) float32 { return x[i] - y[i] }},
			"Mul":   {func(d []float32) { copy(d, x); Mul(d, d, y) }, func(i int) float32 { return x[i] * y[i] }},
			"Momentum": {
				func(d []float32) { copy(d, x); Momentum(a, beta, lambda, d, append([]float32(nil), y...), z) },
				func(i int) float32 {
					return x[i] - float32(a*(float32(float32(beta*y[i])+z[i])+float32(lambda*x[i])))
				},
			},
			"Exp":  {func(d []float32) { Exp(d, x) }, func(i int) float32 { return exp(x[i]) }},
			"Tanh": {func(d []float32) { copy(d, x); Tanh(d, d) }, func(i int) float32 { return tanh(x[i]) }},
		} {
			guarded := make([]float32, n+8)
			f.run(guarded[:n:n])
			for i, got := range guarded[:n] {
				require.True(t, alike(f.want(i), got), "%s, n %d: element %d is %v, want %v", name, n, i, got, f.want(i))
			}
			require.Equal(t, make([]float32, 8), guarded[n:], "%s wrote past the end", name)
		}
	}
}

func TestFloat64(t *testing.T) {
	w, p, g := []float64{1, 2}, []float64{3, 4}, []float64{5, 6}
	Momentum(0.5, 0.5, 2, w, p, g)
	require.Equal(t, []float64{8.5, 12}, p)
	require.Equal(t, []float64{-3.25, -4}, w)
	Axpy(2, []float64{1, 1}, w)
	Add(w, w, w)
	Sub(w, w, []float64{1, 1})
	Mul(w, w, w)
	Scale(0.5, w)
	require.Equal(t, []float64{6.125, 12.5}, w)
	Exp(w, []float64{1, -1})
	require.Equal(t, []float64{math.E, 1 / math.E}, w)
	Tanh(w, []float64{1, -1})
	require.Equal(t, []float64{math.Tanh(1), -math.Tanh(1)}, w)
	require.Equal(t, 11.0, Dot([]float64{1, 2}, []float64{3, 4}))
}

func TestDot(t *testing.T) {
	rng := rand.New(rand.NewPCG(3, 4))
	for _, n := range []int{0, 1, 15, 16, 17, 100, DotBlock - 1, DotBlock, DotBlock + 1, 3*DotBlock + 5} {
		x, y := make([]float32, n), make([]float32, n)
		want, size := 0.0, 0.0
		for i := range x {
			x[i], y[i] = float32(rng.NormFloat64()), float32(rng.NormFloat64())
			want += float64(x[i]) * float64(y[i])
			size += math.Abs(float64(x[i]) * float64(y[i]))
		}
		got := Dot(x, y)
		require.InDelta(t, want, got, 1e-14*size)

		x64, y64 := make([]float64, n), make([]float64, n)
		for i := range x {
			x64[i], y64[i] = float64(x[i]), float64(y[i])
		}
		require.Equal(t, Dot(x64, y64), got, "assembly and Go add in the same order")

		parts := 0.0
		for i := 0; i < n; i += DotBlock {
			end := min(n, i+DotBlock)
			parts += Dot(x[i:end], y[i:end])
		}
		require.Equal(t, got, parts)
	}
	require.True(t, math.IsNaN(Dot([]float32{0, 1}, []float32{float32(math.Inf(1)), 1})))
}

func TestLimits(t *testing.T) {
	inf, nan := float32(math.Inf(1)), float32(math.NaN())
	zero := float32(math.Copysign(0, -1))
	x := []float32{0, zero, inf, -inf, nan, 89, -104, 88.72284, 88.72283, -103.97, 1e-40, 20, -20, 1e-45}
	for _, f := range []struct {
		run  func(dst, x []float32)
		want []float32
	}{
		{Exp[float32], []float32{1, 1, inf, 0, nan, inf, 0, inf, float32(math.Exp(float64(float32(88.72283)))), 1e-45, 1, 4.851652e8, 2.0611537e-9, 1}},
		{Tanh[float32], []float32{0, zero, 1, -1, nan, 1, -1, 1, 1, -1, 1e-40, 1, -1, 1e-45}},
	} {
		dst := make([]float32, len(x))
		f.run(dst, x)
		for i, w := range f.want {
			require.True(t, alike(w, dst[i]), "f(%v) = %v, want %v", x[i], dst[i], w)
		}
	}
}

// TestAccuracy measures errors in units in the last place; with
// MINIUNLEARN_LONG set over all float32 arguments, else over one in 1009.
func TestAccuracy(t *testing.T) {
	step := uint64(1009)
	if os.Getenv("MINIUNLEARN_LONG") != "" {
		step = 1
	}
	for _, f := range []struct {
		name  string
		run   func(dst, x []float32)
		exact func(float64) float64
		most  float64
	}{{"Exp", Exp[float32], math.Exp, 1.5}, {"Tanh", Tanh[float32], math.Tanh, 2}} {
		worst, where := 0.0, float32(0)
		x, y := make([]float32, 0, 4096), make([]float32, 4096)
		flush := func() {
			f.run(y[:len(x)], x)
			for i, v := range x {
				want := f.exact(float64(v))
				if v != v || float32(want) == y[i] {
					continue
				}
				ulp := math.Ldexp(1, max(-149, math.Ilogb(want)-23))
				if math.Abs(want) > math.MaxFloat32 {
					want = math.Copysign(math.MaxFloat32, want)
				}
				if e := math.Abs(float64(y[i])-want) / ulp; e > worst {
					worst, where = e, v
				}
			}
			x = x[:0]
		}
		for b := uint64(0); b < 1<<32; b += step {
			x = append(x, math.Float32frombits(uint32(b)))
			if len(x) == cap(x) {
				flush()
			}
		}
		flush()
		t.Logf("%s: %.3f ulp at %v", f.name, worst, where)
		require.Less(t, worst, f.most, "%s at %v", f.name, where)
	}
}

func TestBadLengths(t *testing.T) {
	require.PanicsWithValue(t, "vec: vectors of lengths 3 and 2", func() { Add(make([]float32, 3), make([]float32, 3), make([]float32, 2)) })
}

func TestDoesNotAllocate(t *testing.T) {
	x, y := make([]float32, 100), make([]float32, 100)
	require.Zero(t, testing.AllocsPerRun(10, func() {
		Axpy(1, x, y)
		Momentum(1, 1, 1, x, y, x)
		Exp(x, y)
		Dot(x, y)
	}))
}

// Benchmarks run over 235 146 elements, the parameters of mlp:784-256-128-10.
func BenchmarkVec(b *testing.B) {
	const n = 235146
	x, y, z := make([]float32, n), make([]float32, n), make([]float32, n)
	for name, f := range map[string]func(){
		"Axpy":     func() { Axpy(1e-9, x, y) },
		"Momentum": func() { Momentum(1e-9, 0.9, 1e-9, x, y, z) },
		"Dot":      func() { Dot(x, y) },
		"Exp":      func() { Exp(z, x) },
		"Tanh":     func() { Tanh(z, x) },
	} {
		b.Run(name, func(b *testing.B) {
			for b.Loop() {
				f()
			}
			b.ReportMetric(n*float64(b.N)/b.Elapsed().Seconds()/1e9, "Gelem/s")
		})
	}
}
