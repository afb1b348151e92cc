package unlearning_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/miniunlearn/miniunlearn/data"
	"github.com/miniunlearn/miniunlearn/internal/vector"
	"github.com/miniunlearn/miniunlearn/nets"
	"github.com/miniunlearn/miniunlearn/unlearning"
	"github.com/miniunlearn/miniunlearn/unlearning/contraction"
	"github.com/miniunlearn/miniunlearn/unlearning/history"
	"github.com/miniunlearn/miniunlearn/unlearning/internal/testruns"
)

// TestMiniForgottenPast: of a run that weight decay has forgotten most of, Mini follows
// the end alone, and spends on it what that saves; where the record is to be rewritten it
// follows all of it.
func TestMiniForgottenPast(t *testing.T) {
	cfg := nets.Config{Epochs: 20, Batch: 64, LR: nets.ConstantRate(0.1), Momentum: 0.9, WeightDecay: 0.05, Seed: 1} // λ times learning time is 40
	p := testruns.Record(t, nets.Logistic(64, 10), data.Digits().Train, cfg, history.All())
	p.Forget = data.RandomForget(p.Run.Data, 0.2, 3)
	v := testruns.Solve(t, unlearning.Retrain{}, p)
	lost := func(res *unlearning.Result) float64 {
		return vector.Distance(res.Params, v) / vector.Distance(p.Run.Params, v)
	}
	solve := func(m unlearning.Mini) *unlearning.Result {
		res, err := m.Unlearn(t.Context(), p)
		require.NoError(t, err)
		return res
	}
	end := solve(unlearning.Mini{Cost: 0.5})
	all := solve(unlearning.Mini{Cost: 0.5, Convex: unlearning.Recursion{Window: contraction.Window{Last: 1}}})
	require.Less(t, lost(end), 0.02)
	require.Less(t, lost(end), lost(all)/5)
	// Whole batches of a third of the steps are enough.
	require.Less(t, end.GradEvals, 0.45*unlearning.RetrainCost(p))

	res, next, err := unlearning.Forget(t.Context(), unlearning.Mini{Cost: 0.5}, p, unlearning.Next{})
	require.NoError(t, err)
	require.Less(t, lost(res), 0.5)
	next.Forget = data.RandomForget(next.Run.Data, 0.05, 4)
	_, err = unlearning.Mini{Cost: 0.5}.Unlearn(t.Context(), next)
	require.NoError(t, err, "the whole record is there for the next request")
}

// TestNoisySamples: in runs of small batches and long steps a few examples of each carry
// so little of the curvature that d would grow along their chance. It does not.
func TestNoisySamples(t *testing.T) {
	for _, cfg := range []nets.Config{
		{Batch: 32, LR: nets.ConstantRate(0.3), Momentum: 0.9}, {Batch: 32, LR: nets.ConstantRate(1)}, {Batch: 16, LR: nets.ConstantRate(1), Momentum: 0.9},
	} {
		cfg.Epochs, cfg.WeightDecay, cfg.Seed = 10, 0.0005, 1
		p := testruns.Record(t, nets.Logistic(64, 10), data.Digits().Train, cfg, history.All())
		p.Forget = data.RandomForget(p.Run.Data, 0.2, 3)
		m := unlearning.Recursion{Curvature: contraction.Sampled{Own: true, Share: 0.1}}
		res, err := m.Unlearn(t.Context(), p)
		require.NoError(t, err)
		require.Less(t, testruns.Lost(t, m, p), 1.1, "%+v", cfg)
		require.Positive(t, res.Guards[contraction.GuardStepShortened])
		require.Less(t, testruns.Lost(t, unlearning.Mini{}, p), 1.0, "%+v", cfg)
	}
}

// TestWholeBatches: the sample that is the batch is exact, whatever the run does.
func TestWholeBatches(t *testing.T) {
	p := testruns.Record(t, nets.Logistic(64, 10), data.Digits().Train, nets.Config{Epochs: 5, Batch: 64, LR: nets.ConstantRate(3), Momentum: 0.9, Seed: 1}, history.All())
	p.Forget = data.RandomForget(p.Run.Data, 0.2, 3)
	exact, err := unlearning.Recursion{}.Unlearn(t.Context(), p)
	require.NoError(t, err)
	whole, err := unlearning.Recursion{Curvature: contraction.Sampled{Own: true, Share: 1}}.Unlearn(t.Context(), p)
	require.NoError(t, err)
	require.Equal(t, exact.Params.Float32s(), whole.Params.Float32s())
	require.Equal(t, exact.GradEvals, whole.GradEvals)
	require.Empty(t, whole.Guards)
}
