package audit

import (
	"math"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/miniunlearn/miniunlearn/attacks"
)

// TestCompareTakesEachSetOnce: of two models of one training set one counts.
// Models of even sets answer around 10 and those of odd sets around −10,
// whether they forgot or were retrained. Forgotten ones of even sets against
// retrained ones of odd sets are apart, F = 2/2^13; all against all, or even
// against even, would be alike.
func TestCompareTakesEachSetOnce(t *testing.T) {
	for _, models := range []int{8, 9} {
		var forgotten, retrained []float64
		for m := range models {
			at := 10.0 - 20*float64(m%2)
			forgotten = append(forgotten, at+float64(m)/10, at-float64(m)/10)
			retrained = append(retrained, at+float64(m)/10, at-float64(m)/10)
		}
		row := &Row{}
		require.NoError(t, row.compare(forgotten, retrained, 2, 0.95, 1))
		require.Equal(t, 2*math.Exp2(-13), row.Forgetting.F)
		require.Zero(t, row.KLOM.MeanW1, "which compares all")
		// 70 labellings of 4+4 and the mirror image of the best, or 126 of 5+4.
		require.InDelta(t, map[int]float64{8: 2.0 / 70, 9: 1.0 / 126}[models], row.Forgetting.MinPValue, 1e-15)
	}
	// Two against two cannot reject, and fewer are not compared.
	row := &Row{}
	require.NoError(t, row.compare([]float64{1, 2, 3, 4}, []float64{-1, -2, -3, -4}, 1, 0.95, 1))
	require.InDelta(t, 2.0/6, row.Forgetting.MinPValue, 1e-15)
	require.False(t, row.Forgetting.PValue.Exists())
	row = &Row{}
	require.NoError(t, row.compare([]float64{1, 2, 3}, []float64{1, 2, 3}, 1, 0.95, 1))
	require.Nil(t, row.Forgetting)
}

// TestCalibrateByHand: of three Out models two examples have the answers 0, 3,
// 6 and 1, 1, 1: sums of squares 18 and 0, pooled variance 18/4 and, worth four
// models, standard deviations √((4·4.5+18)/6) and √((4·4.5+0)/6). What In and
// Forgotten models answer does not count.
func TestCalibrateByHand(t *testing.T) {
	o, in, forgotten := attacks.Out, attacks.In, attacks.Forgotten
	c := calibrate(&attacks.Shadows{
		Models: 5, Examples: 2,
		Signal: []float64{0, 1, 3, 1, 6, 1, 90, 90, -90, 90},
		State:  []attacks.State{o, o, o, o, o, o, in, forgotten, forgotten, in},
	})
	require.Equal(t, []float64{3, 1}, c.mean)
	require.InDelta(t, math.Sqrt(6), c.sd[0], 1e-15)
	require.InDelta(t, math.Sqrt(3), c.sd[1], 1e-15)
	require.InDelta(t, 3/math.Sqrt(6), c.standardise(0, 6), 1e-15)
	require.InDelta(t, -2/math.Sqrt(3), c.standardise(1, -1), 1e-15)
}
