package unlearning_test

import (
	"fmt"
	"math"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/miniunlearn/miniunlearn/data"
	"github.com/miniunlearn/miniunlearn/nets"
	"github.com/miniunlearn/miniunlearn/unlearning"
	"github.com/miniunlearn/miniunlearn/unlearning/history"
)

// firstDigits are n of the digits.
func firstDigits(n int) *data.Dataset {
	idx := make([]int, n)
	for i := range idx {
		idx[i] = i
	}
	return data.Digits().Train.Subset(idx)
}

// logistic is logistic regression on n digits in batches of a quarter, with a
// last batch of tail.
func logistic(t *testing.T, tail int, cfg nets.Config, p history.Policy) unlearning.Problem {
	cfg.Batch, cfg.Seed = 200, 1
	if cfg.LR == nil {
		cfg.LR = nets.ConstantRate(0.3)
	}
	cfg.WeightDecay = 0.005
	return record(t, nets.Logistic(64, 10), firstDigits(800+tail), cfg, p)
}

// lost is the distance of a method's result from replayed retraining, relative
// to what retraining moves.
func lost(t *testing.T, m unlearning.Method, p unlearning.Problem) float64 {
	v := solve(t, unlearning.Retrain{}, p)
	return distance(solve(t, m, p), v) / distance(p.Run.Params, v)
}

// TestTailOnOneSide: where U is the larger part, a last batch of few examples
// often holds none or only such of U.
func TestTailOnOneSide(t *testing.T) {
	for _, share := range []float64{0.1, 0.6, 0.9} {
		for tail := 1; tail <= 3; tail++ {
			t.Run(fmt.Sprint(share, tail), func(t *testing.T) {
				p := logistic(t, tail, nets.Config{Epochs: 20, LR: nets.ConstantRate(0.05)}, history.All())
				p.Forget = data.RandomForget(p.Run.Data, share, 3)
				exact := solve(t, unlearning.Recursion{}, p)
				got := solve(t, unlearning.Recursion{Disturbance: unlearning.Disturbance{Knots: 5, Tails: true}}, p)
				require.Less(t, distance(got, exact)/distance(p.Run.Params, exact), 0.06)
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
			p := logistic(t, 0, nets.Config{Steps: tc.steps, LR: nets.ConstantRate(0.05)}, history.All())
			p.Forget = data.RandomForget(p.Run.Data, 0.1, 3)
			v, err := unlearning.Retrain{}.Unlearn(t.Context(), p)
			require.NoError(t, err)
			require.Equal(t, v.GradEvals, unlearning.RetrainCost(p))
			w := unlearning.Window{Last: tc.last}
			exact := solve(t, unlearning.Recursion{Window: w}, p)
			res, err := unlearning.Recursion{Window: w, Disturbance: unlearning.Disturbance{Knots: 4}, Curvature: unlearning.Scalar{}}.Unlearn(t.Context(), p)
			require.NoError(t, err)
			// 4 whole epochs of 80 of U, and about 20 a step of a cut epoch.
			first := int(math.Round(float64(tc.steps) * (1 - tc.last)))
			if tc.last == 0 {
				first = 0
			}
			cut := (4-first%4)%4 + tc.steps%4
			require.InDelta(t, 320+20*cut, res.GradEvals, 8*float64(cut))
			got := solve(t, unlearning.Recursion{Window: w, Disturbance: unlearning.Disturbance{Knots: 4}}, p)
			require.Less(t, distance(got, exact)/distance(p.Run.Params, exact), 0.02)
		})
	}
}
