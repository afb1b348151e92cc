package unlearning_test

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/miniunlearn/miniunlearn/data"
	"github.com/miniunlearn/miniunlearn/nets"
	"github.com/miniunlearn/miniunlearn/unlearning"
	"github.com/miniunlearn/miniunlearn/unlearning/baselines"
	"github.com/miniunlearn/miniunlearn/unlearning/contraction"
	"github.com/miniunlearn/miniunlearn/unlearning/history"
	"github.com/miniunlearn/miniunlearn/unlearning/internal/testruns"
)

// TestEveryEpochs: from every fourth or eighth epoch the recursion comes as
// close as interpolation does with a whole record, with and without a smaller
// last batch and momentum, at no more work.
func TestEveryEpochs(t *testing.T) {
	if testing.Short() {
		t.Skip("dozens of requests")
	}
	plain := nets.Config{Epochs: 40, Batch: 350, LR: nets.ConstantRate(0.3), WeightDecay: 0.005, Seed: 1}
	heavy := plain
	heavy.Momentum, heavy.LR = 0.8, nets.ConstantRate(0.06)
	for _, n := range []int{1050, 1257} {
		for name, cfg := range map[string]nets.Config{"plain": plain, "momentum": heavy} {
			all := testruns.Record(t, nets.Logistic(64, 10), testruns.FirstDigits(n), cfg, history.All())
			for _, s := range []int{4, 8} {
				p := testruns.Record(t, nets.Logistic(64, 10), testruns.FirstDigits(n), cfg, history.EveryEpochs(s))
				require.Less(t, s*int(p.History.Bytes()), int(all.History.Bytes())*7/4)
				for _, share := range []float64{0.05, 0.2, 0.8} {
					t.Run(fmt.Sprint(n, name, s, share), func(t *testing.T) {
						p.Forget = data.RandomForget(p.Run.Data, share, 3)
						all.Forget = p.Forget
						sparse := contraction.Interpolated{Knots: 5, Tails: true}
						require.Less(t, testruns.Lost(t, unlearning.Recursion{Disturbance: sparse}, p), 0.045)
						require.Less(t, testruns.Lost(t, unlearning.Recursion{}, p), 0.06, "all recorded epochs are knots")
						require.Less(t, testruns.Lost(t, unlearning.Mini{}, p), testruns.Lost(t, unlearning.Mini{}, all)+0.02)

						cheap := unlearning.Recursion{Disturbance: sparse, Curvature: contraction.Scalar{Value: 1}}
						a, err := cheap.Unlearn(t.Context(), p)
						require.NoError(t, err)
						b, err := cheap.Unlearn(t.Context(), all)
						require.NoError(t, err)
						require.InEpsilon(t, b.GradEvals, a.GradEvals, 0.03)
						require.Less(t, 3*a.BytesRead, 2*b.BytesRead)
						require.LessOrEqual(t, a.BytesRead, a.BytesKept)
						require.LessOrEqual(t, b.BytesRead, b.BytesKept)
						budget, err := unlearning.Mini{Cost: 0.3}.Unlearn(t.Context(), p)
						require.NoError(t, err)
						require.LessOrEqual(t, budget.GradEvals, 0.3*unlearning.RetrainCost(p))
					})
				}
			}
		}
	}
}

// TestNoGradients: a record without gradients is refused.
func TestNoGradients(t *testing.T) {
	p := testruns.Logistic(t, 0, nets.Config{Epochs: 4}, history.Spaced(2))
	p.Forget = data.RandomForget(p.Run.Data, 0.2, 3)
	for _, d := range []contraction.Interpolated{{}, {Knots: 2}} {
		_, err := unlearning.Recursion{Disturbance: d}.Unlearn(t.Context(), p)
		require.EqualError(t, err, "unlearning: recursion: step 0: history: steps 0 to 15 are not all recorded; the record's policy was spaced:2, record with history.All")
	}
	p = testruns.Logistic(t, 0, nets.Config{Epochs: 4}, history.EveryEpochs(2))
	p.Forget = data.RandomForget(p.Run.Data, 0.2, 3)
	for _, m := range []unlearning.Method{baselines.DeltaGrad{}, baselines.Amnesiac{}} {
		_, err := m.Unlearn(t.Context(), p)
		var gap *history.GapError
		require.ErrorAs(t, err, &gap, m.Name())
		require.Equal(t, history.GapError{From: 4, To: 5, Policy: "epochs:2"}, *gap)
	}
}
