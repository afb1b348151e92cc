package unlearning_test

import (
	"fmt"
	"math"
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

// TestTailOnOneSide: where U is the larger part, a last batch of few examples
// often holds none or only such of U.
func TestTailOnOneSide(t *testing.T) {
	for _, share := range []float64{0.1, 0.6, 0.9} {
		for tail := 1; tail <= 3; tail++ {
			t.Run(fmt.Sprint(share, tail), func(t *testing.T) {
				p := testruns.Logistic(t, tail, nets.Config{Epochs: 20, LR: nets.ConstantRate(0.05)}, history.All())
				p.Forget = data.RandomForget(p.Run.Data, share, 3)
				exact := testruns.Solve(t, unlearning.Recursion{}, p)
				got := testruns.Solve(t, unlearning.Recursion{Disturbance: contraction.Interpolated{Knots: 5, Tails: true}}, p)
				require.Less(t, vector.Distance(got, exact)/vector.Distance(p.Run.Params, exact), 0.06)
			})
		}
	}
}

// TestCutEpochs: an epoch that the run or the window cuts has not met all of
// U, so it says nothing of the others; its own steps are computed.
func TestCutEpochs(t *testing.T) {
	for _, tc := range []struct {
		steps int
		last  float64
	}{{80, 0}, {81, 0}, {83, 0}, {80, 0.74}, {81, 0.74}} {
		t.Run(fmt.Sprint(tc), func(t *testing.T) {
			p := testruns.Logistic(t, 0, nets.Config{Steps: tc.steps, LR: nets.ConstantRate(0.05)}, history.All())
			p.Forget = data.RandomForget(p.Run.Data, 0.1, 3)
			v, err := unlearning.Retrain{}.Unlearn(t.Context(), p)
			require.NoError(t, err)
			require.Equal(t, v.GradEvals, unlearning.RetrainCost(p))
			w := contraction.Window{Last: tc.last}
			exact := testruns.Solve(t, unlearning.Recursion{Window: w}, p)
			res, err := unlearning.Recursion{Window: w, Disturbance: contraction.Interpolated{Knots: 4}, Curvature: contraction.Scalar{}}.Unlearn(t.Context(), p)
			require.NoError(t, err)
			// 4 whole epochs of 80 of U, and about 20 a step of a cut epoch.
			first := int(math.Round(float64(tc.steps) * (1 - tc.last)))
			if tc.last == 0 {
				first = 0
			}
			cut := (4-first%4)%4 + tc.steps%4
			require.InDelta(t, 320+20*cut, res.GradEvals, 8*float64(cut))
			got := testruns.Solve(t, unlearning.Recursion{Window: w, Disturbance: contraction.Interpolated{Knots: 4}}, p)
			require.Less(t, vector.Distance(got, exact)/vector.Distance(p.Run.Params, exact), 0.02)
		})
	}
}
