package attacks

import (
	"math"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"
	"gonum.org/v1/gonum/stat/distuv"
)

// pools draws shadows and targets whose retained examples lie in deviations higher;
// what is drawn besides the states depends on noise.
func (w world) pools(seed, noise uint64) Pools {
	draw := func(models int, part uint64) *Shadows {
		w.models = models
		s := w.draw(seed + part)
		rng := rand.New(rand.NewPCG(noise, part))
		for m := range s.Models {
			common := w.common * rng.NormFloat64()
			for e := range s.Examples {
				i := m*s.Examples + e
				s.Signal[i] = float64(e%7) + common + rng.NormFloat64()
				if s.State[i] == In {
					s.Signal[i] += w.in
				}
			}
		}
		return s
	}
	return Pools{draw(w.models, 1000), draw(w.models/2, 2000)}
}

// TestRetainedHarm: where what models retain lies d deviations above what they never
// saw, of equal variance, the likelihood ratio has the AUC Φ(d/√2) (Green and Swets
// 1966): 2 for the method and 1 for retraining make a harm of 0.921 − 0.760.
func TestRetainedHarm(t *testing.T) {
	none := math.NaN()
	w := world{models: 200, examples: 60, in: 2, forgotten: none}
	less := w
	less.in = 1
	h, err := MeasureRetainedHarm(t.Context(), LiRA{Fit: Pooled}, w.pools(1, 1), less.pools(1, 2), 0)
	require.NoError(t, err)
	auc := func(d float64) float64 { return distuv.UnitNormal.CDF(d / math.Sqrt2) }
	require.InDelta(t, auc(2), h.Method.Estimate, .01)
	require.InDelta(t, auc(1), h.Retrained.Estimate, .01)
	require.Equal(t, h.Method.Estimate-h.Retrained.Estimate, h.Difference.Estimate)
	require.True(t, h.Difference.Contains(auc(2)-auc(1)), "%v", h.Difference)
	require.Less(t, h.Difference.High-h.Difference.Low, .04)
	// A method that protects more than retraining does has a harm below 0.
	protects, err := MeasureRetainedHarm(t.Context(), LiRA{Fit: Pooled}, less.pools(1, 2), w.pools(1, 1), 0)
	require.NoError(t, err)
	require.Equal(t, -h.Difference.Estimate, protects.Difference.Estimate)
	require.InDelta(t, -h.Difference.High, protects.Difference.Low, 1e-12)
	// The same models do no harm, without a doubt.
	same, err := MeasureRetainedHarm(t.Context(), LiRA{Fit: Pooled}, w.pools(1, 1), w.pools(1, 1), 0)
	require.NoError(t, err)
	require.Equal(t, Interval{Level: .95, Method: "delong-paired-by-model", Degenerate: true}, same.Difference)
}

// TestRetainedHarmNull: of methods like retraining, whose models each have a shift of
// their own, no more than one in ten shows a harm at 0.9.
func TestRetainedHarmNull(t *testing.T) {
	w := world{models: 24, examples: 30, in: 1, forgotten: math.NaN(), common: .5}
	wrong, n := 0, trials()/2
	for i := range uint64(n) {
		h, err := MeasureRetainedHarm(t.Context(), LiRA{Fit: Shrunk}, w.pools(i, 2*i), w.pools(i, 2*i+1), .9)
		require.NoError(t, err)
		if !h.Difference.Contains(0) {
			wrong++
		}
	}
	t.Logf("%d of %d at nominal 0.1", wrong, n)
	requireRateAtMost(t, wrong, n, .1)
}

func TestRetainedHarmBadInput(t *testing.T) {
	w := world{models: 12, examples: 5, in: 1, forgotten: math.NaN()}
	_, err := MeasureRetainedHarm(t.Context(), LiRA{Fit: Shrunk}, w.pools(1, 1), w.pools(2, 1), 0)
	require.ErrorIs(t, err, ErrShape)
	require.ErrorContains(t, err, "differ in what they retain")
	// Each of these plays, but not against the method's: other shadows, the same states
	// in another shape, and other groups.
	for name, change := range map[string]func(p *Pools){
		"shadows": func(p *Pools) { p.Shadows = w.pools(2, 2).Shadows },
		"targets": func(p *Pools) {
			p.Targets.Models, p.Targets.Examples = p.Targets.Examples, p.Targets.Models
			p.Shadows = (world{models: 12, examples: p.Targets.Examples, in: 1, forgotten: math.NaN()}).pools(1, 1).Shadows
		},
		"groups": func(p *Pools) { p.Targets.Group = []int{0, 0, 1, 1, 2, 2} },
	} {
		other := w.pools(1, 2)
		change(&other)
		_, err = MeasureRetainedHarm(t.Context(), LiRA{Fit: Shrunk}, w.pools(1, 1), other, 0)
		require.ErrorIs(t, err, ErrShape, name)
		require.ErrorContains(t, err, "differ in what they retain", name)
	}
	own := w.pools(1, 2)
	own.Targets.Group = []int{0, 1, 2, 3, 4, 5} // as nil means
	_, err = MeasureRetainedHarm(t.Context(), LiRA{Fit: Shrunk}, w.pools(1, 1), own, 0)
	require.NoError(t, err)
	_, err = MeasureRetainedHarm(t.Context(), LiRA{Fit: Shrunk}, w.pools(1, 1), Pools{}, 0)
	require.ErrorIs(t, err, ErrEmpty)
	require.ErrorContains(t, err, "retrained")
	_, err = MeasureRetainedHarm(t.Context(), LiRA{Fit: Shrunk}, w.pools(1, 1), w.pools(1, 1), 95)
	require.ErrorIs(t, err, ErrRange)
	w.in = math.NaN()
	_, err = MeasureRetainedHarm(t.Context(), LiRA{Fit: Shrunk}, w.pools(1, 1), w.pools(1, 1), 0)
	require.ErrorIs(t, err, ErrTooFewShadows)
}
