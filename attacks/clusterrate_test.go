package attacks

import (
	"math"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"
)

// successes is k true values of n.
func successes(k, n int) []bool {
	x := make([]bool, n)
	for i := range k {
		x[i] = true
	}
	return x
}

// Four clusters of 25 with 1, 3, 5 and 11 successes: p = 0.2, the clusters'
// deviations −4, −2, 0 and 6 have squares of sum 56, the variance is
// 56·(4/3)/100², and .16 over it 21.428571 independent trials. Student's 97.5%
// points for 99 and 3 degrees of freedom are 1.984217 and 3.182446 (any table),
// which leaves 8.330094, and the bounds solve the incomplete beta function.
func TestClusteredRateByHand(t *testing.T) {
	var success []bool
	var cluster []int
	for c, k := range []int{1, 3, 5, 11} {
		success = append(success, successes(k, 25)...)
		cluster = append(cluster, repeat(7-c, 25)...)
	}
	r := newClusteredRate(success, cluster)
	require.Equal(t, .2, r.p)
	require.InDelta(t, .16*1e4/(56*4.0/3), r.trials, 1e-12)
	low, high := r.bounds(.025)
	n := r.trials * math.Pow(1.9842169515/3.1824463053, 2)
	require.InDelta(t, .025, betaMassBelow(low, .2*n, .8*n+1), 1e-6)
	require.InDelta(t, .975, betaMassBelow(high, .2*n+1, .8*n), 1e-6)
	require.Less(t, low, .1)
	require.Greater(t, high, .5)
}

// betaMassBelow integrates the density of Beta(a, b) over [0, x], in v with
// x = v³, which takes the poles out of both ends used here.
func betaMassBelow(x, a, b float64) float64 {
	la, _ := math.Lgamma(a)
	lb, _ := math.Lgamma(b)
	lab, _ := math.Lgamma(a + b)
	const steps = 200_000
	s, end := 0.0, math.Cbrt(x)
	for i := range steps {
		v := end * (float64(i) + .5) / steps
		u := v * v * v
		s += math.Exp(lab-la-lb+(a-1)*math.Log(u)+(b-1)*math.Log1p(-u)) * 3 * v * v * end / steps
	}
	return s
}

// Where each trial is a cluster, and where all clusters are alike, the bounds
// are close to Clopper–Pearson's; none and all count clusters.
func TestClusteredRateKnownAnswers(t *testing.T) {
	each := make([]int, 200)
	for i := range each {
		each[i] = i
	}
	low, high := newClusteredRate(successes(30, 200), each).bounds(.05)
	l, h, err := ClopperPearson(30, 200, .1)
	require.NoError(t, err)
	require.InDelta(t, l, low, 1e-3)
	require.InDelta(t, h, high, 1e-3)
	tens := make([]int, 200)
	for i := range tens {
		tens[i] = i % 10
	}
	for _, tc := range []struct {
		success   []bool
		low, high float64
	}{
		{successes(0, 200), 0, 1 - math.Pow(.05, .1)},
		{successes(200, 200), math.Pow(.05, .1), 1},
	} {
		low, high = newClusteredRate(tc.success, tens).bounds(.05)
		require.InDelta(t, tc.low, low, 1e-12)
		require.InDelta(t, tc.high, high, 1e-12)
	}
	low, high = newClusteredRate(successes(5, 9), constInts(9)).bounds(.05)
	require.Equal(t, []float64{0, 1}, []float64{low, high}, "one cluster")
	// Nothing leaves [0, 1] or the rate, however rare and uneven.
	for _, k := range []int{1, 2, 100, 1000, 1999} {
		for _, clusters := range []int{2, 3, 1000} {
			cluster := make([]int, 2000)
			for i := range cluster {
				cluster[i] = i * i % clusters
			}
			low, high = newClusteredRate(successes(k, 2000), cluster).bounds(.0005)
			require.True(t, 0 <= low && low < float64(k)/2000 && float64(k)/2000 < high && high <= 1, "%d, %d: %v %v", k, clusters, low, high)
		}
	}
}

// Models whose rates differ: bounds for independent scores miss the mean rate
// far too often, and these do not.
func TestClusteredRateCoverage(t *testing.T) {
	const models, per = 16, 60
	rng := rand.New(rand.NewPCG(41, 1))
	for _, median := range []float64{.3, .02} {
		rate := func() float64 { return 1 / (1 + math.Exp(-math.Log(median/(1-median))-1.2*rng.NormFloat64())) }
		truth := 0.0
		for range 200_000 {
			truth += rate() / 200_000
		}
		var plain, clustered int
		for range trials() {
			var success []bool
			var cluster []int
			k := 0
			for m := range models {
				p := rate()
				for range per {
					success = append(success, rng.Float64() < p)
					cluster = append(cluster, m)
					if success[len(success)-1] {
						k++
					}
				}
			}
			l, h := clopperPearson(k, models*per, .1)
			plain += miss(Interval{Low: l, High: h}, truth)
			l, h = newClusteredRate(success, cluster).bounds(.05)
			clustered += miss(Interval{Low: l, High: h}, truth)
		}
		t.Logf("median rate %v: %d and, clustered, %d misses of %d at nominal 10%%", median, plain, clustered, trials())
		require.Greater(t, plain, trials()/5)
		requireRateAtMost(t, clustered, trials(), .12)
		require.Positive(t, clustered)
	}
}

// A game's bounds are the wider of the two clusterings, at both rates.
func TestGameOperatingPoints(t *testing.T) {
	rng := rand.New(rand.NewPCG(42, 1))
	g := &GameScores{}
	for m := range 8 {
		shift := rng.NormFloat64()
		for e := range 50 {
			if v := shift + rng.NormFloat64(); m%2 == 0 {
				g.Positive, g.PositiveGroup, g.PositiveExample = append(g.Positive, v), append(g.PositiveGroup, m), append(g.PositiveExample, e)
			} else {
				g.Negative, g.NegativeGroup, g.NegativeExample = append(g.Negative, v), append(g.NegativeGroup, m), append(g.NegativeExample, e)
			}
		}
	}
	cfg := EvalConfig{Level: .9, FPRs: []float64{.1}}
	plain, err := Evaluate("", g.Positive, g.Negative, cfg)
	require.NoError(t, err)
	e, err := g.Evaluate(cfg)
	require.NoError(t, err)
	p := e.TPR[0]
	require.Equal(t, plain.TPR[0].TPR, p.TPR)
	require.Equal(t, "clopper-pearson", plain.TPR[0].Method)
	require.Equal(t, "korn-graubard", p.Method)
	require.Greater(t, p.TPRHigh-p.TPRLow, 1.5*(plain.TPR[0].TPRHigh-plain.TPR[0].TPRLow))
	low, high := newClusteredRate(p.accepts(g.Positive), g.PositiveGroup).bounds((1 - p.Level) / 2)
	require.Equal(t, []float64{low, high}, []float64{p.TPRLow, p.TPRHigh})
	_, high = newClusteredRate(p.accepts(g.Negative), g.NegativeGroup).bounds(1 - p.Level)
	require.Equal(t, high, p.FPRHigh)
	require.Greater(t, high, plain.TPR[0].FPRHigh)
	// With the roles of models and examples exchanged nothing changes.
	g.PositiveGroup, g.PositiveExample = g.PositiveExample, g.PositiveGroup
	g.NegativeGroup, g.NegativeExample = g.NegativeExample, g.NegativeGroup
	again, err := g.Evaluate(cfg)
	require.NoError(t, err)
	require.Equal(t, e.TPR, again.TPR)
	// The rule that accepts nobody accepts no infinite score either.
	corner, err := TPRAtFPR([]float64{1, inf}, []float64{inf, 0, 0}, 0)
	require.NoError(t, err)
	require.Equal(t, []bool{false, false}, corner.accepts([]float64{1, inf}))
}
