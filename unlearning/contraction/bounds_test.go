package contraction

import (
	"math"
	"testing"

	"github.com/stretchr/testify/require"
)

// TestBounds: products are kept whole, or as much of them as the formulas of bounds say.
func TestBounds(t *testing.T) {
	b := bounds{momentum: 0.9, noise: 0.5}
	for _, tc := range []struct{ rate, along, square, variance, want float64 }{
		{1, 1, 3.8, 0.1, 1},      // 2 (1+β) dᵀh, and 2 θ (1−β) dᵀh: both just kept to
		{1, 1, 7.6, 0, 0.5},      // twice as steep
		{2, 1, 3.8, 0, 0.5},      // twice the rate
		{1, 1, 0, 0.2, 0.5},      // twice the chance
		{1, 1, 7.6, 0.4, 0.25},   // both: the smaller one
		{1, 0, 1, 0, 0},          // along nothing that d has
		{1, -1, 1, 1, 0},         // a product that lengthens d whatever is kept of it
		{1, 0, 0, 0, 1},          // no product
		{0, 0, 1, 1, 1},          // no step
		{1, math.NaN(), 1, 1, 1}, // left to what looks for numbers that are not finite
		{1, 1e-300, 1e300, 0, 0}, // no underflow but to nothing
	} {
		require.InDelta(t, tc.want, b.keep(tc.rate, tc.along, tc.square, tc.variance), 1e-12, "%+v", tc)
	}
	// A step of a quadratic of curvature c along d, shortened, makes it no longer: without
	// momentum h = c d, and 1 − η k c ≥ −1.
	for _, c := range []float64{0.1, 1, 10, 1000} {
		keep := bounds{noise: 1}.keep(1, c, c*c, 0)
		require.InDelta(t, min(c, 2), keep*c, 1e-12)
	}
}
