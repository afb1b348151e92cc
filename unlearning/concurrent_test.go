package unlearning_test

import (
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/miniunlearn/miniunlearn/data"
	"github.com/miniunlearn/miniunlearn/graph"
	"github.com/miniunlearn/miniunlearn/nets"
	"github.com/miniunlearn/miniunlearn/unlearning"
	"github.com/miniunlearn/miniunlearn/unlearning/baselines"
	"github.com/miniunlearn/miniunlearn/unlearning/history"
	"github.com/miniunlearn/miniunlearn/unlearning/internal/testruns"
)

// TestConcurrent: requests on one run side by side count their own work and
// return what each returns alone; the run's model counts them all.
func TestConcurrent(t *testing.T) {
	p := testruns.Record(t, nets.Logistic(64, 10), data.Digits().Train, nets.Config{Epochs: 10, Batch: 350, Seed: 1}, history.All())
	p.Forget = data.RandomForget(p.Run.Data, 0.2, 7)
	methods := []unlearning.Method{
		unlearning.Mini{}, unlearning.Recursion{}, unlearning.Retrain{}, baselines.Newton{}, baselines.RewindToDelete{},
		unlearning.ShortRun{Start: 1},
	}
	alone, beside := make([]*unlearning.Result, len(methods)), make([]*unlearning.Result, len(methods))
	var sum float64
	for i, m := range methods {
		var err error
		alone[i], err = m.Unlearn(t.Context(), p)
		require.NoError(t, err)
		sum += alone[i].GradEvals
	}
	require.EqualValues(t, unlearning.RetrainCost(p), alone[2].GradEvals)
	before := p.Run.Model.GradEvals()
	var wg sync.WaitGroup
	errs := make([]error, len(methods))
	for i, m := range methods {
		wg.Go(func() { beside[i], errs[i] = m.Unlearn(t.Context(), p) })
	}
	wg.Wait()
	for i, m := range methods {
		require.NoError(t, errs[i])
		require.Equal(t, alone[i].GradEvals, beside[i].GradEvals, m.Name())
		require.Equal(t, alone[i].Params.Float32s(), beside[i].Params.Float32s(), m.Name())
	}
	require.InDelta(t, sum, p.Run.Model.GradEvals()-before, 1e-6)
}

// TestElapsed: the time of a request begins with the comparison of record and
// run, which reads all data where the record comes from a folder.
func TestElapsed(t *testing.T) {
	ds := testruns.Gaussian(100000, 50)
	dir := t.TempDir()
	run, err := nets.Train(t.Context(), testruns.Quadratic(50), ds, nets.Config{
		Steps: 1, Batch: 10, DType: graph.Float32, Hooks: []nets.Hook{history.Create(history.All(), dir)},
	})
	require.NoError(t, err)
	p := unlearning.Problem{Run: run, Forget: data.RandomForget(ds, 0.1, 1)}
	p.History, err = history.Open(dir)
	require.NoError(t, err)
	start := time.Now()
	res, err := baselines.Amnesiac{}.Unlearn(t.Context(), p)
	took := time.Since(start)
	require.NoError(t, err)
	require.LessOrEqual(t, res.Elapsed, took)
	require.Greater(t, res.Elapsed, took/2, "what the method does after the comparison is one vector's sum")
}
