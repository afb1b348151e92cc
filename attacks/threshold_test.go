package attacks

import (
	"context"
	"errors"
	"math"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestThresholdAttackEndToEnd(t *testing.T) {
	// Members are classified with more confidence: z_y ~ N(2,1) against N(0,1).
	rng := rand.New(rand.NewPCG(1, 1))
	pool := func(mu float64) Outputs[int32] {
		o := Outputs[int32]{Classes: 2}
		for range 2000 {
			y := int32(rng.IntN(2))
			z := []float64{0, 0}
			z[y] = mu + rng.NormFloat64()
			o.Logits = append(o.Logits, z...)
			o.Labels = append(o.Labels, y)
		}
		return o
	}
	in, out := pool(2), pool(0)
	loss, err := ThresholdAttack(SignalLoss, in, out, EvalConfig{})
	require.NoError(t, err)
	require.Equal(t, "loss-threshold", loss.Name)
	require.True(t, loss.AUC.Contains(.9213503965), "%v", loss.AUC)
	// Every signal that is monotone in φ ranks alike with two classes.
	for _, s := range []Signal{SignalLogitGap, SignalHinge, SignalModifiedEntropy} {
		e, err := ThresholdAttack(s, in, out, EvalConfig{})
		require.NoError(t, err)
		require.InDelta(t, loss.AUC.Estimate, e.AUC.Estimate, 1e-12, s.String())
	}
	in.Labels[7] = 9
	_, err = ThresholdAttack(SignalLoss, in, out, EvalConfig{})
	require.ErrorIs(t, err, ErrLabel)
	require.ErrorContains(t, err, "members")
}

// ML Privacy Meter's LOSS attack is inverted: small losses must mean member.
func TestDefectInvertedLossAttack(t *testing.T) {
	confident := Outputs[int]{Logits: []float64{5, 0, 6, 0}, Classes: 2, Labels: []int{0, 0}}
	unsure := Outputs[int]{Logits: []float64{.5, 0, .1, 0}, Classes: 2, Labels: []int{0, 0}}
	for _, s := range Signals() {
		if s == SignalCorrectness {
			continue
		}
		e, err := ThresholdAttack(s, confident, unsure, EvalConfig{})
		require.NoError(t, err)
		require.Equal(t, 1.0, e.AUC.Estimate, s.String())
	}
}

// Reporting the best threshold on the evaluated data is optimistic; a fitted
// one is not, and no threshold is better than a useless one.
func TestFitThreshold(t *testing.T) {
	thr, err := FitThreshold([]float64{3, 4, 5}, []float64{1, 2, 3.5})
	require.NoError(t, err)
	require.Equal(t, 4.0, thr)
	thr, err = FitThreshold(constants(1, 4), constants(1, 4))
	require.NoError(t, err)
	require.Equal(t, inf, thr)
	v, err := ThresholdAccuracy(thr, []float64{inf}, []float64{0})
	require.NoError(t, err)
	require.Equal(t, .5, v)
	_, err = ThresholdAccuracy(math.NaN(), []float64{1}, []float64{0})
	require.ErrorIs(t, err, ErrNotFinite)
	require.ErrorContains(t, err, "t is NaN")

	rng := rand.New(rand.NewPCG(2, 1))
	fitted, hindsight := 0.0, 0.0
	for range trials() {
		a, b := normals(rng, 0, 1, 30), normals(rng, 0, 1, 30)
		thr, err := FitThreshold(a, b)
		require.NoError(t, err)
		v, err := ThresholdAccuracy(thr, normals(rng, 0, 1, 30), normals(rng, 0, 1, 30))
		require.NoError(t, err)
		fitted += v / float64(trials())
		h, err := BalancedAccuracy(a, b)
		require.NoError(t, err)
		hindsight += h / float64(trials())
	}
	require.InDelta(t, .5, fitted, .02)
	require.Greater(t, hindsight, .55)
}

func TestClassThresholds(t *testing.T) {
	// Class 1 is harder: one threshold cannot serve both, two are perfect.
	members := []float64{10, 11, 1, 2}
	others := []float64{8, 9, -1, 0}
	labels := []int{0, 0, 1, 1}
	c, err := FitClassThresholds(members, labels, others, labels, 2)
	require.NoError(t, err)
	require.Equal(t, []float64{10, 1}, c.Threshold)
	in, err := ClassScores(c, members, labels)
	require.NoError(t, err)
	out, err := ClassScores(c, others, labels)
	require.NoError(t, err)
	auc, err := AUC(in, out)
	require.NoError(t, err)
	require.Equal(t, 1.0, auc)
	global, err := BalancedAccuracy(members, others)
	require.NoError(t, err)
	require.Equal(t, .75, global)

	_, err = FitClassThresholds(members, labels, others, constInts(4), 2)
	require.ErrorIs(t, err, ErrOneClass)
	require.ErrorContains(t, err, "class 1 has 2 members and 0 non-members")
	_, err = FitClassThresholds(members, labels[:2], others, labels, 2)
	require.ErrorIs(t, err, ErrShape)
	_, err = FitClassThresholds(members, []int{0, 0, 1, 5}, others, labels, 2)
	require.ErrorIs(t, err, ErrLabel)
	_, err = FitClassThresholds([]float64{1, math.NaN()}, labels[:2], others, labels, 2)
	require.ErrorContains(t, err, "members[1]")
	_, err = ClassScores(c, members, []int{0, 0, 0, 7})
	require.ErrorIs(t, err, ErrLabel)
	_, err = ClassScores(&ClassThresholds{Threshold: []float64{1, math.NaN()}}, members, labels)
	require.ErrorIs(t, err, ErrNotFinite)
	require.ErrorContains(t, err, "c.Threshold[1]")
}

func TestGapAttack(t *testing.T) {
	g, err := GapAttack([]float64{1, 1, 1, 0}, []float64{1, 0, 0, 0}, 0)
	require.NoError(t, err)
	require.Equal(t, .75, g.MemberAccuracy)
	require.Equal(t, .25, g.NonMemberAccuracy)
	require.Equal(t, .75, g.BalancedAccuracy.Estimate)
	// Newcombe 1998, table II: 56/70 against 48/80 gives (.0524, .3339).
	g, err = GapAttack(append(constants(1, 56), constants(0, 14)...), append(constants(1, 48), constants(0, 32)...), .95)
	require.NoError(t, err)
	require.InDelta(t, .5+.0524/2, g.BalancedAccuracy.Low, 5e-5)
	require.InDelta(t, .5+.3339/2, g.BalancedAccuracy.High, 5e-5)
	_, err = GapAttack(nil, []float64{1}, 0)
	require.ErrorIs(t, err, ErrEmpty)
	_, err = GapAttack([]float64{1}, []float64{0, .5}, 0)
	require.ErrorContains(t, err, "nonMemberCorrect[1]")
}

type fakeModel struct {
	fail  error
	calls []int
}

func (m *fakeModel) Logits(_ context.Context, x []float32, n int) ([]float64, error) {
	m.calls = append(m.calls, n)
	out := make([]float64, 0, len(x))
	for _, v := range x {
		out = append(out, float64(v))
	}
	return out, m.fail
}

func TestQuery(t *testing.T) {
	x := []float32{2, 0, 0, 3, 1, 0, 5, 0, 0, 7}
	labels := []int32{0, 1, 0, 0, 1}
	m := &fakeModel{}
	got, err := Query(context.Background(), m, SignalLogitGap, x, labels, 2, 2)
	require.NoError(t, err)
	require.Equal(t, []float64{2, 3, 1, 5, 7}, got)
	require.Equal(t, []int{2, 2, 1}, m.calls)
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	_, err = Query(ctx, m, SignalLoss, x, labels, 2, 0)
	require.ErrorIs(t, err, context.Canceled)
	m.fail = errors.New("device lost")
	_, err = Query(context.Background(), m, SignalLoss, x, labels, 2, 0)
	require.ErrorIs(t, err, m.fail)
	m.fail = nil
	_, err = Query(context.Background(), m, SignalLoss, x, labels, 3, 0)
	require.ErrorIs(t, err, ErrShape)
	_, err = Query(context.Background(), m, SignalLoss, x[:9], labels, 2, 0)
	require.ErrorIs(t, err, ErrShape)
	_, err = Query(context.Background(), m, SignalLoss, nil, []int{}, 2, 0)
	require.ErrorIs(t, err, ErrEmpty)
	_, err = Query(context.Background(), m, SignalLoss, x, labels, 2, -1)
	require.ErrorIs(t, err, ErrRange)
}
