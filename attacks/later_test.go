package attacks

import (
	"context"
	"math"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/miniunlearn/miniunlearn/internal/purpose"
)

// Values of the public code's interpolate_appro (unlearning_lib/metrics/iam_score.py)
// with its arithmetic under numpy 2.4 and scipy 1.17.
func TestIAMAsPublished(t *testing.T) {
	logs := func(p ...float64) []float64 { return mapped(p, math.Log) }
	before, unlearned := logs(.99, .9, .999, .6), logs(.7, .9, .2, .61)
	shadows := logs(.6, .5, .7, .5, .8, .3, .5, .55, .4, .6, .9, .2)
	got, err := IAM{}.Completeness(before, unlearned, shadows)
	require.NoError(t, err)
	require.InDeltaSlice(t, []float64{0.94106905, 0.24880054, 1, 0.35102762}, got, 1e-8)
	got, err = IAM{Steps: 10}.Completeness(before, unlearned, shadows[:4])
	require.NoError(t, err)
	require.InDeltaSlice(t, []float64{0.92010936, 0.20809109, 1, 0.3524123}, got, 1e-8)
	for _, c := range []struct {
		before, unlearned, shadows []float64
		is                         error
	}{
		{before[:3], unlearned, shadows, ErrShape},
		{before, unlearned, shadows[:5], ErrShape},
		{before, []float64{1, 1, 1, 1}, shadows, ErrRange},
		{before, nil, shadows, ErrEmpty},
		{before, unlearned, []float64{math.NaN(), 0, 0, 0}, ErrNotFinite},
	} {
		_, err := IAM{}.Completeness(c.before, c.unlearned, c.shadows)
		require.ErrorIs(t, err, c.is)
	}
	_, err = IAM{Steps: 1}.Completeness(before, unlearned, shadows)
	require.ErrorIs(t, err, ErrRange)
	// Answers that do not vary: a step.
	got, err = IAM{}.Completeness(logs(.5), logs(.4), logs(.5))
	require.NoError(t, err)
	require.Equal(t, []float64{1}, got)
}

// Three models in each state: scikit-learn 1.9's KernelDensity of bandwidth 1.
func TestRULIByHand(t *testing.T) {
	s := &Shadows{Models: 6, Examples: 1, Signal: []float64{1, 2, 4.5, 0, -1, 2}, State: []State{Forgotten, Forgotten, Forgotten, Out, Out, Out}}
	for v, want := range map[float64]float64{1.5: 0.3504093099708623, -30: -60.00000000000017, 3: 0.5457066041897718} {
		got, err := Score(t.Context(), RULI{}, s, Privacy, Answers{Examples: 1, Augs: 1, Signal: []float64{v}})
		require.NoError(t, err)
		require.InDelta(t, want, got[0], 1e-9)
	}
	_, err := Score(t.Context(), RULI{}, s, Efficacy, Answers{Examples: 1, Augs: 1, Signal: []float64{1}})
	require.ErrorContains(t, err, `never "in" among the models used; one would do`)
	_, err = Score(t.Context(), RULI{Bandwidth: -1}, s, Privacy, Answers{Examples: 1, Augs: 1, Signal: []float64{1}})
	require.ErrorIs(t, err, ErrRange)
}

// Every second example is known by heart and left; the others have nothing to forget.
func TestRULIProtocol(t *testing.T) {
	s := world{models: 60, examples: 80, in: 0, forgotten: 0}.draw(1)
	vulnerable := make([]bool, 80)
	for i, st := range s.State {
		if e := i % 80; e%2 == 0 {
			vulnerable[e] = true
			if st != Out {
				s.Signal[i] += 3
			}
		}
	}
	a, b, err := SplitModels(s, 1)
	require.NoError(t, err)
	r, err := RULI{}.Audit(t.Context(), a, b, vulnerable)
	require.NoError(t, err)
	require.Greater(t, r.PrivacyVulnerable.AUC.Low, .9)
	require.True(t, r.PrivacyProtected.AUC.Contains(.5))
	require.True(t, r.EfficacyVulnerable.AUC.Contains(.5), "nothing was done")
	_, err = RULI{}.Audit(t.Context(), a, b, vulnerable[1:])
	require.ErrorIs(t, err, ErrShape)
	_, err = RULI{}.Audit(t.Context(), a, b, make([]bool, 80))
	require.ErrorContains(t, err, "2 of each would do")
}

// The 0.9 quantile of y = 1 + 2x + N(0, 1) is 1 + 2x + 1.2816.
func TestQuantileFit(t *testing.T) {
	rng := rand.New(rand.NewPCG(6, 1))
	const n = 20_000
	x, y := normals(rng, 5, 3, n), make([]float64, n)
	for i := range y {
		y[i] = 1 + 2*x[i] + rng.NormFloat64()
	}
	f, err := QuantileMIA{Width: 1, Quantile: .9, L2: 1e-9}.Fit(t.Context(), x, y)
	require.NoError(t, err)
	below := 0
	for i := range y {
		if y[i] < f.At(x[i:i+1]) {
			below++
		}
	}
	require.InDelta(t, .9, float64(below)/n, .02)
	for _, at := range []float64{0, 5, 10} {
		require.InDelta(t, 1+2*at+1.2816, f.At([]float64{at}), .15)
	}
}

// Members lie a deviation above what examples of their difficulty answer; difficulty
// spreads far wider. A threshold on the signal sees little, the quantile all there is.
func TestQuantileMIA(t *testing.T) {
	rng := rand.New(rand.NewPCG(7, 1))
	const examples = 2000
	s := &Shadows{Models: 2, Examples: examples}
	features := normals(rng, 0, 1, 2*examples)
	for range s.Models {
		for e := range examples {
			st := State(rng.IntN(2))
			s.State = append(s.State, st)
			s.Signal = append(s.Signal, 8*features[2*e]-3*features[2*e+1]+float64(st)+rng.NormFloat64())
		}
	}
	shadow, target := s.pick(func(m int) bool { return m == 0 }), s.pick(func(m int) bool { return m == 1 })
	auc := map[string]float64{}
	for _, a := range []Attack{QuantileMIA{Features: features, Width: 2}, Threshold{}} {
		g, err := Play(t.Context(), a, shadow, target, Membership)
		require.NoError(t, err)
		auc[a.Name()], err = AUC(g.Positive, g.Negative)
		require.NoError(t, err)
		if a.Name() == "quantile" {
			fpr := float64(countAtLeast(g.Negative, 0)) / float64(len(g.Negative))
			require.InDelta(t, .05, fpr, .02, "score 0 is the quantile")
		}
	}
	require.InDelta(t, .7602, auc["quantile"], .03, "the Gaussian shift of one deviation")
	require.Less(t, auc["threshold"], .57)
	for _, c := range []struct {
		q  QuantileMIA
		is error
	}{
		{QuantileMIA{Features: features, Width: 3}, ErrShape},
		{QuantileMIA{Features: features, Width: 2, Quantile: 2}, ErrRange},
		{QuantileMIA{Features: features, Width: 2, L2: -1}, ErrRange},
	} {
		_, err := Play(t.Context(), c.q, shadow, target, Membership)
		require.ErrorIs(t, err, c.is)
	}
	_, err := QuantileMIA{Width: 2}.Fit(t.Context(), features[:40], s.Signal[:20])
	require.ErrorContains(t, err, "20 signals for 2 features; 30 would do")
	ctx, stop := context.WithCancel(t.Context())
	stop()
	_, err = QuantileMIA{Width: 2}.Fit(ctx, features, s.Signal[:examples])
	require.Error(t, err)
	// A constant feature, and constant signals.
	f, err := QuantileMIA{Width: 1}.Fit(t.Context(), constants(2, 50), constants(3, 50))
	require.NoError(t, err)
	require.Equal(t, 3.0, f.At([]float64{2}))
}

// A binary linear model: the boundary along a unit direction u is |gap|/(w·u) away where
// w·u points to it, and beyond Most elsewhere.
func TestLabelDistances(t *testing.T) {
	m := linearModel{w: []float64{0, 1}, classes: 2} // one feature: class 1 iff x > 0
	deviation := []float32{1}
	x := []float32{0.5, 3, -1, 20}
	got, err := LabelDistances(t.Context(), LabelOnly{Directions: 64, Steps: 12, Seed: 3}, m, x, []int32{1, 1, 1, 1}, deviation, 2)
	require.NoError(t, err)
	require.Zero(t, got[2], "answered wrongly")
	require.InDelta(t, 8, got[3], 1e-9, "farther than is looked")
	// In one dimension half of the directions lead away, where nothing is found up to 8.
	for i, gap := range []float64{.5, 3} {
		rng := purpose.Rand(3, purpose.Direction, uint64(i))
		want := 0.0
		for range 64 {
			if rng.NormFloat64() < 0 {
				want += gap / 64
			} else {
				want += 8.0 / 64
			}
		}
		require.InDelta(t, want, got[i], .01)
	}
	require.Greater(t, got[1], got[0])
	for _, c := range []struct {
		l      LabelOnly
		x      []float32
		labels []int32
		is     error
	}{
		{LabelOnly{}, nil, nil, ErrEmpty},
		{LabelOnly{}, []float32{1, 2}, []int32{1}, ErrShape},
		{LabelOnly{Most: -1}, []float32{1}, []int32{1}, ErrRange},
		{LabelOnly{Steps: -1}, []float32{1}, []int32{1}, ErrRange},
		{LabelOnly{}, []float32{1}, []int32{5}, ErrLabel},
	} {
		_, err := LabelDistances(t.Context(), c.l, m, c.x, c.labels, deviation, 2)
		require.ErrorIs(t, err, c.is)
	}
}
