package unlearning_test

import (
	"os"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/miniunlearn/miniunlearn/data"
	"github.com/miniunlearn/miniunlearn/graph"
	"github.com/miniunlearn/miniunlearn/internal/vector"
	"github.com/miniunlearn/miniunlearn/nets"
	"github.com/miniunlearn/miniunlearn/unlearning"
	"github.com/miniunlearn/miniunlearn/unlearning/baselines"
	"github.com/miniunlearn/miniunlearn/unlearning/history"
	"github.com/miniunlearn/miniunlearn/unlearning/internal/testruns"
)

// TestMNISTReplay: on MNIST too, the exact iteration from the record's first
// checkpoint is replayed retraining bit for bit, and the composed recursion is
// it up to rounding.
func TestMNISTReplay(t *testing.T) {
	if os.Getenv(data.EnvData) == "" {
		t.Skipf("needs MNIST: set %s to the folder above mnist/", data.EnvData)
	}
	splits, err := data.Load("mnist", "")
	require.NoError(t, err)
	ds, err := data.Stratified(splits.Train, 2000, 1)
	require.NoError(t, err)
	for _, dt := range []graph.DType{graph.Float32, graph.Float64} {
		p := testruns.Record(t, nets.MLP(784, 20, 10), ds, nets.Config{
			Epochs: 2, Batch: 128, LR: nets.Cosine(0.05), Momentum: 0.9, WeightDecay: 5e-4, Seed: 1, DType: dt,
		}, history.All())
		p.Forget = data.RandomForget(ds, 0.2, 1)
		v := testruns.Solve(t, unlearning.Retrain{}, p)
		exact := testruns.Solve(t, baselines.RewindToDelete{Cost: 1}, p)
		require.Equal(t, v.Float32s(), exact.Float32s())
		require.Equal(t, v.Float64s(), exact.Float64s())
		tol := map[graph.DType]float64{graph.Float32: 1e-4, graph.Float64: 1e-10}[dt]
		composed := testruns.Solve(t, unlearning.Recursion{}, p)
		require.Less(t, vector.Distance(composed, v)/vector.Distance(p.Run.Params, v), tol)
	}
}
