package attacks

import (
	"context"
	"math"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"
)

func playAUC(t *testing.T, l LiRA, s *Shadows) float64 {
	t.Helper()
	a, b, err := SplitModels(s, 3)
	require.NoError(t, err)
	g, err := Play(t.Context(), l, a, b, Membership)
	require.NoError(t, err)
	auc, err := AUC(g.Positive, g.Negative)
	require.NoError(t, err)
	return auc
}

// scoresOf attacks one target in the membership game.
func scoresOf(a Attack, s *Shadows, target []float64) ([]float64, error) {
	return Score(context.Background(), a, s, Membership, Answers{Examples: s.Examples, Augs: s.augs(), Signal: target})
}

// Two In signals 3 and 5 (mean 4, s² 2), two Out signals 0 and 2 (mean 1, s² 2),
// and a second example with spread 0.5 that only matters to pooling.
func handMade() *Shadows {
	return &Shadows{
		Models: 4, Examples: 2,
		Signal: []float64{3, 10, 5, 11, 0, 20, 2, 24},
		State:  []State{In, In, In, In, Out, Out, Out, Out},
	}
}

func TestLiRAByHand(t *testing.T) {
	s := handMade()
	gauss := func(x, mu, v float64) float64 { return -0.5*math.Log(v) - (x-mu)*(x-mu)/(2*v) }
	// Residual variances: In (2+½)/2, Out (2+8)/2.
	inPool, outPool := 1.25, 5.0
	for _, tc := range []struct {
		fit  Fit
		want float64
	}{
		{PerExample, gauss(3.5, 4, 2) - gauss(3.5, 1, 2)},
		{Pooled, gauss(3.5, 4, inPool) - gauss(3.5, 1, outPool)},
		{Shrunk, gauss(3.5, 4, (4*inPool+2)/5) - gauss(3.5, 1, (4*outPool+2)/5)},
	} {
		got, err := scoresOf(LiRA{Fit: tc.fit}, s, []float64{3.5, 10})
		require.NoError(t, err)
		require.InDelta(t, tc.want, got[0], 1e-12, tc.fit.String())
	}
	off, err := scoresOf(LiRA{Offline: true}, s, []float64{3.5, 10})
	require.NoError(t, err)
	require.InDelta(t, -math.Log(normalCDF((1-3.5)/math.Sqrt2)), off[0], 1e-12)
}

// The authors' script: medians, deviations with n, and the first two models of each
// state, since example 1 has two that are Out. The values are those of
// generate_ours and generate_ours_offline under numpy 2.4 and scipy 1.17, but that
// a score is larger for members, and that fix_variance takes Out's own variance.
func TestLiRAPublished(t *testing.T) {
	s := &Shadows{
		Models: 6, Examples: 2,
		Signal: []float64{3, 10, 5, 11, 9, 13, 0, 20, 2, 24, 1, 15},
		State:  []State{In, In, In, In, In, In, Out, Out, Out, Out, Out, In},
	}
	gauss := func(x, mu, v float64) float64 { return -0.5*math.Log(2*math.Pi*v) - (x-mu)*(x-mu)/(2*v) }
	target := []float64{3.5, 10}
	got, err := scoresOf(LiRA{Published: true}, s, target)
	require.NoError(t, err)
	// Of In 3, 5, 9 the median 5 and variance 56/9; of Out 0, 2 the median 1 and variance 1.
	require.InDelta(t, gauss(3.5, 5, 56.0/9)-gauss(3.5, 1, 1), got[0], 1e-9)
	require.InDelta(t, gauss(10, 11, 14.0/9)-gauss(10, 22, 4), got[1], 1e-9)
	got, err = scoresOf(LiRA{Published: true, Offline: true}, s, target)
	require.NoError(t, err)
	require.InDelta(t, -gauss(3.5, 1, 1), got[0], 1e-9)
	got, err = scoresOf(LiRA{Published: true, Fit: Pooled}, s, target)
	require.NoError(t, err)
	// In: 3, 5, 9, 10, 11, 13; Out: 0, 2, 20, 24, each about its common mean.
	require.InDelta(t, gauss(3.5, 5, 71.5/6)-gauss(3.5, 1, 112.75), got[0], 1e-9)
	require.InDelta(t, 1.05692809, got[0], 1e-8)
	require.Equal(t, "lira-offline-published", LiRA{Offline: true, Published: true}.Name())
}

// The published plot script uses the In deviation for Out in fixed-variance
// mode; with the hand-made data that would change score and ranking.
func TestDefectFixedVarianceUsesOwnState(t *testing.T) {
	s := handMade()
	gauss := func(x, mu, v float64) float64 { return -0.5*math.Log(v) - (x-mu)*(x-mu)/(2*v) }
	got, err := scoresOf(LiRA{Fit: Pooled}, s, []float64{3.5, 10})
	require.NoError(t, err)
	wrong := gauss(3.5, 4, 1.25) - gauss(3.5, 1, 1.25)
	require.Greater(t, math.Abs(got[0]-wrong), 0.5)
}

// Student's t with ν₀ = 4: location 4, scale² (4·1.25+2)/5·(1+½), 5 degrees.
func TestStudentTByHand(t *testing.T) {
	lt := func(x, mu, v, nu float64) float64 {
		a, _ := math.Lgamma((nu + 1) / 2)
		b, _ := math.Lgamma(nu / 2)
		return a - b - .5*math.Log(nu*math.Pi*v) - (nu+1)/2*math.Log(1+(x-mu)*(x-mu)/(v*nu))
	}
	got, err := scoresOf(LiRA{Fit: StudentT}, handMade(), []float64{3.5, 10})
	require.NoError(t, err)
	require.InDelta(t, lt(3.5, 4, 1.4*1.5, 5)-lt(3.5, 1, 4.4*1.5, 5), got[0], 1e-12)
	// The density integrates to one and its tail to logAbove.
	d := location{mean: 1, scale: 2, dof: 5}
	sum, tail := 0.0, 0.0
	for x := -4000.0; x < 4000; x += 0.01 {
		p := math.Exp(d.logPDF(x+0.005)) * 0.01
		sum += p
		if x >= 3 {
			tail += p
		}
	}
	require.InDelta(t, 1, sum, 1e-6)
	require.InDelta(t, math.Log(tail), d.logAbove(3), 1e-5)
}

func TestStudentTail(t *testing.T) {
	// ν = 1 is Cauchy: P(T ≥ z) = ½ − atan(z)/π ≈ 1/(πz).
	require.InDelta(t, math.Log(.25), logStudentAbove(1, 1), 1e-12)
	require.InDelta(t, math.Log(.75), logStudentAbove(-1, 1), 1e-12)
	require.InDelta(t, -math.Log(math.Pi*1e150), logStudentAbove(1e150, 1), 1e-9)
	// Continuous where the incomplete beta function underflows.
	last := 0.0
	for z := 1.0; z < 1e200; z *= 1.5 {
		v := logStudentAbove(z, 60)
		require.False(t, math.IsInf(v, 0) || math.IsNaN(v), "z = %v", z)
		if z > 1e4 {
			require.InDelta(t, 60*math.Log(1.5), last-v, 1e-4, "z = %v", z)
		}
		last = v
	}
}

// LiRA's separation is known: with In shifted by μσ the optimal AUC is Φ(μ/√2).
func TestLiRAFindsTheShift(t *testing.T) {
	s := world{models: 64, examples: 300, in: 2, forgotten: math.NaN(), ragged: true}.draw(1)
	const optimum = .9213503965
	even := world{models: 64, examples: 300, in: 2, forgotten: math.NaN()}.draw(1)
	for _, l := range []LiRA{{}, {Offline: true}} {
		require.InDelta(t, optimum, playAUC(t, l, s), .03, "%+v", l)
	}
	for fit := PerExample; fit <= StudentT; fit++ {
		for _, offline := range []bool{false, true} {
			l := LiRA{Fit: fit, Offline: offline}
			require.InDelta(t, optimum, playAUC(t, l, even), .03, "%+v", l)
		}
	}
	// One variance for examples of very different spread loses power.
	require.Less(t, playAUC(t, LiRA{Fit: Pooled}, s), optimum-.03)
}

// With three models per state the per-example variance is useless and the
// Student-t predictive is not.
func TestStudentTStableWithFewShadows(t *testing.T) {
	full := world{models: 40, examples: 400, in: 2, forgotten: math.NaN()}.draw(2)
	few := &Shadows{Models: 6, Examples: 400}
	for m := range 6 { // exactly three In and three Out per example
		for e := range 400 {
			st := State((m + e) % 2)
			few.State = append(few.State, st)
			few.Signal = append(few.Signal, pickSignal(full, e, st, m/2))
		}
	}
	targets := full.pick(func(m int) bool { return m >= 20 })
	auc := func(l LiRA) float64 {
		g, err := Play(t.Context(), l, few, targets, Membership)
		require.NoError(t, err)
		v, err := AUC(g.Positive, g.Negative)
		require.NoError(t, err)
		return v
	}
	require.Greater(t, auc(LiRA{Fit: StudentT}), auc(LiRA{})+.02)
}

// pickSignal returns the k-th signal of example e in a state.
func pickSignal(s *Shadows, e int, st State, k int) float64 {
	for m := range s.Models {
		if s.state(m, e) == st {
			if k == 0 {
				return s.row(m)[e]
			}
			k--
		}
	}
	panic("not enough models")
}

func TestAugmentationsHelp(t *testing.T) {
	one := world{models: 48, examples: 200, in: 1, forgotten: math.NaN()}
	four := one
	four.augs = 4
	require.Greater(t, playAUC(t, LiRA{}, four.draw(3)), playAUC(t, LiRA{}, one.draw(3))+.05)
}

func TestLiRABadInput(t *testing.T) {
	s := handMade()
	_, err := scoresOf(LiRA{}, s, []float64{1})
	require.ErrorIs(t, err, ErrShape)
	_, err = scoresOf(LiRA{}, s, []float64{1, math.NaN()})
	require.ErrorContains(t, err, "target[1]")
	s.State[1], s.State[3] = Out, Out
	_, err = scoresOf(LiRA{}, s, []float64{1, 1})
	require.ErrorIs(t, err, ErrTooFewShadows)
	require.ErrorContains(t, err, `example 1 is never "in"`)
	_, err = scoresOf(LiRA{Offline: true}, s, []float64{1, 1})
	require.NoError(t, err, "offline needs no In models")
	s.State[1] = In
	_, err = scoresOf(LiRA{}, s, []float64{1, 1})
	require.ErrorContains(t, err, `example 1 is "in" in 1 of the models used; 2 needed`)
	_, err = scoresOf(LiRA{Fit: StudentT}, s, []float64{1, 1})
	require.NoError(t, err, "one model of a state is enough where variance is pooled")
	for i := range s.State {
		s.State[i] = In
	}
	_, err = scoresOf(LiRA{Offline: true}, s, []float64{1, 1})
	require.ErrorContains(t, err, `example 0 is never "out"`)
	lone := &Shadows{Models: 2, Examples: 1, Signal: []float64{1, 2}, State: []State{In, Out}}
	_, err = scoresOf(LiRA{Fit: Shrunk}, lone, []float64{1})
	require.ErrorIs(t, err, ErrTooFewShadows)
	for _, l := range []LiRA{{Fit: 9}, {Published: true, Fit: Shrunk}, {Prior: -1}, {Prior: inf}} {
		_, err = scoresOf(l, handMade(), []float64{1, 1})
		require.ErrorIs(t, err, ErrRange)
	}
}

// Signals that never vary: equal states score 0, different ones separate.
func TestLiRAConstantSignals(t *testing.T) {
	s := handMade()
	for i := range s.Signal {
		s.Signal[i] = 5
	}
	for fit := PerExample; fit <= StudentT; fit++ {
		got, err := scoresOf(LiRA{Fit: fit}, s, []float64{5, 5})
		require.NoError(t, err)
		require.Equal(t, []float64{0, 0}, got)
	}
	for i, st := range s.State {
		s.Signal[i] = float64(st)
	}
	got, err := scoresOf(LiRA{}, s, []float64{1, 0})
	require.NoError(t, err)
	require.Greater(t, got[0], 0.0)
	require.Less(t, got[1], 0.0)
}

// The first example varies in no model, the second more in than out: the
// tiny variance is the same in both states, so equal means score 0 where the
// states' own pooled variances, 4 and 1, would give −log 2.
func TestLiRAOneFloor(t *testing.T) {
	s := handMade()
	s.Signal = []float64{7, 10, 7, 14, 7, 20, 7, 22}
	got, err := scoresOf(LiRA{}, s, []float64{7, 12})
	require.NoError(t, err)
	require.Zero(t, got[0])
	s.Signal[4], s.Signal[6] = 6, 6 // other means: a large number
	got, err = scoresOf(LiRA{}, s, []float64{7, 12})
	require.NoError(t, err)
	require.InEpsilon(t, .5/1e-6, got[0], 1e-9, "half a squared unit over a millionth of the smaller pooled variance, 1")
	s.Signal = []float64{6, 20, 6, 22, 7, 10, 7, 14} // the states exchanged
	got, err = scoresOf(LiRA{}, s, []float64{7, 12})
	require.NoError(t, err)
	require.InEpsilon(t, -.5/1e-6, got[0], 1e-9)
}

func TestLiRAOrderOfExamples(t *testing.T) {
	s := world{models: 40, examples: 60, augs: 2, in: 1, forgotten: 0.3, ragged: true}.draw(5)
	perm := rand.New(rand.NewPCG(1, 1)).Perm(60)
	for fit := PerExample; fit <= StudentT; fit++ {
		want, err := scoresOf(LiRA{Fit: fit}, s, s.row(3))
		require.NoError(t, err)
		r := reorder(s, perm)
		got, err := scoresOf(LiRA{Fit: fit}, r, r.row(3))
		require.NoError(t, err)
		for i, e := range perm {
			require.Equal(t, want[e], got[i])
		}
	}
}
