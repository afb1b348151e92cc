package unlearning

import (
	"math"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/miniunlearn/miniunlearn/graph"
)

// TestDraw: densities average to 1, and a sum over draws that is weighted by
// their inverse is without bias for the sum over all.
func TestDraw(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	const n, k = 200, 3
	alpha := graph.NewTensor(graph.Float32, n, k)
	for i := range alpha.Len() {
		alpha.Set(i, math.Pow(r.NormFloat64(), 3))
	}
	var ids []int
	for i := 0; i < n; i += 2 {
		ids = append(ids, i)
	}
	for _, even := range []float64{0, 0.2, 1} {
		d := newDraw(ids, alpha, even, r)
		var densities, want float64
		for _, i := range ids {
			densities += d.density(i)
			want += alpha.At(i * k)
		}
		require.InDelta(t, len(ids), densities, 1e-9)
		out := make([]int, 8)
		var mean, square float64
		const rounds = 4000
		for range rounds {
			d.next(out)
			var sum float64
			for _, i := range out {
				require.Zero(t, i%2, "an example of the others")
				sum += alpha.At(i*k) / d.density(i) * float64(len(ids)) / float64(len(out))
			}
			mean += sum / rounds
			square += sum * sum / rounds
		}
		require.InDelta(t, want, mean, 5*math.Sqrt((square-mean*mean)/rounds), "uniform share %g", even)
	}
	// Pushes of zero: all alike.
	d := newDraw(ids, graph.NewTensor(graph.Float32, n, k), 0.2, r)
	require.Equal(t, 1.0, d.density(4))
}

func TestBelowChance(t *testing.T) {
	require.False(t, belowChance([]float64{0, 1, 0}, 1))
	require.True(t, belowChance([]float64{0, -1, 0}, 1))
	require.True(t, belowChance([]float64{1e4, 0, 0}, 1))
	require.False(t, belowChance([]float64{-1e4, 0, 0}, 1))
}
