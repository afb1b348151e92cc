package attacks

import (
	"math"
	"testing"

	"github.com/stretchr/testify/require"
	"gonum.org/v1/gonum/stat/combin"
)

// The scores of TestDeLongByHand in four clusters of two. The clusters'
// components are (−.6875+.0625)/4, (.3125+.3125)/4, (.0625+.0625)/4 and
// (.0625−.1875)/4, their squares sum to .05078125, and with k/(k−1) = 4/3 and
// Student's 97.5% point for 3 degrees of freedom, 3.182446 (any table), the
// interval is known.
func TestDeLongClusteredByHand(t *testing.T) {
	iv, err := DeLongClustered([]float64{0, 4, 6, 7}, []float64{1, 2, 3, 5}, []int{8, 8, 3, 3}, []int{1, 1, 5, 5}, .95)
	require.NoError(t, err)
	require.Equal(t, 11.0/16, iv.Estimate)
	h := 3.182446305284263 * math.Sqrt(.05078125*4/3) / (11.0 / 16 * 5 / 16)
	logit := math.Log(11.0 / 5)
	require.InDelta(t, 1/(1+math.Exp(h-logit)), iv.Low, 1e-9)
	require.InDelta(t, 1/(1+math.Exp(-h-logit)), iv.High, 1e-9)
	require.False(t, iv.Degenerate)
}

// Models whose own shift is all there is: under the null each order of the
// models is as likely as any other. Of a and a models with many scores each,
// all orders are tried, and no more than the level allows may exclude ½.
func TestClusteredFewModelsExactNull(t *testing.T) {
	const scores = 15
	for _, a := range []int{1, 2, 3, 4, 5} {
		orders := combin.Combinations(2*a, a)
		wrong := 0
		for _, members := range orders {
			var in, out []float64
			var ci, co []int
			isMember := map[int]bool{}
			for _, m := range members {
				isMember[m] = true
			}
			for m := range 2 * a {
				for i := range scores {
					if v := float64(m) + float64(i)/100; isMember[m] {
						in, ci = append(in, v), append(ci, m)
					} else {
						out, co = append(out, v), append(co, m)
					}
				}
			}
			iv, err := DeLongClustered(in, out, ci, co, .95)
			require.NoError(t, err)
			wrong += miss(iv, .5)
			if members[0] == a { // all members above all others
				require.InDelta(t, math.Pow(.025, 1/float64(a)), iv.Low, 1e-12, "one pair a model")
				require.True(t, iv.Degenerate)
			}
		}
		t.Logf("%d+%d models: %d of %d orders exclude ½", a, a, wrong, len(orders))
		require.LessOrEqual(t, float64(wrong), .05*float64(len(orders)), "%d+%d models", a, a)
	}
}

// Two models that agree in everything show no spread: no verdict can rest on
// them, though their interval has no width and excludes ½.
func TestNoVerdictWithoutSpread(t *testing.T) {
	in, out := []float64{2, 4, 2, 4}, []float64{1, 3, 1, 3}
	iv, err := DeLongClustered(in, out, []int{0, 0, 1, 1}, []int{0, 0, 1, 1}, .95)
	require.NoError(t, err)
	require.Equal(t, Interval{Estimate: .75, Low: .75, High: .75, Level: .95, Method: "delong-clustered", Degenerate: true}, iv)
	require.Equal(t, NothingFound, finding(iv, iv))
	down := Interval{Estimate: .25, Low: .25, High: .25, Degenerate: true}
	require.Equal(t, NothingFound, finding(iv, down))
	// Perfect separation shows none either, but has a bound.
	perfect := Interval{Estimate: 1, Low: .6, High: 1, Degenerate: true}
	require.Equal(t, UnderUnlearned, finding(perfect, perfect))
	require.Equal(t, OverUnlearned, finding(perfect, Interval{Low: 0, High: .4, Degenerate: true}))
	require.Equal(t, Distinguishable, finding(perfect, Interval{Low: .4, High: .6}))
}

// Two perfect separations, one each way, of two examples: an AUC difference of
// ±1 whose variance is estimated as 0, from next to nothing.
func TestReportNeedsMoreThanTwoExamples(t *testing.T) {
	up, down := Sample{Forgotten: []float64{3, 4}, Unseen: []float64{1, 2}}, Sample{Forgotten: []float64{1, 2}, Unseen: []float64{3, 4}}
	for want, s := range map[float64][2]Sample{1: {up, down}, -1: {down, up}} {
		r, err := NewReport(s[0], s[1], s[0], ReportConfig{})
		require.NoError(t, err)
		c := r.Rows[2].ToRetrained
		require.Equal(t, []float64{want, want}, []float64{c.AUC.Low, c.AUC.High})
		require.True(t, c.AUC.Degenerate)
		require.Equal(t, NothingFound, c.Finding)
	}
}
