package contraction

import (
	"math"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"
)

// TestBySize: as many as asked for, the large ones always, and weighted
// sums without bias; a sorted list is stratified.
func TestBySize(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	sizes := make([]float64, 200)
	positive := 0
	for j := range sizes {
		if j%4 != 0 {
			sizes[j] = math.Pow(math.Abs(r.NormFloat64()), 3)
			positive++
		}
	}
	sizes[17] = 1000
	var want float64
	for j, s := range sizes {
		want += s * float64(j)
	}
	draw := newBySize(sizes)
	for _, m := range []int{1, 5, 40, positive - 1} {
		var mean, square float64
		const rounds = 4000
		for range rounds {
			drawn, weights := draw.draw(m, r)
			require.Len(t, drawn, m)
			var sum float64
			always := false
			for k, j := range drawn {
				require.NotZero(t, sizes[j])
				require.GreaterOrEqual(t, weights[k], 1.0)
				require.True(t, k == 0 || drawn[k-1] < j)
				sum += weights[k] * sizes[j] * float64(j)
				always = always || j == 17
			}
			require.True(t, always || m == 1)
			mean += sum / rounds
			square += sum * sum / rounds
		}
		require.InDelta(t, want, mean, 5*math.Sqrt((square-mean*mean)/rounds)+1e-9*want, "%d of %d", m, positive)
	}
	for _, m := range []int{positive, positive + 1, 1000} {
		drawn, weights := draw.draw(m, r)
		require.Len(t, drawn, positive)
		for _, w := range weights {
			require.Equal(t, 1.0, w)
		}
	}
	drawn, _ := newBySize(make([]float64, 5)).draw(3, r)
	require.Empty(t, drawn)

	// Two strata of equal sizes: half of the sample from each.
	even := make([]float64, 100)
	for j := range even {
		even[j] = 1
	}
	drawn, _ = newBySize(even).draw(10, r)
	require.Len(t, drawn, 10)
	require.Less(t, drawn[4], 50)
	require.GreaterOrEqual(t, drawn[5], 50)
}

// TestBySizeRange: sizes may differ by more than a float64 has digits.
func TestBySizeRange(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 4))
	sizes := []float64{1e12, 1e24, 3e11, 1e17}
	for range 100 {
		sizes = append(sizes, 1+r.Float64())
	}
	draw := newBySize(sizes)
	for m := 1; m < len(sizes); m++ {
		drawn, _ := draw.draw(m, r)
		require.InDelta(t, m, len(drawn), 1, "m = %d", m)
		if m > 4 {
			require.Equal(t, []int{0, 1, 2, 3}, drawn[:4])
		}
	}
}

// TestNoise: zero where all are drawn, falling with the number, and by hand for
// equal sizes.
func TestNoise(t *testing.T) {
	even := newBySize([]float64{2, 2, 0, 2, 2})
	require.InDelta(t, 1, even.noise(2), 1e-12) // 1/p − 1 for p = ½
	require.InDelta(t, 3, even.noise(1), 1e-12)
	require.Zero(t, even.noise(4))
	require.Equal(t, 4, even.quieter(0.1, 5))
	require.Equal(t, 3, even.quieter(0.1, 3), "as many as there may be")
	require.Equal(t, 1, newBySize([]float64{1e3, 1e-3}).quieter(0.1, 2))
	require.Zero(t, newBySize(nil).noise(3))
}
