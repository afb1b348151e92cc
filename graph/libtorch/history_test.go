//go:build libtorch

package libtorch

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/miniunlearn/miniunlearn/data"
	"github.com/miniunlearn/miniunlearn/graph"
	"github.com/miniunlearn/miniunlearn/graph/enginetest"
	"github.com/miniunlearn/miniunlearn/nets"
	"github.com/miniunlearn/miniunlearn/unlearning"
	"github.com/miniunlearn/miniunlearn/unlearning/history"
)

// TestCrossHistory lets one engine forget by the record of another's run. The
// record says whose it is, and the result is close to that of one engine for
// both.
func TestCrossHistory(t *testing.T) {
	digits := data.Digits().Train
	train := func(e graph.Engine) unlearning.Problem {
		rec := history.NewRecorder(history.Halving(4).And(history.LogitGradients()))
		run, err := nets.Train(t.Context(), nets.Logistic(64, 10), digits, nets.Config{
			Epochs: 4, Batch: 128, LR: nets.Cosine(0.1), Momentum: 0.9, WeightDecay: 1e-3, Seed: 2,
			DType: graph.Float64, Engine: e, Hooks: []nets.Hook{rec},
		})
		require.NoError(t, err)
		return unlearning.Problem{Run: run, Forget: data.RandomForget(digits, 0.1, 3), History: rec.Record()}
	}
	forget := func(p unlearning.Problem) *graph.Tensor {
		r, err := unlearning.Mini{}.Unlearn(t.Context(), p)
		require.NoError(t, err)
		return r.Params
	}
	walker := train(&graph.Walker{})
	want := forget(walker)
	for name, e := range engines(t) {
		t.Run(name, func(t *testing.T) {
			p := train(e)
			require.Equal(t, e.Name(), p.History.Fingerprint().Engine)
			require.Less(t, enginetest.RelErr(forget(p), want), 1e-6, "one engine for both")
			other := *p.Run
			other.Model, other.Config.Engine = walker.Run.Model, walker.Run.Config.Engine
			p.Run = &other
			_, err := unlearning.Mini{}.Unlearn(t.Context(), p)
			require.ErrorIs(t, err, history.ErrEngine)
			p.OtherEngine = true
			require.Less(t, enginetest.RelErr(forget(p), want), 1e-6, "forgotten by the Walker")
		})
	}
}
