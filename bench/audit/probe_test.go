package audit

import (
	"context"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/miniunlearn/miniunlearn/attacks"
	"github.com/miniunlearn/miniunlearn/data"
	"github.com/miniunlearn/miniunlearn/graph"
	"github.com/miniunlearn/miniunlearn/nets"
	"github.com/miniunlearn/miniunlearn/unlearning"
)

// probing is an audit whose models know their examples by heart.
func probing(t *testing.T) Config {
	t.Helper()
	c := small(t)
	ds, err := data.Stratified(data.Digits().Train, 300, 1)
	require.NoError(t, err)
	c.Data, c.Arch, c.Train.Epochs, c.Train.Batch = ds, nets.MLP(64, 64, 10), 40, 16
	c.Methods, c.Targets, c.Share, c.Workers = []Subject{{Method: NoOp{}}}, 4, 0.4, 2
	return c
}

// TestProbeLetsGo: no run stays in memory when its variants are made.
func TestProbeLetsGo(t *testing.T) {
	c := small(t)
	c.Train.Epochs, c.Methods = 1, []Subject{{Method: NoOp{}}}
	p, err := newPlan(c)
	require.NoError(t, err)
	models, err := p.targets()
	require.NoError(t, err)
	seen := 0
	require.NoError(t, p.probe(t.Context(), models, func(_ context.Context, m *probed, _ string, _ *graph.Tensor) error {
		for _, other := range models {
			require.Equal(t, other == m, other.run != nil)
		}
		seen++
		return nil
	}))
	require.Equal(t, len(models)*len(p.variants()), seen)
	for _, m := range models {
		require.Nil(t, m.run)
	}
}

// TestPoison: models before unlearning know the noise of what they should forget, and
// retrained ones do not.
func TestPoison(t *testing.T) {
	rows, err := Poison(t.Context(), probing(t), attacks.Poison{Scale: 1, Draws: 99, Seed: 1})
	require.NoError(t, err)
	require.Len(t, rows, 4)
	for _, r := range rows {
		t.Logf("%-20s mean %+.3f [%+.3f, %+.3f] p %.3f, TPR at 1%% %.3f", r.Name, r.Poison.Mean, r.Poison.NullLow, r.Poison.NullHigh, r.Poison.PValue, r.Poison.TPR)
		switch r.Name {
		case Before, "no-op":
			require.Equal(t, .01, r.Poison.PValue)
			require.Greater(t, r.Poison.Mean, r.Poison.NullHigh+.2)
		default:
			require.Greater(t, r.Poison.PValue, .01)
		}
	}
	require.Equal(t, rows[0].Poison.Mean, rows[3].Poison.Mean)
}

// masked hides what a model knows behind a last layer that knows nothing.
type masked struct{ NoOp }

func (masked) Name() string { return "masked" }

func (masked) Unlearn(_ context.Context, p unlearning.Problem) (*unlearning.Result, error) {
	w := p.Run.Params.Clone()
	last := 64*10 + 10
	copy(w.Float32s()[w.Len()-last:], p.Run.Initial.Float32s()[w.Len()-last:])
	return &unlearning.Result{Method: "masked", Params: w}, nil
}

// TestRelearn: what was hidden comes back, and what was retrained without does not.
func TestRelearn(t *testing.T) {
	c := probing(t)
	c.Methods = []Subject{{Method: masked{}}}
	rows, err := Relearn(t.Context(), c, 12)
	require.NoError(t, err)
	for _, r := range rows {
		t.Logf("%-20s loss %.3f, of unseen %.3f, excess %.3f ± %.3f", r.Name, r.Loss, r.Unseen, r.Excess, r.Sd)
		require.Len(t, r.Loss, 13)
		require.Len(t, r.Unseen, 13)
		switch r.Name {
		case Before:
			require.Greater(t, r.Excess, .2)
			require.Zero(t, r.Back)
		case "masked":
			require.Less(t, r.Loss[12], r.Loss[0]*.6)
			require.Greater(t, r.Excess, .15)
			require.Positive(t, r.Back)
		default:
			require.Less(t, r.Excess, .1)
			require.InDelta(t, r.Loss[0], r.Loss[12], .1)
			require.Equal(t, -1, r.Back)
		}
	}
	_, err = Relearn(t.Context(), c, 0)
	require.ErrorIs(t, err, ErrConfig)
}

// TestCanaries: one run shows an ε above 0 before unlearning, and none after
// retraining.
func TestCanaries(t *testing.T) {
	c := probing(t)
	c.Train.Epochs = 60
	canaries, err := data.ParseForget("random:0.6", c.Data, 1)
	require.NoError(t, err)
	c.Candidates = canaries
	rows, err := Canaries(t.Context(), c, Canary{Delta: 1e-5, Mislabel: true})
	require.NoError(t, err)
	for _, r := range rows {
		t.Logf("%-20s AUC %v, quantile %v, label only %v, ε ≥ %v, f-DP %v", r.Name, r.AUC, *r.Quantile, *r.LabelOnly, r.Epsilon, r.FDP)
		switch r.Name {
		case Before, "no-op":
			require.Greater(t, r.AUC.Low, .5)
			require.Greater(t, r.Quantile.Low, .5)
			require.Greater(t, r.LabelOnly.Low, .5)
			require.Positive(t, r.FDP.Epsilon)
			require.GreaterOrEqual(t, r.FDP.Epsilon, r.Epsilon.Epsilon)
		default:
			require.Zero(t, r.Epsilon.Epsilon)
			require.Zero(t, r.FDP.Epsilon)
		}
		require.Equal(t, "one-run", r.Epsilon.Method)
	}
	c.Candidates = data.ForgetSet{}
	_, err = Canaries(t.Context(), c, Canary{Delta: 1e-5})
	require.ErrorIs(t, err, ErrConfig)
	require.ErrorContains(t, err, "set Candidates to some")
}

// TestReconstruct: retraining a linear model without an example gives the example away,
// and a model of another seed does not.
func TestReconstruct(t *testing.T) {
	c := probing(t)
	c.Arch, c.Train.Epochs, c.Train.LR, c.Train.WeightDecay = nets.Logistic(64, 10), 100, nets.Cosine(0.1), 0.01
	c.Methods, c.Targets = []Subject{{Method: unlearning.Retrain{}}}, 8
	rows, err := Reconstruct(t.Context(), c)
	require.NoError(t, err)
	require.Len(t, rows, 4)
	require.Equal(t, ReconstructRow{Name: Before, Models: 8}, rows[0])
	for _, r := range rows[1:] {
		t.Logf("%-20s found %.3f, cosine %.3f, label %.3f", r.Name, r.Found, r.Cosine, r.Label)
		require.Equal(t, 8, r.Models)
		if r.Name == Reference {
			require.LessOrEqual(t, r.Found, .25)
			continue
		}
		require.GreaterOrEqual(t, r.Found, .5)
		require.GreaterOrEqual(t, r.Label, .75)
	}
	c.Arch = nets.MLP(64, 8, 10)
	_, err = Reconstruct(t.Context(), c)
	require.ErrorIs(t, err, ErrConfig)
	require.ErrorContains(t, err, "logistic would do")
}

func TestProbesAreCancelled(t *testing.T) {
	ctx, stop := context.WithCancel(t.Context())
	stop()
	_, err := Poison(ctx, probing(t), attacks.Poison{})
	require.ErrorIs(t, err, context.Canceled)
	c := probing(t)
	c.Methods = append(c.Methods, Subject{Name: "broken", Method: broken{}})
	_, err = Relearn(t.Context(), c, 1)
	require.ErrorIs(t, err, errBroken)
	require.ErrorContains(t, err, "broken: broken on purpose")
}
