package attacks

import (
	"math"
	"math/rand/v2"
	"os"
	"testing"

	"github.com/stretchr/testify/require"
	"gonum.org/v1/gonum/mathext"
)

// shifted returns the deterministic Gaussian sample mu + Φ⁻¹((i+½)/n).
func shifted(mu float64, n int) []float64 {
	x := make([]float64, n)
	for i := range x {
		x[i] = mu + mathext.NormalQuantile((float64(i)+0.5)/float64(n))
	}
	return x
}

// normals draws n Gaussian values.
func normals(rng *rand.Rand, mu, sigma float64, n int) []float64 {
	x := make([]float64, n)
	for i := range x {
		x[i] = mu + sigma*rng.NormFloat64()
	}
	return x
}

func shuffled(x []float64, seed uint64) []float64 {
	y := append([]float64(nil), x...)
	rand.New(rand.NewPCG(seed, 9)).Shuffle(len(y), func(i, j int) { y[i], y[j] = y[j], y[i] })
	return y
}

func mapped(x []float64, f func(float64) float64) []float64 {
	y := make([]float64, len(x))
	for i, v := range x {
		y[i] = f(v)
	}
	return y
}

func constants(v float64, n int) []float64 {
	return mapped(make([]float64, n), func(float64) float64 { return v })
}

// trials is the number of null trials of this tier.
func trials() int {
	if os.Getenv("MINIUNLEARN_LONG") != "" {
		return 2000
	}
	return 200
}

// requireRateAtMost fails when k of n successes are incompatible, at 0.001,
// with a success probability of at most p.
func requireRateAtMost(t *testing.T, k, n int, p float64) {
	t.Helper()
	tail, err := BinomialTail(k, n, p)
	require.NoError(t, err)
	require.GreaterOrEqual(t, tail, 0.001, "%d of %d at nominal %v", k, n, p)
}

func TestRequireRateAtMostCanFail(t *testing.T) {
	for _, tc := range []struct {
		k, n int
		want bool
	}{{18, 200, true}, {22, 200, false}, {130, 2000, true}, {135, 2000, false}} {
		tail, err := BinomialTail(tc.k, tc.n, 0.05)
		require.NoError(t, err)
		require.Equal(t, tc.want, tail >= 0.001, "%+v: %v", tc, tail)
	}
}

var inf = math.Inf(1)
