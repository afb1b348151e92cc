package unlearning_test

import (
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/miniunlearn/miniunlearn/data"
	"github.com/miniunlearn/miniunlearn/nets"
	"github.com/miniunlearn/miniunlearn/unlearning"
	"github.com/miniunlearn/miniunlearn/unlearning/history"
	"github.com/miniunlearn/miniunlearn/unlearning/internal/testruns"
)

// TestConflicting: for many random wrong labels Mini trains on, and the others gain, where
// taking them back would harm the others; few wrong labels, and random sets of the noisy
// data, are taken back.
func TestConflicting(t *testing.T) {
	clean := data.Digits().Train
	for _, tc := range []struct {
		share       float64 // of examples with wrong labels
		conflicting int
	}{{0.2, 1}, {0.005, 0}} {
		ds := *clean
		ds.Y = append([]int32(nil), clean.Y...)
		wrong := data.RandomForget(clean, tc.share, 3)
		r := rand.New(rand.NewPCG(1, 2))
		for _, i := range wrong.Positions() {
			ds.Y[i] = (ds.Y[i] + 1 + int32(r.IntN(9))) % 10
		}
		p := testruns.Record(t, nets.MLP(64, 64, 10), &ds, nets.Config{
			Epochs: 10, Batch: 64, LR: nets.Cosine(0.1), Momentum: 0.9, WeightDecay: 5e-4, Seed: 1,
		}, history.LogitGradients())
		p.Forget = wrong
		res, err := unlearning.Mini{}.Unlearn(t.Context(), p)
		require.NoError(t, err)
		require.Equal(t, tc.conflicting, res.Guards[unlearning.GuardConflicting])
		require.LessOrEqual(t, res.GradEvals, 0.2*unlearning.RetrainCost(p))
		if tc.conflicting == 1 {
			retain := ds.Subset(wrong.Retained(ds.Len()))
			right := func(m unlearning.Method) float64 {
				acc, err := nets.Classifier{Model: p.Run.Model, Params: testruns.Solve(t, m, p)}.Accuracy(t.Context(), retain)
				require.NoError(t, err)
				return acc
			}
			v := right(unlearning.Retrain{})
			require.Greater(t, right(unlearning.Mini{}), v-1.5)
			// Taking them back ends in an error or, where a small sample does not show it, far below.
			if _, err := (unlearning.Erase{}).Unlearn(t.Context(), p); err == nil {
				require.Less(t, right(unlearning.Erase{}), v-10)
			} else {
				require.ErrorAs(t, err, new(*unlearning.HarmError))
			}
		}
		p.Forget = data.RandomForget(&ds, 0.2, 4) // with their share of wrong labels
		res, err = unlearning.Mini{}.Unlearn(t.Context(), p)
		require.NoError(t, err)
		require.Equal(t, unlearning.RouteDistilled, res.Route)
	}
}
