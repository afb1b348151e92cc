package attacks

import (
	"fmt"
	"math"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// audited splits a world and audits it.
func audited(t *testing.T, u ULiRA, w world, seed uint64) *ULiRAResult {
	t.Helper()
	a, b, err := SplitModels(w.draw(seed), seed)
	require.NoError(t, err)
	r, err := u.Audit(t.Context(), a, b)
	require.NoError(t, err)
	return r
}

func TestULiRAVerdicts(t *testing.T) {
	base := world{models: 60, examples: 120, in: 2, common: .3}
	for _, tc := range []struct {
		name      string
		forgotten float64
		spread    float64
		want      Finding
	}{
		{"perfect", 0, 1, NothingFound},
		{"no-op", 2, 1, UnderUnlearned},
		{"half", 1, 1, UnderUnlearned},
		{"over", -1.5, 1, OverUnlearned},
		{"noisy", 0, 3, Distinguishable},
	} {
		t.Run(tc.name, func(t *testing.T) {
			w := base
			w.forgotten, w.spread = tc.forgotten, tc.spread
			r := audited(t, ULiRA{Fit: StudentT}, w, 1)
			require.Equal(t, tc.want, r.Finding, "privacy %v direction %v", r.Privacy.AUC, r.Direction.AUC)
			require.NotNil(t, r.Efficacy)
			switch tc.name {
			case "perfect":
				require.InDelta(t, r.Membership.AUC.Estimate, r.Efficacy.AUC.Estimate, .04)
				require.True(t, r.Privacy.AUC.Contains(.5))
			case "no-op":
				require.True(t, r.Efficacy.AUC.Contains(.5), "%v", r.Efficacy.AUC)
				require.InDelta(t, r.Membership.AUC.Estimate, r.Privacy.AUC.Estimate, .04)
			case "over":
				require.Less(t, r.Direction.AUC.High, .5)
				require.Greater(t, r.Privacy.AUC.Low, .5, "two-sided: below is as visible as above")
			}
		})
	}
}

// A perfect unlearner fails no more often than nominal, with a common shift
// per model that an interval treating scores as independent would mistake.
func TestULiRANullTrials(t *testing.T) {
	const level = .9
	wrong := 0
	n := trials() / 2
	for i := range n {
		w := world{models: 40, examples: 30, in: math.NaN(), common: .8}
		if r := audited(t, ULiRA{Fit: StudentT, Level: level}, w, uint64(1000+i)); r.Finding != NothingFound {
			wrong++
		}
	}
	t.Logf("%d of %d perfect unlearners failed at nominal %v", wrong, n, 1-level)
	requireRateAtMost(t, wrong, n, 1-level)
}

// Each of the finding's two tests has half of the error probability, and the
// intervals shown are those of the tests: what contains ½ is not found, and what
// does not is.
func TestULiRAShowsWhatItTests(t *testing.T) {
	shifted := world{models: 40, examples: 30, in: math.NaN(), common: .3, forgotten: .15}
	direction := audited(t, ULiRA{Fit: StudentT}, shifted, 12)
	require.Equal(t, .975, direction.Direction.AUC.Level)
	require.True(t, direction.Direction.AUC.Contains(.5))
	require.Equal(t, NothingFound, direction.Finding)
	wide := world{models: 40, examples: 30, in: math.NaN(), common: .3, spread: 1.2}
	power := audited(t, ULiRA{Fit: StudentT}, wide, 6)
	require.True(t, power.Privacy.AUC.Contains(.5))
	require.Equal(t, NothingFound, power.Finding)
	// At 0.9 each test is the 95% one.
	direction, power = audited(t, ULiRA{Fit: StudentT, Level: .9}, shifted, 12), audited(t, ULiRA{Fit: StudentT, Level: .9}, wide, 6)
	require.Equal(t, .95, direction.Direction.AUC.Level)
	require.Greater(t, direction.Direction.AUC.Low, .5)
	require.Equal(t, UnderUnlearned, direction.Finding)
	require.Greater(t, power.Privacy.AUC.Low, .5)
	require.Equal(t, Distinguishable, power.Finding)
}

func TestULiRAWithoutInModels(t *testing.T) {
	r := audited(t, ULiRA{}, world{models: 60, examples: 40, in: math.NaN(), forgotten: 2}, 3)
	require.Nil(t, r.Efficacy)
	require.Nil(t, r.Membership)
	require.Equal(t, UnderUnlearned, r.Finding)
	_, err := ULiRA{Level: 2}.Audit(t.Context(), nil, nil)
	require.ErrorIs(t, err, ErrRange)
	_, err = ULiRA{}.Audit(t.Context(), nil, nil)
	require.ErrorIs(t, err, ErrEmpty)
	// No forgotten model at all.
	a, b, err := SplitModels(world{models: 20, examples: 4, in: 1, forgotten: math.NaN()}.draw(1), 1)
	require.NoError(t, err)
	_, err = ULiRA{}.Audit(t.Context(), a, b)
	require.ErrorIs(t, err, ErrTooFewShadows)
	require.ErrorContains(t, err, `never "forgotten"`)
}

// models draws a row-major [n, examples] matrix around per-example means.
func models(rng *rand.Rand, n, examples int, shift float64) []float64 {
	x := make([]float64, 0, n*examples)
	for range n {
		for e := range examples {
			x = append(x, float64(e)+shift+rng.NormFloat64())
		}
	}
	return x
}

func TestAttackEpsilonKnownAnswers(t *testing.T) {
	require.InDelta(t, 2.197213466, attackEpsilon(.1, .1, 1e-5), 1e-9)
	require.InDelta(t, 3.912003005, attackEpsilon(.01, .5, 1e-5), 1e-9)
	require.Equal(t, inf, attackEpsilon(0, 0, 1e-5))
	require.Zero(t, attackEpsilon(0, .3, 1e-5), "a rate of 0 discards the attack")
}

// F of a perfect unlearner is far from 1: about 0.40 under the single-
// threshold rule. The null must say so.
func TestDefectForgettingQualityNull(t *testing.T) {
	rng := rand.New(rand.NewPCG(31, 1))
	u, v := models(rng, 256, 150, 0), models(rng, 256, 150, 0)
	r, err := ForgettingQuality{OneSided: true, Permutations: 29}.Score(u, v, 150)
	require.NoError(t, err)
	require.InDelta(t, .40, r.F, .05)
	require.InDelta(t, .40, r.NullMean, .05)
	require.Greater(t, r.PValue, Float(.05))
	require.True(t, r.CI.Contains(r.F))
	two, err := ForgettingQuality{Permutations: 29}.Score(u, v, 150)
	require.NoError(t, err)
	require.InDelta(t, .21, two.F, .03)
	require.True(t, two.NullLow <= Float(two.F) && Float(two.F) <= two.NullHigh)
}

func TestForgettingQualityFlags(t *testing.T) {
	rng := rand.New(rand.NewPCG(32, 1))
	v := models(rng, 100, 60, 0)
	for _, shift := range []float64{2, -2} {
		r, err := ForgettingQuality{}.Score(models(rng, 100, 60, shift), v, 60)
		require.NoError(t, err)
		require.Less(t, Float(r.F), r.NullLow, "shift %v", shift)
		require.Equal(t, Float(.01), r.PValue)
		require.Equal(t, .01, r.MinPValue)
	}
	far, err := ForgettingQuality{}.Score(models(rng, 100, 60, -50), v, 60)
	require.NoError(t, err)
	require.Equal(t, 2*math.Exp2(-13), far.F)
	require.Equal(t, inf, far.Epsilon[0])
}

// Two examples by hand: four models a side, δ = 0 to the digits shown.
func TestForgettingQualityByHand(t *testing.T) {
	// Example 0: retrained 1,2,3,6, unlearned 4,5,7,8. The threshold 4 has
	// FNR 0: discarded. 5: FPR 1/4, FNR 1/4: log 3. 7: FPR 0.
	// Example 1: constant: 0.
	u := []float64{4, 0, 5, 0, 7, 0, 8, 0}
	v := []float64{1, 0, 2, 0, 3, 0, 6, 0}
	r, err := ForgettingQuality{Delta: 1e-12, OneSided: true}.Score(u, v, 2)
	require.NoError(t, err)
	require.InDelta(t, math.Log(3), r.Epsilon[0], 1e-9)
	require.Zero(t, r.Epsilon[1])
	require.Equal(t, (2*math.Exp2(-3)+1)/2, r.F)
}

// The competition's single-threshold rule takes the kind with the larger median for
// the one above the threshold: perfect separation is +Inf in either order.
func TestDefectOneSidedReversed(t *testing.T) {
	high, low := []float64{5, 6, 7}, []float64{1, 2, 3, 4}
	for _, order := range [][2][]float64{{high, low}, {low, high}} {
		r, err := ForgettingQuality{OneSided: true}.Score(order[0], order[1], 1)
		require.NoError(t, err)
		require.Equal(t, inf, r.Epsilon[0])
	}
	// Medians 2.5 and 2: only "above is unlearned" is tried. The opposite rule, at
	// the threshold 2, has FPR 1/4 and FNR 3/4 and is no better than chance.
	r, err := ForgettingQuality{OneSided: true, Delta: 1e-12}.Score([]float64{0, 2, 3, 9}, []float64{1, 1.5, 2.5, 8}, 1)
	require.NoError(t, err)
	// Threshold 2: two of four retrained above, one of four unlearned below.
	require.InDelta(t, math.Log(.5/.25), r.Epsilon[0], 1e-9)
}

// A threshold cannot cut through equal outputs: between the three tied pairs
// lies a spurious attack with FPR = FNR = ¼ that would give log 3.
func TestForgettingQualityTies(t *testing.T) {
	r, err := ForgettingQuality{}.Score([]float64{0, 0, 0, 5}, []float64{0, 0, 0, -1}, 1)
	require.NoError(t, err)
	require.Zero(t, r.Epsilon[0])
}

// The interval of a game is the wider of the two clusterings.
func TestGameIntervalIsTheWider(t *testing.T) {
	rng := rand.New(rand.NewPCG(36, 1))
	var score []float64
	var cluster, single []int
	for c := range 12 {
		score = append(score, normals(rng, 3*rng.NormFloat64(), 1, 10)...)
		cluster = append(cluster, repeat(c, 10)...)
	}
	for i := range score {
		single = append(single, i)
	}
	g := &GameScores{
		Positive: score[:60], Negative: score[60:],
		PositiveGroup: cluster[:60], NegativeGroup: cluster[60:],
		PositiveExample: single[:60], NegativeExample: single[60:],
	}
	a, err := g.auc(.95)
	require.NoError(t, err)
	require.Equal(t, "delong-by-model", a.Method)
	g.PositiveGroup, g.PositiveExample = g.PositiveExample, g.PositiveGroup
	g.NegativeGroup, g.NegativeExample = g.NegativeExample, g.NegativeGroup
	b, err := g.auc(.95)
	require.NoError(t, err)
	require.Equal(t, "delong-by-example", b.Method)
	require.Equal(t, a.Low, b.Low)
	plain, err := DeLong(g.Positive, g.Negative, .95)
	require.NoError(t, err)
	require.Less(t, 1.5*(plain.High-plain.Low), a.High-a.Low)
}

// The permutation p-value is exact: P(p ≤ 0.1) ≤ 0.1 under the null.
func TestForgettingPValueNullTrials(t *testing.T) {
	rng := rand.New(rand.NewPCG(33, 1))
	wrong := 0
	for i := range trials() {
		r, err := ForgettingQuality{Permutations: 19, Level: .9, Seed: uint64(i)}.Score(models(rng, 10, 5, 0), models(rng, 14, 5, 0), 5)
		require.NoError(t, err)
		if r.PValue <= .1 {
			wrong++
		}
	}
	requireRateAtMost(t, wrong, trials(), .1)
}

// Four against four models have 70 labellings. Outputs in two separate heaps
// give the lowest F to two of them, the truth and its mirror image.
func TestForgettingFewModels(t *testing.T) {
	u, v := []float64{5, 6, 7, 8}, []float64{1, 2, 3, 4}
	for _, tc := range []struct {
		q    ForgettingQuality
		p    float64
		test bool // whether 1 − Level is within reach
	}{
		{ForgettingQuality{}, 2.0 / 70, true},
		{ForgettingQuality{OneSided: true}, 2.0 / 70, true},
		{ForgettingQuality{Level: .98}, 2.0 / 70, false},
		{ForgettingQuality{Level: .98, OneSided: true}, 2.0 / 70, false},
	} {
		r, err := tc.q.Score(u, v, 1)
		require.NoError(t, err)
		require.Equal(t, 2*math.Exp2(-13), r.F)
		require.InDelta(t, tc.p, r.MinPValue, 1e-15)
		require.Equal(t, tc.test, r.PValue.Exists() && r.NullLow.Exists() && r.NullHigh.Exists())
		require.Equal(t, tc.test, r.PValue.Exists() || r.NullLow.Exists() || r.NullHigh.Exists())
		if tc.test {
			require.Equal(t, Float(r.MinPValue), r.PValue)
			require.Less(t, Float(r.F), r.NullLow)
		}
	}
	// Two against two never reject at 0.95, nor do outputs that never vary.
	r, err := ForgettingQuality{}.Score(u[:2], v[:2], 1)
	require.NoError(t, err)
	require.InDelta(t, 2.0/6, r.MinPValue, 1e-15)
	require.False(t, r.PValue.Exists())
	r, err = ForgettingQuality{}.Score(constants(1, 4), constants(1, 4), 1)
	require.NoError(t, err)
	require.Equal(t, 1.0, r.MinPValue)
	require.False(t, r.PValue.Exists())
	var md strings.Builder
	b, v1, u1 := threeModels(3, 20, 1, 0)
	report, err := NewReport(b, v1, u1, ReportConfig{})
	require.NoError(t, err)
	report.Forgetting = r
	require.NoError(t, report.WriteMarkdown(&md))
	require.Contains(t, md.String(), "So few models are no test: even the lowest F would have p = 1.")
}

// The test is exact: with each labelling of the same 4+4 models in turn as the
// truth, p ≤ 0.1 in no more than a tenth, and F < NullLow says the same.
func TestForgettingExactNull(t *testing.T) {
	all := models(rand.New(rand.NewPCG(37, 1)), 8, 6, 0)
	wrong := 0
	labels, _ := labellings(4, 4, 1, 0)
	for _, label := range labels {
		var u, v []float64
		for m, unlearned := range label {
			if row := all[m*6 : (m+1)*6]; unlearned {
				u = append(u, row...)
			} else {
				v = append(v, row...)
			}
		}
		r, err := ForgettingQuality{Level: .9}.Score(u, v, 6)
		require.NoError(t, err)
		require.Equal(t, r.PValue <= .1, Float(r.F) < r.NullLow)
		if r.PValue <= .1 {
			wrong++
		}
	}
	require.Positive(t, wrong)
	require.LessOrEqual(t, wrong, 7)
}

func TestLabellings(t *testing.T) {
	for _, tc := range []struct {
		n, m, want int
		all        bool
	}{
		{4, 4, 70, true}, {7, 7, 3432, true}, {8, 8, 100, false}, // 12870 are too many
		{2, 139, 141 * 140 / 2, true}, {500, 700, 100, false},
	} {
		labels, all := labellings(tc.n, tc.m, 99, 0)
		require.Len(t, labels, tc.want, "%+v", tc)
		require.Equal(t, tc.all, all, "%+v", tc)
	}
	labels, _ := labellings(2, 3, 9, 0)
	require.Equal(t, []bool{true, true, false, false, false}, labels[0])
	seen := map[string]bool{}
	for _, l := range labels {
		seen[fmt.Sprint(l)] = true
	}
	require.Len(t, seen, 10, "each of C(5,2) once")
}

func TestForgettingOrder(t *testing.T) {
	rng := rand.New(rand.NewPCG(34, 1))
	u, v := models(rng, 20, 3, .5), models(rng, 20, 3, 0)
	swap := func(x []float64) []float64 {
		y := make([]float64, len(x))
		for i := range x {
			y[i/3*3+2-i%3] = x[i]
		}
		return y
	}
	want, err := ForgettingQuality{}.Score(u, v, 3)
	require.NoError(t, err)
	got, err := ForgettingQuality{}.Score(swap(u), swap(v), 3)
	require.NoError(t, err)
	want.Epsilon, got.Epsilon = nil, nil
	require.Equal(t, want, got)
}

func TestModelMatrixBadInput(t *testing.T) {
	ok := []float64{1, 2, 3, 4}
	for name, f := range map[string]func(u, v []float64, e int) error{
		"F":    func(u, v []float64, e int) error { _, err := ForgettingQuality{}.Score(u, v, e); return err },
		"KLOM": func(u, v []float64, e int) error { _, err := KLOM{}.Score(u, v, e); return err },
	} {
		require.NoError(t, f(ok, ok, 2), name)
		require.ErrorIs(t, f(ok, ok, 4), ErrTooFewShadows, name)
		require.ErrorIs(t, f(ok, ok, 3), ErrShape, name)
		require.ErrorIs(t, f(ok, ok, 0), ErrRange, name)
		require.ErrorIs(t, f(nil, ok, 2), ErrEmpty, name)
		require.ErrorContains(t, f(ok, []float64{1, 2, 3, math.NaN()}, 2), "retrained[3]", name)
	}
	for _, q := range []ForgettingQuality{{Delta: 2}, {Level: 1}, {Width: -1}, {Bins: -1}, {Permutations: -1}} {
		_, err := q.Score(ok, ok, 2)
		require.ErrorIs(t, err, ErrRange)
	}
	for _, k := range []KLOM{{Bins: -1}, {Floor: 1}, {Clip: -1}} {
		_, err := k.Score(ok, ok, 2)
		require.ErrorIs(t, err, ErrRange)
	}
}
