package unlearning_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/miniunlearn/miniunlearn/data"
	"github.com/miniunlearn/miniunlearn/internal/vector"
	"github.com/miniunlearn/miniunlearn/unlearning"
	"github.com/miniunlearn/miniunlearn/unlearning/contraction"
	"github.com/miniunlearn/miniunlearn/unlearning/internal/testruns"
)

// TestSparseDisturbances: disturbances at a few epochs, with the smaller last
// batches, are nearly as good as all of them; without those batches they are
// several times worse, and with every epoch a knot they are exact.
func TestSparseDisturbances(t *testing.T) {
	if testing.Short() {
		t.Skip("dozens of requests")
	}
	p := testruns.Convex(t)
	for _, share := range []float64{0.05, 0.3, 0.7} {
		p.Forget = data.RandomForget(p.Run.Data, share, 3)
		v := testruns.Solve(t, unlearning.Retrain{}, p)
		moved := vector.Distance(p.Run.Params, v)
		err := func(d contraction.Interpolated) float64 {
			return vector.Distance(testruns.Solve(t, unlearning.Recursion{Disturbance: d}, p), v) / moved
		}
		all := err(contraction.Interpolated{})
		require.Less(t, all, 1e-3)
		same := err(contraction.Interpolated{Knots: 40})
		require.Equal(t, all, same)
		knots := err(contraction.Interpolated{Knots: 5})
		tails := err(contraction.Interpolated{Knots: 5, Tails: true})
		require.Less(t, tails, 0.02)
		require.Less(t, tails, knots/2)

		// Their cost alone: 5 of 40 epochs and the last batch of 207 of 1257.
		res, e := unlearning.Recursion{Disturbance: contraction.Interpolated{Knots: 5, Tails: true}, Curvature: contraction.Scalar{Value: 1}}.Unlearn(t.Context(), p)
		require.NoError(t, e)
		smaller := min(share, 1-share) * 1257 * 40
		require.InEpsilon(t, smaller*(5.0/40+35.0/40*207/1257), res.GradEvals, 0.05)
	}
}

// TestMiniConvex: the default follows retraining closely at a small part of
// its cost.
func TestMiniConvex(t *testing.T) {
	p := testruns.Convex(t)
	for _, tc := range []struct{ share, cost, err float64 }{{0.05, 0.10, 0.08}, {0.2, 0.18, 0.08}, {0.5, 0.32, 0.10}} {
		p.Forget = data.RandomForget(p.Run.Data, tc.share, 3)
		v := testruns.Solve(t, unlearning.Retrain{}, p)
		res, err := unlearning.Mini{}.Unlearn(t.Context(), p)
		require.NoError(t, err)
		require.Less(t, res.GradEvals/unlearning.RetrainCost(p), tc.cost)
		require.Less(t, vector.Distance(res.Params, v)/vector.Distance(p.Run.Params, v), tc.err)
		again := testruns.Solve(t, unlearning.Mini{}, p)
		require.Equal(t, res.Params.Float32s(), again.Float32s(), "the same request gave other bits")
	}
}
