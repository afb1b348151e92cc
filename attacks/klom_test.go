package attacks

import (
	"math"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestKLOMKnownAnswers(t *testing.T) {
	rng := rand.New(rand.NewPCG(35, 1))
	x := models(rng, 40, 6, 0)
	r, err := KLOM{}.Score(x, x, 6)
	require.NoError(t, err)
	require.Zero(t, r.MeanKL)
	require.Zero(t, r.MeanReverse)
	require.Zero(t, r.MeanKS)
	require.Zero(t, r.MeanW1)
	r, err = KLOM{}.Score(constants(1, 10), constants(-1, 10), 1)
	require.NoError(t, err)
	require.InDelta(t, 11.5129, r.MeanKL, 1e-4)
	require.Equal(t, math.Log(1e5), r.KL[0])
	require.Equal(t, 1.0, r.MeanKS)
	require.Equal(t, 2.0, r.MeanW1)
	r, err = KLOM{}.Score(constants(3, 10), constants(3, 10), 1)
	require.NoError(t, err)
	require.Zero(t, r.KL95)
	r, err = KLOM{Clip: 2}.Score(constants(1e6, 4), constants(2, 4), 1)
	require.NoError(t, err)
	require.Zero(t, r.MeanW1, "clipped")
}

// The values are those of EasyDUB's binned_kl_divergence (easydub/eval.py) under
// numpy 2.4 on the same deterministic samples, 100 quantiles of each Gaussian.
func TestKLOMAsPublished(t *testing.T) {
	scaled := func(mu, sigma float64) []float64 {
		return mapped(shifted(0, 100), func(z float64) float64 { return sigma*z + mu })
	}
	for _, c := range []struct {
		name              string
		unlearned, oracle []float64
		kl, reverse       float64
	}{
		{"N(6,1) against N(4,2)", scaled(6, 1), scaled(4, 2), 0.8275358774493501, 2.8181847916502765},
		{"N(4,2) against N(4,1)", scaled(4, 2), scaled(4, 1), 1.190437724004447, 0.31699661481321817},
	} {
		r, err := KLOM{Published: true}.Score(c.unlearned, c.oracle, 1)
		require.NoError(t, err)
		require.InDelta(t, c.kl, r.KL[0], 1e-12, c.name)
		require.InDelta(t, c.reverse, r.Reverse[0], 1e-12, c.name)
		ours, err := KLOM{}.Score(c.unlearned, c.oracle, 1)
		require.NoError(t, err)
		require.InDelta(t, c.kl, ours.KL[0], 0.1, "one margin of a hundred is all that differs")
	}
}

// With many models the estimates come to the closed form, KL(N(6,1) ‖ N(4,2)) =
// ln 2 + 5/8 − 1/2, or below it where bins and the floor hide tails: KL(N(4,2) ‖
// N(4,1)) = −ln 2 + 2 − 1/2.
func TestKLOMApproachesClosedForm(t *testing.T) {
	rng := rand.New(rand.NewPCG(37, 1))
	const models, examples = 20_000, 4
	draw := func(mu, sigma float64) []float64 { return normals(rng, mu, sigma, models*examples) }
	r, err := KLOM{}.Score(draw(6, 1), draw(4, 2), examples)
	require.NoError(t, err)
	require.InDelta(t, math.Ln2+5.0/8-.5, r.MeanKL, .03)
	r, err = KLOM{}.Score(draw(4, 2), draw(4, 1), examples)
	require.NoError(t, err)
	require.Less(t, r.MeanKL, -math.Ln2+2-.5)
	require.Greater(t, r.MeanKL, .6)
}

// Oracles against oracles: EasyDUB's 100 models have a 95th percentile of about
// 0.65, and the null of two halves of 200 finds it.
func TestKLOMFloor(t *testing.T) {
	rng := rand.New(rand.NewPCG(38, 1))
	const examples = 1000
	r, err := KLOM{}.Score(normals(rng, 0, 1, 200*examples), normals(rng, 0, 1, 200*examples), examples)
	require.NoError(t, err)
	require.Equal(t, 100, r.Null.Models)
	require.InDelta(t, .35, r.Null.MeanKL, .03)
	require.InDelta(t, .65, r.Null.KL95, .07)
	require.InDelta(t, r.Null.MeanKL, r.Null.UnlearnedMeanKL, .03)
	require.Empty(t, r.Warning)
	few, err := KLOM{}.Score(normals(rng, 0, 1, 8*examples), normals(rng, 0, 1, 8*examples), examples)
	require.NoError(t, err)
	require.InDelta(t, 6.4, few.MeanKL, .2)
	require.Contains(t, few.Warning, "KLOM of 8 models is mostly bias; 100 of each kind would do")
	three, err := KLOM{}.Score([]float64{1, 2, 3}, []float64{1, 2, 3}, 1)
	require.NoError(t, err)
	require.Nil(t, three.Null)
}

// The null must not see what an unlearned model and its oracle share: rows of
// one index are equal, rows of two are far apart.
func TestKLOMNullTakesOtherRows(t *testing.T) {
	var x []float64
	for m := range 8 {
		x = append(x, float64(m%2)*10)
	}
	r, err := KLOM{}.Score(x, x, 1)
	require.NoError(t, err)
	require.Zero(t, r.MeanKL)
	require.Equal(t, math.Log(1e5), r.Null.MeanKL)
	require.Equal(t, math.Log(1e5), r.Null.UnlearnedMeanKL)
}

// The published binning is half open and drops the largest value.
func TestDefectKLOMLargestSample(t *testing.T) {
	h := spanOf([]float64{0, 10}).histogram([]float64{0, 1, 2, 3, 10}, 20)
	require.InDelta(t, .2, h[19], 1e-15)
	require.InDelta(t, 1, sum(h), 1e-15)
	// One of ten oracles' margins is the largest: without it the reverse would be 0.
	u, v := constants(0, 10), append(constants(0, 9), 1)
	r, err := KLOM{}.Score(u, v, 1)
	require.NoError(t, err)
	require.InDelta(t, .9*math.Log(.9)+.1*math.Log(.1/1e-5), r.Reverse[0], 1e-12)
	require.InDelta(t, math.Log(1/.9), r.KL[0], 1e-12)
	r, err = KLOM{Published: true}.Score(u, v, 1)
	require.NoError(t, err)
	require.Zero(t, r.Reverse[0])
	r, err = KLOM{Published: true}.Score(constants(0, 4), constants(1, 4), 1)
	require.NoError(t, err)
	require.Equal(t, math.Log(1e5), r.KL[0], "all oracles dropped: every bin is empty")
}

// Differences of float64 numbers can overflow and underflow.
func TestSpans(t *testing.T) {
	const tiny = 5e-324
	for _, c := range []struct {
		lo, hi float64
		want   []float64 // histogram of both ends in 4 bins
	}{
		{-1e308, 1e308, []float64{.5, 0, 0, .5}},
		{-math.MaxFloat64, math.MaxFloat64, []float64{.5, 0, 0, .5}},
		{0, tiny, []float64{.5, 0, 0, .5}},
		{-1e-310, 0, []float64{.5, 0, 0, .5}},
		{2, 2, []float64{1, 0, 0, 0}},
	} {
		x := []float64{c.lo, c.hi}
		require.Equal(t, c.want, spanOf(x).histogram(x, 4))
		d := spanOf(x).drawable()
		require.Greater(t, (d.hi-d.lo)/40, 0.0)
		require.False(t, math.IsInf(d.hi-d.lo, 0))
		require.LessOrEqual(t, d.lo, max(c.lo, -1e300))
		require.GreaterOrEqual(t, d.hi, min(c.hi, 1e300))
	}
	require.Equal(t, span{-1, 1}, spanOf([]float64{inf}).drawable())
	k, err := KLOM{Clip: math.MaxFloat64}.Score([]float64{-1e308, -1e308}, []float64{1e308, 1e308}, 1)
	require.NoError(t, err)
	require.Equal(t, math.Log(1e5), k.KL[0])
	require.Equal(t, -1e308, quantile([]float64{-1e308, 1e308}, 0))
	require.Zero(t, quantile([]float64{-1e308, 1e308}, .5))
}
