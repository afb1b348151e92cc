package attacks

import (
	"math"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestEpsilonPerfectSeparation(t *testing.T) {
	for _, tc := range []struct {
		n           int
		alpha, want float64
	}{
		{500, .01, 4.541915810224092},
		{100, .05, 3.2813463491},
		{1000, .05, 5.6005875313},
	} {
		got, err := EpsilonFromCounts(tc.n, tc.n, 0, tc.n, 0, tc.alpha)
		require.NoError(t, err)
		require.InDelta(t, tc.want, got, 1e-10)
		b, err := EpsilonLowerBound(shifted(100, tc.n), shifted(0, tc.n),
			EpsilonConfig{Policy: Explicit, Threshold: 50, Alpha: tc.alpha, OneSided: true})
		require.NoError(t, err)
		require.InDelta(t, tc.want, b.Epsilon, 1e-10)
		require.Equal(t, Float(50), b.Threshold)
	}
}

func TestEpsilonFromRatesKnownAnswers(t *testing.T) {
	// The NeurIPS'23 pairs, as TPR = 1 − FNR.
	got, err := EpsilonFromRates(.9, .1, 1e-5)
	require.NoError(t, err)
	require.InDelta(t, 2.197213466, got, 1e-9)
	got, err = EpsilonFromRates(.5, .01, 1e-5)
	require.NoError(t, err)
	require.InDelta(t, 3.912003005, got, 1e-9)
	got, err = EpsilonFromRates(1, 0, 0)
	require.NoError(t, err)
	require.Equal(t, inf, got)
	got, err = EpsilonFromRates(.2, .4, 0)
	require.NoError(t, err)
	require.Equal(t, 0.0, got)
	_, err = EpsilonFromRates(2, 0, 0)
	require.ErrorIs(t, err, ErrRange)
}

func TestGaussianEpsilonKnownAnswers(t *testing.T) {
	for mu, want := range map[float64]float64{0.5: 1.993091404, 1: 4.377178096, 2: 9.997256146, 4: 24.38161088} {
		got, err := GaussianEpsilon(mu, 1e-5)
		require.NoError(t, err)
		require.InEpsilon(t, want, got, 1e-9)
	}
	got, err := GaussianEpsilon(0, .1)
	require.NoError(t, err)
	require.Equal(t, 0.0, got)
	got, err = GaussianEpsilon(.01, .5) // δ above the total variation
	require.NoError(t, err)
	require.Equal(t, 0.0, got)
	_, err = GaussianEpsilon(-1, .5)
	require.ErrorIs(t, err, ErrRange)
}

// Nominal rates over null trials: a bound is wrong when it exceeds the true ε,
// which is 0 here. Scores of few distinct values are the hard case for
// thresholds chosen from the data.
func TestEpsilonNullTrials(t *testing.T) {
	const n, alpha = 100, .05
	sources := map[string]func(rng *rand.Rand) []float64{
		"gaussian": func(rng *rand.Rand) []float64 { return normals(rng, 0, 1, n) },
		"ties": func(rng *rand.Rand) []float64 {
			return mapped(normals(rng, 0, 1, n), func(v float64) float64 { return math.Round(2 * v) })
		},
	}
	for name, draw := range sources {
		rng := rand.New(rand.NewPCG(21, uint64(len(name))))
		wrong := map[ThresholdPolicy]int{}
		naive := 0
		for i := range trials() {
			in, out := draw(rng), draw(rng)
			for _, p := range []ThresholdPolicy{Split, Bonferroni, Explicit} {
				b, err := EpsilonLowerBound(in, out, EpsilonConfig{Policy: p, Alpha: alpha, Threshold: .5, Seed: uint64(i)})
				require.NoError(t, err)
				if b.Epsilon > 0 {
					wrong[p]++
				}
			}
			if max(bestUncorrected(in, out, alpha), bestUncorrected(negated(sorted(in)), negated(sorted(out)), alpha)) > 0 {
				naive++
			}
		}
		for _, p := range []ThresholdPolicy{Split, Bonferroni, Explicit} {
			t.Logf("%s, %v: %d of %d false alarms", name, p, wrong[p], trials())
			requireRateAtMost(t, wrong[p], trials(), alpha)
		}
		t.Logf("%s, uncorrected maximum: %d of %d", name, naive, trials())
		if name == "gaussian" && trials() >= 2000 {
			tail, err := BinomialTail(naive, trials(), alpha)
			require.NoError(t, err)
			require.Less(t, tail, .001, "the defect the policies guard against must show")
		}
	}
}

func bestUncorrected(in, out []float64, alpha float64) float64 {
	r := rocSorted(sorted(in), sorted(out))
	best := 0.0
	for k := range r.TP {
		best = max(best, epsilonOf(binomialLower(r.TP[k], r.Pos, alpha/2), binomialUpper(r.FP[k], r.Neg, alpha/2), 0))
	}
	return best
}

// Where TPR is known almost exactly the bound is as tight as Clopper–Pearson
// gets: with half of Alpha on FPR, errors occur at about that rate, not never.
func TestEpsilonTightCase(t *testing.T) {
	const q, alpha = .05, .2
	rng := rand.New(rand.NewPCG(25, 1))
	in := append(constants(0, 10000), constants(1, 10000)...)
	wrong := 0
	for range trials() {
		b, err := EpsilonLowerBound(in, coin(rng, q, 300),
			EpsilonConfig{Policy: Explicit, Threshold: .5, Alpha: alpha, OneSided: true})
		require.NoError(t, err)
		if b.Epsilon > math.Log(.5/q) {
			wrong++
		}
	}
	t.Logf("%d of %d above the true ε at nominal %v", wrong, trials(), alpha)
	requireRateAtMost(t, wrong, trials(), alpha/2)
	require.Greater(t, wrong, trials()/50)
}

// Maximising Clopper–Pearson over thresholds gives a bound that no policy of
// this package returns.
func TestDefectUncorrectedMaximum(t *testing.T) {
	rng := rand.New(rand.NewPCG(22, 1))
	larger := 0
	for range 50 {
		in, out := normals(rng, 1.5, 1, 200), normals(rng, 0, 1, 200)
		naive := bestUncorrected(in, out, .05)
		for _, p := range []ThresholdPolicy{Split, Bonferroni} {
			b, err := EpsilonLowerBound(in, out, EpsilonConfig{Policy: p, OneSided: true})
			require.NoError(t, err)
			if naive > b.Epsilon {
				larger++
			}
		}
	}
	require.GreaterOrEqual(t, larger, 95)
}

// With a real signal the truth is GaussianEpsilon at δ; bounds stay below it
// at the nominal rate, and are not vacuous.
func TestEpsilonBoundsTheTruth(t *testing.T) {
	const mu, delta, alpha = 1.0, 0.05, .05
	truth, err := GaussianEpsilon(mu, delta)
	require.NoError(t, err)
	rng := rand.New(rand.NewPCG(23, 1))
	wrong, mean := map[ThresholdPolicy]int{}, map[ThresholdPolicy]float64{}
	for i := range trials() {
		in, out := normals(rng, mu, 1, 300), normals(rng, 0, 1, 300)
		for _, p := range []ThresholdPolicy{Split, Bonferroni} {
			b, err := EpsilonLowerBound(in, out, EpsilonConfig{Policy: p, Delta: delta, Alpha: alpha, Seed: uint64(i)})
			require.NoError(t, err)
			if b.Epsilon > truth {
				wrong[p]++
			}
			mean[p] += b.Epsilon / float64(trials())
		}
	}
	for p := range mean {
		t.Logf("%v: %d of %d above the true ε %.3f, mean bound %.3f", p, wrong[p], trials(), truth, mean[p])
		requireRateAtMost(t, wrong[p], trials(), alpha)
		require.Greater(t, mean[p], .3)
	}
}

func TestEpsilonInvariances(t *testing.T) {
	rng := rand.New(rand.NewPCG(24, 1))
	in, out := normals(rng, 1.2, 1, 150), normals(rng, 0, 1, 170)
	for _, p := range []ThresholdPolicy{Split, Bonferroni} {
		cfg := EpsilonConfig{Policy: p, Seed: 3}
		want, err := EpsilonLowerBound(in, out, cfg)
		require.NoError(t, err)
		require.Positive(t, want.Epsilon)
		require.False(t, want.Below)
		moved, err := EpsilonLowerBound(mapped(in, math.Exp), mapped(out, math.Exp), cfg)
		require.NoError(t, err)
		require.Equal(t, want.Epsilon, moved.Epsilon)
		permuted, err := EpsilonLowerBound(shuffled(in, 1), shuffled(out, 2), cfg)
		require.NoError(t, err)
		require.Equal(t, want, permuted)
		// Over-unlearned examples leak in the other direction.
		over, err := EpsilonLowerBound(mapped(in, func(v float64) float64 { return v - 2.4 }), out, cfg)
		require.NoError(t, err)
		require.Positive(t, over.Epsilon)
		require.True(t, over.Below)
		cfg.OneSided = true
		blind, err := EpsilonLowerBound(mapped(in, func(v float64) float64 { return v - 9 }), out, cfg)
		require.NoError(t, err)
		require.Zero(t, blind.Epsilon)
	}
}

func TestEpsilonBadInput(t *testing.T) {
	ok := []float64{1, 2, 3}
	for _, p := range []ThresholdPolicy{Split, Bonferroni, Explicit} {
		b, err := EpsilonLowerBound(constants(1, 50), constants(1, 60), EpsilonConfig{Policy: p})
		require.NoError(t, err)
		require.Zero(t, b.Epsilon)
		require.False(t, b.Threshold.Exists())
		require.Equal(t, p.String(), b.Policy)
		_, err = EpsilonLowerBound(ok, []float64{1, math.NaN()}, EpsilonConfig{Policy: p})
		require.ErrorContains(t, err, "nonMembers[1]")
		_, err = EpsilonLowerBound(nil, ok, EpsilonConfig{Policy: p})
		require.ErrorIs(t, err, ErrEmpty)
	}
	for _, cfg := range []EpsilonConfig{{Alpha: 1}, {Delta: -1}, {Delta: 1}, {Policy: 9}} {
		_, err := EpsilonLowerBound(ok, ok, cfg)
		require.ErrorIs(t, err, ErrRange)
	}
	_, err := EpsilonLowerBound(ok, ok, EpsilonConfig{Policy: Explicit, Threshold: math.NaN()})
	require.ErrorIs(t, err, ErrNotFinite)
	_, err = EpsilonLowerBound(ok[:1], ok, EpsilonConfig{Policy: Split})
	require.ErrorIs(t, err, ErrDegenerate)
	_, err = EpsilonFromCounts(5, 4, 0, 4, 0, .05)
	require.ErrorIs(t, err, ErrRange)
}
