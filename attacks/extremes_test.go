package attacks_test

import (
	"math"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/miniunlearn/miniunlearn/attacks"
)

// TestExtremes: right values where sums, products or squares leave the float64 numbers
// and the results do not.
func TestExtremes(t *testing.T) {
	w1 := func(a, b []float64) float64 {
		t.Helper()
		w, err := attacks.Wasserstein1(a, b)
		require.NoError(t, err)
		return w
	}
	far := []float64{1e308, -1e308}
	require.Zero(t, w1(far, far))
	require.InEpsilon(t, 1e308, w1(far, []float64{0, 0}), 1e-14)
	require.InEpsilon(t, 1.6e308, w1([]float64{1.7e308, 1.7e308, 1.7e308}, []float64{1e307, 1e307}), 1e-14)
	require.True(t, math.IsInf(w1([]float64{1.7e308}, []float64{-1.7e308}), 1), "no float64 number")

	excess, err := attacks.MarginExcess([]float64{1.7e308, 1.7e308, 1.4e308}, []float64{1.6e308, 1.6e308, 1.6e308})
	require.NoError(t, err)
	require.InDelta(t, 0, excess, 1e295)

	// Logits count by their differences only.
	for _, z := range []float64{0, 1e17, -1e17, 1.7e308, -1.7e308} {
		for _, c := range []struct {
			signal attacks.Signal
			want   float64
		}{
			{attacks.SignalLogitGap, -math.Ln2}, {attacks.SignalLoss, -math.Log(3)}, {attacks.SignalConfidence, 1. / 3},
			{attacks.SignalEntropy, -math.Log(3)}, {attacks.SignalModifiedEntropy, -2./3*math.Log(3) - 2./3*math.Log(1.5)},
		} {
			got, err := attacks.Scores(c.signal, []float64{z, z, z}, 3, []int{1})
			require.NoError(t, err)
			require.InEpsilon(t, c.want, got[0], 1e-14, "%v of %g", c.signal, z)
		}
	}

	for _, unit := range []float64{1e-300, 1e-200, 1, 1e200, 3e307} {
		d, err := attacks.ParamDistances([]float64{3 * unit, 0}, []float64{0, 4 * unit}, []float64{0, 0}, nil)
		require.NoError(t, err)
		require.InEpsilon(t, 5, d[0].Absolute/unit, 1e-14, "%g", unit)
		require.InEpsilon(t, 1.25, float64(d[0].Relative), 1e-14, "%g", unit)
	}

	// All of three guesses right at ε = 0: 1/8; more than there are: never.
	require.InEpsilon(t, 0.125, attacks.OneRunPValue(10, 3, 3, 0, 0), 1e-14)
	require.Zero(t, attacks.OneRunPValue(10, 3, 4, 0, 0))
	require.Zero(t, attacks.OneRunPValue(10, 3, 3, math.Inf(-1), 0))
	require.EqualValues(t, 1, attacks.OneRunPValue(10, 3, 3, math.Inf(1), 0))
	require.Panics(t, func() { attacks.OneRunPValue(10, 3, 3, math.NaN(), 0) })
	require.Panics(t, func() { attacks.OneRunPValue(2, 3, 3, 1, 0) })
}
