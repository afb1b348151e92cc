package attacks

import (
	"math"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"
)

// With δ = 0 and all guesses right the bound is logit(p^{1/r}) (Steinke et al.).
func TestOneRunClosedForm(t *testing.T) {
	for r, want := range map[int]float64{10: 1.05187323, 100: 3.49296543, 1000: 5.80906834} {
		b, err := EpsilonOneRun(filled(1, r), filled(0, 3*r), EpsilonConfig{Policy: Explicit, Threshold: .5, OneSided: true})
		require.NoError(t, err)
		require.InDelta(t, want, b.Epsilon, 1e-8)
		p := math.Pow(.05, 1/float64(r))
		require.InDelta(t, math.Log(p/(1-p)), b.Epsilon, 1e-8)
		require.Equal(t, b.Epsilon, b.Most)
		require.Equal(t, "one-run", b.Method)
	}
}

// Values of jax_privacy 2.0.0 (auditing.py, _one_run_p_value, _epsilon_one_run and
// _epsilon_one_run_fdp) under scipy 1.17.
func TestOneRunAgainstJaxPrivacy(t *testing.T) {
	for _, c := range []struct {
		m, guesses, right    int
		epsilon, delta, want float64
	}{
		{1000, 100, 80, 1, 0, 0.07155624680483674},
		{1000, 100, 80, 1, 1e-5, 0.07300911594917776},
		{1000, 100, 95, 1.5, 1e-5, 0.00111191609795578},
		{200, 50, 50, 2, 1e-3, 0.04502103532787382},
	} {
		require.InEpsilon(t, c.want, OneRunPValue(c.m, c.guesses, c.right, c.epsilon, c.delta), 1e-9)
	}
	for _, c := range []struct {
		m, guesses, right int
		alpha, delta      float64
		plain, fdp        float64
	}{
		{1000, 100, 100, .05, 1e-5, 0, 5.5490279999429415},
		{1000, 100, 95, .05, 1e-5, 2.165175787875041, 3.3233004900323633},
		{1000, 100, 95, .01, 1e-5, 1.9171594318284813, 2.7096811543767276},
		{200, 50, 50, .05, 1e-3, 2.0972112472958573, 3.711489102920017},
		{1000, 300, 240, .05, 1e-5, 1.1416994045106883, 1.8925248746056171},
		{1000, 1000, 800, .05, 1e-5, 0, 2.3332435930207667},
		{100, 20, 10, .05, 1e-5, 0, 0},
	} {
		// members: the right guesses at 1, the rest at 0; non-members likewise.
		in := append(filled(1, c.right), filled(0, max(c.m/2-c.right, 0))...)
		out := append(filled(1, c.guesses-c.right), filled(0, c.m-len(in)-(c.guesses-c.right))...)
		cfg := EpsilonConfig{Policy: Explicit, Threshold: .5, Alpha: c.alpha, Delta: c.delta, OneSided: true}
		b, err := EpsilonOneRun(in, out, cfg)
		require.NoError(t, err)
		if c.plain != 0 {
			require.InDelta(t, c.plain, b.Epsilon, 2e-6, "%+v", c)
		}
		b, err = EpsilonOneRunFDP(in, out, cfg)
		require.NoError(t, err)
		require.InDelta(t, c.fdp, b.Epsilon, 2e-6, "%+v", c)
		require.LessOrEqual(t, b.Epsilon, b.Most)
	}
}

// 500 quantiles of N(2,1) and N(0,1) each: jax_privacy's values with its rule at
// an explicit threshold; its Bonferroni divides by 54 thresholds of these data,
// ours by 18 chosen beforehand.
func TestBoundsOnQuantiles(t *testing.T) {
	in, out := shifted(2, 500), shifted(0, 500)
	for _, c := range []struct {
		name     string
		f        func(in, out []float64, cfg EpsilonConfig) (EpsilonBound, error)
		at2, at3 float64
		jax      float64 // Bonferroni over its thresholds
	}{
		{"clopper-pearson", EpsilonLowerBound, 2.4567631766764197, 2.4388702370269657, 2.2249541349626316},
		{"one-run", EpsilonOneRun, 2.6014330070320435, 2.772144830645074, 2.181836264038615},
		{"one-run-f-dp", EpsilonOneRunFDP, 4.362134056992214, 4.248898565687264, 3.2543682334316064},
	} {
		for threshold, want := range map[float64]float64{2: c.at2, 3: c.at3} {
			b, err := c.f(in, out, EpsilonConfig{Policy: Explicit, Threshold: threshold, Delta: 1e-5, OneSided: true})
			require.NoError(t, err)
			require.InDelta(t, want, b.Epsilon, 2e-6, "%s at %v", c.name, threshold)
		}
		b, err := c.f(in, out, EpsilonConfig{Delta: 1e-5, OneSided: true})
		require.NoError(t, err)
		require.Greater(t, b.Epsilon, c.jax-.1, "%s: fewer thresholds cost less", c.name)
		require.Less(t, b.Epsilon, max(c.at2, c.at3), "%s", c.name)
		require.Equal(t, c.name, b.Method)
		require.Equal(t, "bonferroni", b.Policy)
		require.Less(t, b.Epsilon, b.Most)
	}
	b, err := EpsilonGDP(in, out, EpsilonConfig{Delta: 1e-5, OneSided: true})
	require.NoError(t, err)
	truth, err := GaussianEpsilon(2, 1e-5)
	require.NoError(t, err)
	require.Less(t, b.Epsilon, truth)
	require.Greater(t, b.Epsilon, 7.384614102158514-.5, "jax_privacy's")
}

// jax_privacy takes |μ| of −Φ⁻¹(FPR) − Φ⁻¹(FNR) from upper bounds, which shows
// ε = 4 in each of 100 null samples of 1000. Bounds that add up to more than 1 show
// nothing.
func TestDefectGDPOfTheNull(t *testing.T) {
	rng := rand.New(rand.NewPCG(41, 1))
	wrong := map[string]int{}
	const n = 40
	for range trials() {
		in, out := normals(rng, 0, 1, n), normals(rng, 0, 1, n)
		for name, f := range map[string]func(in, out []float64, cfg EpsilonConfig) (EpsilonBound, error){
			"gdp": EpsilonGDP, "one-run": EpsilonOneRun, "one-run-f-dp": EpsilonOneRunFDP,
		} {
			b, err := f(in, out, EpsilonConfig{Delta: 1e-5})
			require.NoError(t, err)
			if b.Epsilon > 0 {
				wrong[name]++
			}
		}
	}
	t.Log(wrong)
	for _, k := range wrong {
		requireRateAtMost(t, k, trials(), .05)
	}
}

// One-run bounds keep their level where each canary's coin is fair and the
// mechanism is randomised response at ε: the tightest case.
func TestOneRunCoverage(t *testing.T) {
	const eps, m = 1.0, 400
	rng := rand.New(rand.NewPCG(42, 1))
	wrong := 0
	for range trials() {
		var in, out []float64
		for range m {
			member := rng.IntN(2) == 1
			answer := member == (rng.Float64() < 1/(1+math.Exp(-eps)))
			v := 0.0
			if answer {
				v = 1
			}
			if member {
				in = append(in, v)
			} else {
				out = append(out, v)
			}
		}
		b, err := EpsilonOneRun(in, out, EpsilonConfig{Policy: Explicit, Threshold: .5, OneSided: true})
		require.NoError(t, err)
		if b.Epsilon > eps {
			wrong++
		}
	}
	t.Logf("%d of %d above the truth", wrong, trials())
	requireRateAtMost(t, wrong, trials(), .05)
	require.Positive(t, wrong)
}

func TestOneRunBadInput(t *testing.T) {
	ok := []float64{1, 2, 3}
	_, err := EpsilonOneRun(ok, ok, EpsilonConfig{Policy: Split})
	require.ErrorContains(t, err, "take bonferroni or explicit")
	_, err = EpsilonGDP(ok, ok, EpsilonConfig{Policy: Split, Delta: 1e-5})
	require.ErrorIs(t, err, ErrRange)
	for _, f := range []func(in, out []float64, cfg EpsilonConfig) (EpsilonBound, error){EpsilonGDP, EpsilonOneRunFDP} {
		_, err = f(ok, ok, EpsilonConfig{})
		require.ErrorContains(t, err, "Delta")
		b, err := f(constants(1, 50), constants(1, 50), EpsilonConfig{Delta: 1e-5})
		require.NoError(t, err)
		require.Zero(t, b.Epsilon)
	}
	b, err := EpsilonOneRun(constants(1, 50), constants(1, 50), EpsilonConfig{})
	require.NoError(t, err)
	require.Zero(t, b.Epsilon)
	require.Equal(t, "no power", b.String()[:8])
	_, err = EpsilonOneRun(ok, []float64{math.NaN()}, EpsilonConfig{})
	require.ErrorContains(t, err, "nonMembers[0]")
}
