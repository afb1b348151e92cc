package unlearning_test

import (
	"fmt"
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

// TestMiniBudget: the recursion takes no more than its budget and nearly all
// of it, errs less with more, and says so when it is too small.
func TestMiniBudget(t *testing.T) {
	if testing.Short() {
		t.Skip("dozens of requests")
	}
	for name, p := range map[string]unlearning.Problem{
		"tail of 207": testruns.Convex(t), "tail of 2": testruns.Logistic(t, 2, nets.Config{Epochs: 40}, history.All()),
	} {
		for _, share := range []float64{0.003, 0.2, 0.5, 0.8} {
			last := 1.0
			for _, cost := range []float64{0.08, 0.2, 0.3, 0.6} {
				if visit := min(share, 1-share) * 5 / 40 / (1 - share); visit > cost-0.02 {
					continue
				}
				t.Run(fmt.Sprint(name, share, cost), func(t *testing.T) {
					const sets = 3
					var mean float64
					for seed := range uint64(sets) {
						p.Forget = data.RandomForget(p.Run.Data, share, 3+seed)
						res, err := unlearning.Mini{Cost: cost}.Unlearn(t.Context(), p)
						require.NoError(t, err)
						spent := res.GradEvals / unlearning.RetrainCost(p)
						require.LessOrEqual(t, spent, cost)
						// Rounding up to whole examples wastes less than one a step.
						require.Greater(t, spent, cost-0.04)
						v := testruns.Solve(t, unlearning.Retrain{}, p)
						mean += vector.Distance(res.Params, v) / vector.Distance(p.Run.Params, v) / sets
					}
					require.Less(t, mean, 1.1*last)
					last = mean
				})
			}
		}
		p.Forget = data.RandomForget(p.Run.Data, 0.2, 3)
		_, err := unlearning.Mini{Cost: 0.01}.Unlearn(t.Context(), p)
		require.ErrorIs(t, err, unlearning.ErrBudget)
	}
}

// TestMiniShortConvex: a short run in small batches has too few epochs for the usual number of disturbances,
// and fewer will do; where samples would be too small for that, the error says what it takes. A
// record of a few megabytes is asked for, however small the data.
func TestMiniShortConvex(t *testing.T) {
	p := testruns.Record(t, nets.Logistic(64, 10), data.Digits().Train, nets.Config{Epochs: 6, Batch: 32, LR: nets.Cosine(0.05), Momentum: 0.9, WeightDecay: 5e-4, Seed: 1}, history.All())
	plan := unlearning.PlanOf(p.Run)
	plan.Config.Epochs = 80 // 25 times as many numbers as the data have, and 8 MB
	require.Equal(t, history.All().String(), unlearning.Mini{}.History(plan).String())
	plan.Config.Epochs = 8000
	require.Equal(t, history.LogitGradients().String(), unlearning.Mini{}.History(plan).String())
	p.Forget = data.RandomForget(p.Run.Data, 0.2, 3)
	res, err := unlearning.Mini{Cost: 0.25}.Unlearn(t.Context(), p)
	require.NoError(t, err)
	require.LessOrEqual(t, res.GradEvals, 0.25*unlearning.RetrainCost(p))
	v := testruns.Solve(t, unlearning.Retrain{}, p)
	require.Less(t, vector.Distance(res.Params, v), 0.7*vector.Distance(p.Run.Params, v))
	p.Forget = data.RandomForget(p.Run.Data, 0.5, 3)
	_, err = unlearning.Mini{Cost: 0.25}.Unlearn(t.Context(), p)
	require.ErrorIs(t, err, unlearning.ErrBudget)
}

// TestMiniChosen: what the user sets stays.
func TestMiniChosen(t *testing.T) {
	p := testruns.Convex(t)
	p.Forget = data.RandomForget(p.Run.Data, 0.05, 3)
	_, err := unlearning.Mini{Cost: 0.2, Convex: unlearning.Recursion{Curvature: contraction.Exact{}}}.Unlearn(t.Context(), p)
	require.ErrorContains(t, err, "not both")
	_, err = unlearning.Mini{Cost: 0.02, Convex: unlearning.Recursion{Disturbance: contraction.Interpolated{Knots: 40}}}.Unlearn(t.Context(), p)
	require.ErrorIs(t, err, unlearning.ErrBudget, "40 knots cost 0.05")
	// For 0.2 it would take all 40.
	few := testruns.Solve(t, unlearning.Mini{Cost: 0.2, Convex: unlearning.Recursion{Disturbance: contraction.Interpolated{Knots: 5}}}, p)
	for _, d := range []contraction.Disturbance{contraction.Interpolated{Knots: 40}, contraction.PerStep{}, nil} {
		all := testruns.Solve(t, unlearning.Mini{Cost: 0.2, Convex: unlearning.Recursion{Disturbance: d}}, p)
		require.NotEqual(t, few.Float32s(), all.Float32s())
	}
}

// TestOneBatch: where an epoch is one batch, or fewer epochs than knots are
// run, there is no smaller last batch and no budget for what is not there.
func TestOneBatch(t *testing.T) {
	ds := data.Digits().Train
	p := testruns.Record(t, nets.Logistic(64, 10), ds, nets.Config{
		Epochs: 20, Batch: 2000, LR: nets.ConstantRate(0.5), WeightDecay: 0.005, Seed: 1,
	}, history.All())
	p.Forget = data.RandomForget(ds, 0.2, 3)
	d := contraction.Interpolated{Knots: 5, Tails: true}
	res, err := unlearning.Recursion{Disturbance: d, Curvature: contraction.Scalar{}}.Unlearn(t.Context(), p)
	require.NoError(t, err)
	require.Equal(t, 5*float64(p.Forget.Len()), res.GradEvals)
	require.Less(t, testruns.Lost(t, unlearning.Mini{Cost: 0.2}, p), 0.1)

	p = testruns.Record(t, nets.Logistic(64, 10), ds, nets.Config{Epochs: 3, Batch: 350, Seed: 1}, history.All())
	p.Forget = data.RandomForget(ds, 0.2, 3)
	res, err = unlearning.Mini{Cost: 0.5}.Unlearn(t.Context(), p)
	require.NoError(t, err)
	spent := res.GradEvals / unlearning.RetrainCost(p)
	require.Less(t, spent, 0.5)
	require.Greater(t, spent, 0.45)
}

// TestMiniTinyTail: a last batch of few examples is computed whatever the share
// of U: it costs little, and pulls as hard as any.
func TestMiniTinyTail(t *testing.T) {
	for _, tail := range []int{4, 20} {
		p := testruns.Logistic(t, tail, nets.Config{Epochs: 40, LR: nets.ConstantRate(0.1)}, history.All())
		p.Forget = data.RandomForget(p.Run.Data, 0.5, 3)
		require.Less(t, testruns.Lost(t, unlearning.Mini{}, p), 0.2, tail)
	}
}
