package unlearning_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/miniunlearn/miniunlearn/data"
	"github.com/miniunlearn/miniunlearn/nets"
	"github.com/miniunlearn/miniunlearn/unlearning"
	"github.com/miniunlearn/miniunlearn/unlearning/contraction"
	"github.com/miniunlearn/miniunlearn/unlearning/history"
	"github.com/miniunlearn/miniunlearn/unlearning/internal/testruns"
)

// TestSampledTail: a last batch of few examples must not take the curvature of
// one or two others for its own.
func TestSampledTail(t *testing.T) {
	if testing.Short() {
		t.Skip("dozens of requests")
	}
	for _, tc := range []struct{ share, most float64 }{{0.05, 0.08}, {0.5, 0.115}} { // by its share: 0.105, 0.133
		var mean float64
		tails := []int{1, 4, 20, 60}
		for _, tail := range tails {
			p := testruns.Logistic(t, tail, nets.Config{Epochs: 20, LR: nets.ConstantRate(0.1)}, history.All())
			p.Forget = data.RandomForget(p.Run.Data, tc.share, 3)
			for seed := range uint64(4) {
				err := testruns.Lost(t, unlearning.Recursion{Curvature: contraction.Sampled{Draw: seed}}, p)
				mean += err / float64(4*len(tails))
			}
		}
		require.Less(t, mean, tc.most, tc.share)
	}
}
