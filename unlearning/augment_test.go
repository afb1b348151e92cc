package unlearning_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/miniunlearn/miniunlearn/data"
	"github.com/miniunlearn/miniunlearn/graph"
	"github.com/miniunlearn/miniunlearn/nets"
	"github.com/miniunlearn/miniunlearn/unlearning"
	"github.com/miniunlearn/miniunlearn/unlearning/contraction"
	"github.com/miniunlearn/miniunlearn/unlearning/history"
	"github.com/miniunlearn/miniunlearn/unlearning/internal/testruns"
)

// TestAugmented: what the recursion computes anew it sees as the run did. Both
// sides of a batch are the smaller one in turn.
func TestAugmented(t *testing.T) {
	ds := *data.Digits().Train
	ds.Shape = []int{1, 8, 8}
	cfg := nets.Config{
		Epochs: 2, Batch: 100, LR: nets.Cosine(0.1), Momentum: 0.9, WeightDecay: 1e-3, Seed: 1,
		DType: graph.Float64, Augment: nets.Augment{Crop: 1, Flip: true},
	}
	p := testruns.Record(t, nets.MLP(64, 16, 10), &ds, cfg, history.All())
	for _, share := range []float64{0.2, 0.7} {
		p.Forget = data.RandomForget(p.Run.Data, share, 7)
		require.Less(t, testruns.Lost(t, unlearning.Recursion{}, p), 1e-10)
	}

	// Products with the Hessian are good to first order.
	cfg.LR = nets.Cosine(0.02)
	p = testruns.Record(t, nets.Logistic(64, 10), &ds, cfg, history.All())
	p.Forget = data.RandomForget(p.Run.Data, 0.02, 7)
	for _, c := range []contraction.Curvature{contraction.HVP{}, contraction.Sampled{Share: 1, HVP: true}, contraction.Sampled{Share: 1}} {
		require.Less(t, testruns.Lost(t, unlearning.Recursion{Curvature: c}, p), 0.02, c) // as they are: 0.1
	}
}
