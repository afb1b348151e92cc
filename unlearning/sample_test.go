package unlearning

import (
	"math"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"
)

// TestSampleBySize: as many as asked for, the large ones always, and weighted
// sums without bias; a sorted list is stratified.
func TestSampleBySize(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	sizes := make([]float64, 200)
	var want float64
	positive := 0
	for j := range sizes {
		if j%4 != 0 {
			sizes[j] = math.Pow(math.Abs(r.NormFloat64()), 3)
			positive++
		}
		want += sizes[j] * float64(j)
	}
	sizes[17] = 1000
	want = 0
	for j, s := range sizes {
		want += s * float64(j)
	}
	for _, m := range []int{1, 5, 40, positive - 1} {
		var mean, square float64
		const rounds = 4000
		for range rounds {
			drawn, weights := sampleBySize(sizes, m, r)
			require.InDelta(t, m, len(drawn), 1)
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
		drawn, weights := sampleBySize(sizes, m, r)
		require.Len(t, drawn, positive)
		for _, w := range weights {
			require.Equal(t, 1.0, w)
		}
	}
	drawn, _ := sampleBySize(make([]float64, 5), 3, r)
	require.Empty(t, drawn)

	// Two strata of equal sizes: half of the sample from each.
	even := make([]float64, 100)
	for j := range even {
		even[j] = 1
	}
	drawn, _ = sampleBySize(even, 10, r)
	require.Len(t, drawn, 10)
	require.Less(t, drawn[4], 50)
	require.GreaterOrEqual(t, drawn[5], 50)
}
