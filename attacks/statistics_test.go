package attacks

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
	"gonum.org/v1/gonum/stat/combin"
)

func TestClopperPearsonKnownAnswers(t *testing.T) {
	up, err := BinomialUpper(0, 50, .05)
	require.NoError(t, err)
	require.InDelta(t, 1-math.Pow(.05, 1.0/50), up, 1e-15)
	lo, err := BinomialLower(50, 50, .05)
	require.NoError(t, err)
	require.InDelta(t, math.Pow(.05, 1.0/50), lo, 1e-15)
	low, high, err := ClopperPearson(0, 10, .05)
	require.NoError(t, err)
	require.Equal(t, 0.0, low)
	require.InDelta(t, 1-math.Pow(.025, .1), high, 1e-15)
	// The defining property, checked by summing the binomial mass directly.
	for _, tc := range []struct{ k, n int }{{1, 20}, {7, 20}, {19, 20}, {3, 1000}, {500, 1000}, {999, 1000}} {
		low, high, err := ClopperPearson(tc.k, tc.n, .1)
		require.NoError(t, err)
		require.InDelta(t, .05, massAtLeast(tc.k, tc.n, low), 1e-9)
		require.InDelta(t, .05, 1-massAtLeast(tc.k+1, tc.n, high), 1e-9)
	}
	for _, f := range []func() error{
		func() error { _, _, err := ClopperPearson(-1, 5, .1); return err },
		func() error { _, _, err := ClopperPearson(6, 5, .1); return err },
		func() error { _, err := BinomialLower(0, 0, .1); return err },
		func() error { _, err := BinomialUpper(1, 5, 0); return err },
		func() error { _, err := BinomialTail(1, 5, 2); return err },
	} {
		require.ErrorIs(t, f(), ErrRange)
	}
}

// massAtLeast sums P(X ≥ k) term by term.
func massAtLeast(k, n int, p float64) float64 {
	lg := func(x int) float64 { v, _ := math.Lgamma(float64(x + 1)); return v }
	s := 0.0
	for i := k; i <= n; i++ {
		s += math.Exp(lg(n) - lg(i) - lg(n-i) + float64(i)*math.Log(p) + float64(n-i)*math.Log1p(-p))
	}
	return s
}

func TestKSAndWassersteinByHand(t *testing.T) {
	for _, tc := range []struct {
		a, b   []float64
		ks, w1 float64
	}{
		{[]float64{1, 2, 3}, []float64{3, 1, 2}, 0, 0},
		{[]float64{0, 0}, []float64{5}, 1, 5},
		{[]float64{0, 1, 2, 3}, []float64{1, 2, 3, 4}, .25, 1},
		{[]float64{0, 1}, []float64{0, 0, 1, 1}, 0, 0},
		{[]float64{0, 4, 6, 7}, []float64{1, 2, 3, 5}, .5, 2},
		{[]float64{-1, 1}, []float64{0}, .5, 1},
	} {
		ks, err := KS(tc.a, tc.b)
		require.NoError(t, err)
		require.InDelta(t, tc.ks, ks, 1e-15)
		w, err := Wasserstein1(tc.a, tc.b)
		require.NoError(t, err)
		require.InDelta(t, tc.w1, w, 1e-15)
		back, err := KS(tc.b, tc.a)
		require.NoError(t, err)
		require.Equal(t, ks, back)
	}
	// For N(μ,1) against N(0,1) the KS distance is 2Φ(μ/2) − 1 and W1 is μ.
	ks, err := KS(shifted(1, 5000), shifted(0, 5000))
	require.NoError(t, err)
	require.InDelta(t, 2*.6914624613-1, ks, 2.0/5000)
	w, err := Wasserstein1(shifted(1, 5000), shifted(0, 5000))
	require.NoError(t, err)
	require.InDelta(t, 1, w, 1e-9)
	_, err = Wasserstein1([]float64{1}, []float64{inf})
	require.ErrorIs(t, err, ErrNotFinite)
}

func TestKSPValue(t *testing.T) {
	p, err := KSPValue(1.3581/math.Sqrt(5e5), 1000000, 1000000) // λ of the 5% point
	require.NoError(t, err)
	require.InDelta(t, .05, p, 1e-3)
	p, err = KSPValue(0, 10, 10)
	require.NoError(t, err)
	require.Equal(t, 1.0, p)
	rng := rand.New(rand.NewPCG(7, 7))
	rejected := 0
	for range trials() {
		d, err := KS(normals(rng, 0, 1, 60), normals(rng, 0, 1, 80))
		require.NoError(t, err)
		if p, err = KSPValue(d, 60, 80); err == nil && p < .05 {
			rejected++
		}
	}
	requireRateAtMost(t, rejected, trials(), .05)
	_, err = KSPValue(2, 1, 1)
	require.ErrorIs(t, err, ErrRange)
}

// Of equal samples P(D ≥ q/n) is 2 Σ_{k≥1} (−1)^{k−1} C(2n, n−kq)/C(2n, n), by
// reflection (Gnedenko & Korolyuk, 1951); in particular .0123 for D = 0.7 of 10.
func TestKSPValueClosedForm(t *testing.T) {
	logC := func(n, k int) float64 { return combin.LogGeneralizedBinomial(float64(n), float64(k)) }
	for _, n := range []int{1, 2, 10, 60, 300, 1000} {
		for _, q := range []int{1, max(n/10, 1), max(n/5, 1), min(n, 300)} {
			want, sign := 0.0, 2.0
			for k := 1; k*q <= n; k++ {
				want += sign * math.Exp(logC(2*n, n-k*q)-logC(2*n, n))
				sign = -sign
			}
			got, err := KSPValue(float64(q)/float64(n), n, n)
			require.NoError(t, err)
			require.InEpsilon(t, want, got, 1e-9, "n = %d, q = %d", n, q)
		}
	}
	p, err := KSPValue(.7, 10, 10)
	require.NoError(t, err)
	require.InDelta(t, .0123, p, 5e-5)
}

// All ways to deal ranks to samples of different sizes are tried: the share of
// those with a distance of at least d is the p-value.
func TestKSPValueEnumeration(t *testing.T) {
	for _, size := range [][2]int{{1, 1}, {1, 4}, {3, 5}, {6, 4}, {7, 5}} {
		n, m := size[0], size[1]
		var distances []float64
		for _, chosen := range combin.Combinations(n+m, n) {
			var a, b []float64
			for i := range n + m {
				if slices.Contains(chosen, i) {
					a = append(a, float64(i))
				} else {
					b = append(b, float64(i))
				}
			}
			d, err := KS(a, b)
			require.NoError(t, err)
			distances = append(distances, d)
		}
		for _, d := range distances {
			atLeast := 0
			for _, v := range distances {
				if v >= d {
					atLeast++
				}
			}
			p, err := KSPValue(d, n, m)
			require.NoError(t, err)
			require.InDelta(t, float64(atLeast)/float64(len(distances)), p, 1e-12, "%d and %d, d = %v", n, m, d)
		}
	}
}

// Where the limit takes over it errs to the safe side, and little.
func TestKSPValueJoins(t *testing.T) {
	for _, size := range [][2]int{{4473, 4473}, {1001, 19990}} {
		n, m := size[0], size[1]
		for _, lambda := range []float64{.7, 1.36, 1.95} {
			d := lambda / math.Sqrt(float64(n)*float64(m)/float64(n+m))
			p, err := KSPValue(d, n, m)
			require.NoError(t, err)
			exact := ksExact(d, n, m)
			t.Logf("%d and %d, λ %v: %.5f, exactly %.5f", n, m, lambda, p, exact)
			require.Greater(t, p, exact)
			require.Less(t, p, 1.1*exact)
		}
	}
}

// Sizes far apart, where Smirnov's limit gives 0.037 for the first. The values
// are scipy's (1.17, exact mode of ks_2samp).
func TestKSPValueUnequalSizes(t *testing.T) {
	for _, c := range []struct {
		n, m         int
		d, want, tol float64
	}{
		{2, 1_000_000, 1, 3.999988000027971e-12, 1e-9},
		{1_000_000, 2, .9, 0.02000054000233888, 1e-9},
		{3, 200_000, .95, 0.00025014252315702065, 1e-9},
		{50, 400_000, .3, 0.0001737459005057378, 1e-9},
		{100, 1_000_000, .2, 0.0005556608221145611, .01}, // counted for 200 000
	} {
		p, err := KSPValue(c.d, c.n, c.m)
		require.NoError(t, err)
		require.InEpsilon(t, c.want, p, c.tol, "%d and %d", c.n, c.m)
	}
}

// Placements by hand: in = {0,4,6,7} against out = {1,2,3,5} are {0,¾,1,1},
// those of out {¾,¾,¾,½}; variances .2239583…, .015625.
func TestDeLongByHand(t *testing.T) {
	p, err := newPlacements("", []float64{0, 4, 6, 7}, []float64{1, 2, 3, 5})
	require.NoError(t, err)
	require.Equal(t, []float64{0, .75, 1, 1}, p.in)
	require.Equal(t, []float64{.75, .75, .75, .5}, p.out)
	iv, err := DeLong([]float64{0, 4, 6, 7}, []float64{1, 2, 3, 5}, .95)
	require.NoError(t, err)
	require.Equal(t, 11.0/16, iv.Estimate)
	se := math.Sqrt((0.22395833333333334 + 0.015625) / 4)
	h := 1.959963984540054 * se / (11.0 / 16 * 5 / 16)
	logit := math.Log(11.0 / 5)
	require.InDelta(t, 1/(1+math.Exp(h-logit)), iv.Low, 1e-12)
	require.InDelta(t, 1/(1+math.Exp(-h-logit)), iv.High, 1e-12)
}

func TestDeLongPerfectSeparation(t *testing.T) {
	iv, err := DeLong([]float64{5, 6, 7}, []float64{1, 2, 3, 4}, .9)
	require.NoError(t, err)
	require.True(t, iv.Degenerate)
	require.InDelta(t, math.Cbrt(.05), iv.Low, 1e-12)
	require.Equal(t, 1.0, iv.High)
	rev, err := DeLong([]float64{1, 2, 3, 4}, []float64{5, 6, 7}, .9)
	require.NoError(t, err)
	require.InDelta(t, 1-math.Cbrt(.05), rev.High, 1e-12)
}

func TestDeLongDifference(t *testing.T) {
	rng := rand.New(rand.NewPCG(8, 1))
	in, out := normals(rng, 1, 1, 50), normals(rng, 0, 1, 60)
	same, err := DeLongDifference(in, out, in, out, .95)
	require.NoError(t, err)
	require.Equal(t, 0.0, same.Estimate)
	require.True(t, same.Degenerate && same.Low == 0 && same.High == 0)
	// Correlated scores: the paired interval is narrower than independence.
	in2, out2 := make([]float64, 50), make([]float64, 60)
	for i := range in {
		in2[i] = in[i] + .1*rng.NormFloat64()
	}
	for i := range out {
		out2[i] = out[i] + .1*rng.NormFloat64()
	}
	d, err := DeLongDifference(in, out, in2, out2, .95)
	require.NoError(t, err)
	one, err := DeLong(in, out, .95)
	require.NoError(t, err)
	require.Less(t, d.High-d.Low, (one.High-one.Low)/2)
	_, err = DeLongDifference(in, out, in2[:3], out2, .95)
	require.ErrorIs(t, err, ErrShape)
	_, err = DeLongDifference(in, out, in2, out2[:3], .95)
	require.ErrorIs(t, err, ErrShape)
	_, err = DeLongDifference(in, out, in2, out2, 2)
	require.ErrorIs(t, err, ErrRange)
}

// missRate asserts that an interval's misses are not above nominal by the
// exact test, with slack for its being asymptotic.
func TestIntervalCoverage(t *testing.T) {
	const n, m, mu, slack = 60, 50, 1.0, .02
	truth := normalCDF(mu / math.Sqrt2)
	rng := rand.New(rand.NewPCG(9, 1))
	var delong, bca, paired, gapMiss int
	for i := range trials() {
		in, out := normals(rng, mu, 1, n), normals(rng, 0, 1, m)
		iv, err := DeLong(in, out, .9)
		require.NoError(t, err)
		delong += miss(iv, truth)
		b, err := Bootstrap{Resamples: 300, Level: .9, Seed: uint64(i)}.AUCInterval(in, out)
		require.NoError(t, err)
		bca += miss(b, truth)
		d, err := DeLongDifference(in, out, normals(rng, mu, 1, n), normals(rng, 0, 1, m), .9)
		require.NoError(t, err)
		paired += miss(d, 0)
		g, err := GapAttack(coin(rng, .9, n), coin(rng, .8, m), .9)
		require.NoError(t, err)
		gapMiss += miss(g.BalancedAccuracy, .55)
	}
	for name, k := range map[string]int{"delong": delong, "bca": bca, "paired": paired, "gap": gapMiss} {
		t.Logf("%s: %d misses of %d at nominal 10%%", name, k, trials())
		requireRateAtMost(t, k, trials(), .1+slack)
		require.Positive(t, k, "%s never misses: it is not a 90%% interval", name)
	}
}

func miss(iv Interval, truth float64) int {
	if iv.Contains(truth) {
		return 0
	}
	return 1
}

func coin(rng *rand.Rand, p float64, n int) []float64 {
	x := make([]float64, n)
	for i := range x {
		if rng.Float64() < p {
			x[i] = 1
		}
	}
	return x
}

// Scores of one model move together: ignoring that undercovers badly, and the
// clustered interval does not.
func TestClusteredCoverage(t *testing.T) {
	rng := rand.New(rand.NewPCG(10, 1))
	const models, per = 24, 15
	var plain, clustered int
	for range trials() {
		var in, out []float64
		var ci, co []int
		for m := range models {
			u := 1.5 * rng.NormFloat64()
			if m%2 == 0 {
				in = append(in, normals(rng, u, 1, per)...)
				ci = append(ci, repeat(m, per)...)
			} else {
				out = append(out, normals(rng, u, 1, per)...)
				co = append(co, repeat(m, per)...)
			}
		}
		a, err := DeLong(in, out, .9)
		require.NoError(t, err)
		plain += miss(a, .5)
		b, err := DeLongClustered(in, out, ci, co, .9)
		require.NoError(t, err)
		clustered += miss(b, .5)
	}
	requireRateAtMost(t, clustered, trials(), .13)
	require.Greater(t, plain, 3*trials()/10)
	// Singleton clusters are plain DeLong up to k/(k−1) and Student's quantile.
	in, out := shifted(1, 200), shifted(0, 200)
	ids := make([]int, 200)
	far := make([]int, 200)
	for i := range ids {
		ids[i], far[i] = i, 1000+i
	}
	a, err := DeLong(in, out, .9)
	require.NoError(t, err)
	b, err := DeLongClustered(in, out, ids, far, .9)
	require.NoError(t, err)
	require.InDelta(t, a.Low, b.Low, 1e-3)
	_, err = DeLongClustered(in, out, constInts(200), constInts(200), .9)
	require.ErrorIs(t, err, ErrRange)
	_, err = DeLongClustered(in, out, ids[:3], far, .9)
	require.ErrorIs(t, err, ErrShape)
	_, err = DeLongClustered(in, out, ids, far[:3], .9)
	require.ErrorIs(t, err, ErrShape)
	_, err = DeLongClustered(in, out, ids, far, 0)
	require.ErrorIs(t, err, ErrRange)
}

func repeat(v, n int) []int {
	x := make([]int, n)
	for i := range x {
		x[i] = v
	}
	return x
}

func constInts(n int) []int { return repeat(0, n) }

func TestLogNormalCDF(t *testing.T) {
	// Reference values at 40 digits from mpmath's erfc.
	for _, tc := range []struct{ z, want float64 }{
		{0, -math.Ln2}, {-1, -1.84102164500926351}, {-10, -53.2312851505124706},
		{-20, -203.917155371097264}, {-40, -804.608442013753788},
		{6, -9.86587645524375732e-10}, {-1e4, -50000010.1292789152},
	} {
		require.InEpsilon(t, tc.want, logNormalCDF(tc.z), 1e-12, "z = %v", tc.z)
	}
	require.InDelta(t, logNormalCDF(-10+1e-9), logNormalCDF(-10-1e-9), 3e-8, "continuous across the switch")
}
