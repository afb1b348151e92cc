package unlearning

import (
	"math"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/miniunlearn/miniunlearn/unlearning/contraction"
	"github.com/miniunlearn/miniunlearn/unlearning/defaults"
)

// TestConflictRule: a set conflicts by angle and part, unless few examples of
// more say so.
func TestConflictRule(t *testing.T) {
	for _, tc := range []struct {
		contraction.LogitSum
		want bool
	}{
		{contraction.LogitSum{Cosine: -0.6, Part: 0.2, Used: defaults.SampleLeast, Noise: 0.1}, true},
		{contraction.LogitSum{Cosine: -0.6, Part: 0.2, Used: defaults.SampleLeast - 1, Noise: 0.1}, false},
		{contraction.LogitSum{Cosine: -0.6, Part: 0.2, Used: 20}, true}, // all there are
		{contraction.LogitSum{Cosine: -0.4, Part: 0.2, Used: defaults.SampleLeast}, false},
		{contraction.LogitSum{Cosine: -0.6, Part: 0.05, Used: defaults.SampleLeast}, false},
		{contraction.LogitSum{Cosine: math.NaN(), Part: math.NaN(), Used: 1}, false},
	} {
		require.Equal(t, tc.want, conflicting(&tc.LogitSum), "%+v", tc.LogitSum)
	}
}
