package graph_test

import (
	"math"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/miniunlearn/miniunlearn/graph"
)

// TestFinite: one bad number anywhere is found, and squares that overflow are
// not taken for one.
func TestFinite(t *testing.T) {
	require.True(t, graph.FromSlice([]float32{}, 0).Finite())
	for _, n := range []int{1, 7, 8, 40, 1001} {
		small, large := make([]float32, n), make([]float64, n)
		for i := range n {
			small[i], large[i] = math.MaxFloat32, -math.MaxFloat64
		}
		require.True(t, graph.FromSlice(small).Finite())
		require.True(t, graph.FromSlice(large).Finite())
		for _, at := range []int{0, n / 2, n - 1} {
			for _, bad := range []float64{math.NaN(), math.Inf(1), math.Inf(-1)} {
				small[at], large[at] = float32(bad), bad
				require.False(t, graph.FromSlice(small).Finite(), "%g at %d of %d", bad, at, n)
				require.False(t, graph.FromSlice(large).Finite(), "%g at %d of %d", bad, at, n)
				small[at], large[at] = 0, 0
			}
		}
	}
}
