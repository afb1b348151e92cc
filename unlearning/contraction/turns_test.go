package contraction

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
)

// TestLargest against sorting, with values that are the same.
func TestLargest(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	for range 300 {
		x := make([]float64, 1+r.IntN(60))
		for i := range x {
			x[i] = float64(r.IntN(20))
		}
		sorted := slices.Clone(x)
		slices.Sort(sorted)
		slices.Reverse(sorted)
		for n := 1; n <= len(x); n++ {
			require.Equal(t, sorted[n-1], largest(slices.Clone(x), n), "%d of %v", n, x)
		}
	}
}

// TestTurns: samples have the size that is asked for, are of the batch and in its order,
// and examples count equally often, to one more or less.
func TestTurns(t *testing.T) {
	const n, batch, size = 97, 20, 3
	r := rand.New(rand.NewPCG(3, 4))
	turns := &turns{due: make([]float64, n)}
	for i, at := range r.Perm(n) {
		turns.due[i] = float64(at) / n
	}
	count := make([]int, n)
	var total int
	const epochs = 40
	for range epochs {
		perm := r.Perm(n)
		for at := 0; at < n; at += batch {
			b := perm[at:min(at+batch, n)]
			drawn := turns.draw(b, size)
			require.Len(t, drawn, size)
			last := -1
			for _, i := range drawn {
				at := slices.Index(b, i)
				require.Greater(t, at, last)
				last = at
				count[i]++
				total++
			}
		}
	}
	mean := float64(total) / n
	for i, c := range count {
		require.InDelta(t, mean, float64(c), 2.5, "example %d; independent draws would differ by %.1f", i, 3*math.Sqrt(mean))
	}
	require.Equal(t, []int{5, 1}, turns.draw([]int{5, 1}, 2), "all of a batch")
}
