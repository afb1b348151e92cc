package unlearning_test

import (
	"runtime"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/miniunlearn/miniunlearn/data"
	"github.com/miniunlearn/miniunlearn/graph"
	"github.com/miniunlearn/miniunlearn/nets"
	"github.com/miniunlearn/miniunlearn/unlearning"
	"github.com/miniunlearn/miniunlearn/unlearning/history"
)

// gap returns the mean of label's logit minus the largest other one.
func gap(t *testing.T, p unlearning.Problem, w *graph.Tensor, ids []int) (mean float64) {
	t.Helper()
	ds := p.Run.Data.Subset(ids)
	z, err := p.Run.Model.Clone().Logits(t.Context(), w, ds.X, ds.Len())
	require.NoError(t, err)
	for i, y := range ds.Y {
		row := z[i*ds.Classes : (i+1)*ds.Classes]
		other := -1e30
		for c, v := range row {
			if c != int(y) {
				other = max(other, v)
			}
		}
		mean += (row[y] - other) / float64(ds.Len())
	}
	return mean
}

// TestErase: what a network remembers of U beyond what it knows of the others
// goes most of the way to retraining's, within the budget, from n·K numbers.
func TestErase(t *testing.T) {
	ds := data.Digits()
	p := record(t, nets.MLP(64, 128, 10), ds.Train, nets.Config{
		Epochs: 40, Batch: 64, LR: nets.Cosine(0.05), Momentum: 0.9, WeightDecay: 5e-4, Seed: 1,
	}, history.Pushes())
	for _, share := range []float64{0.05, 0.2, 0.5} {
		p.Forget = data.RandomForget(ds.Train, share, 7)
		kept, gone := p.Forget.Retained(ds.Train.Len()), p.Forget.IDs()
		remembered := func(w *graph.Tensor) float64 { return gap(t, p, w, gone) - gap(t, p, w, kept) }
		v := solve(t, unlearning.Retrain{}, p)
		for _, cost := range []float64{0.1, 0.2, 0.4} {
			res, err := unlearning.Mini{Cost: cost}.Unlearn(t.Context(), p)
			require.NoError(t, err)
			require.LessOrEqual(t, res.GradEvals, cost*unlearning.RetrainCost(p))
			require.Greater(t, res.GradEvals, 0.95*cost*unlearning.RetrainCost(p))
			require.EqualValues(t, 2*4*10*ds.Train.Len(), res.BytesRead)
			removed := (remembered(p.Run.Params) - remembered(res.Params)) / (remembered(p.Run.Params) - remembered(v))
			require.InDelta(t, 0.85, removed, 0.35, "r %g, cost %g", share, cost)
			acc, err := nets.Classifier{Model: p.Run.Model, Params: res.Params}.Accuracy(t.Context(), ds.Test)
			require.NoError(t, err)
			ref, err := nets.Classifier{Model: p.Run.Model, Params: v}.Accuracy(t.Context(), ds.Test)
			require.NoError(t, err)
			require.Greater(t, acc, ref-1.5, "r %g, cost %g", share, cost)
			again, err := unlearning.Mini{Cost: cost}.Unlearn(t.Context(), p)
			require.NoError(t, err)
			require.Equal(t, res.Params.Float32s(), again.Params.Float32s())
		}
	}
}

func TestEraseRefuses(t *testing.T) {
	p := digits(t, graph.Float32, history.Spaced(2))
	p.Forget = data.RandomForget(p.Run.Data, 0.1, 1)
	_, err := unlearning.Erase{}.Unlearn(t.Context(), p)
	require.ErrorIs(t, err, history.ErrNoPushes)
	p = digits(t, graph.Float32, history.Pushes())
	p.Forget = data.RandomForget(p.Run.Data, 0.1, 1)
	for _, e := range []unlearning.Erase{
		{Share: -1}, {Stiffness: -1}, {Sample: -1}, {Sample: 1}, {Short: unlearning.Short{Cost: -1}}, {Short: unlearning.Short{Batch: -1}},
	} {
		_, err := e.Unlearn(t.Context(), p)
		require.ErrorContains(t, err, "must")
	}
	_, err = unlearning.Erase{Short: unlearning.Short{Cost: 1e-6}}.Unlearn(t.Context(), p)
	require.ErrorIs(t, err, unlearning.ErrBudget)
	_, err = unlearning.Erase{Share: 1e30}.Unlearn(t.Context(), p)
	var d *unlearning.DivergedError
	require.ErrorAs(t, err, &d)
	_, err = unlearning.Mini{Cost: 0.1, Network: unlearning.Erase{Short: unlearning.Short{Cost: 0.2}}}.Unlearn(t.Context(), p)
	require.ErrorContains(t, err, "not both")
}

// TestEraseBits: the same bits at any number of cores.
func TestEraseBits(t *testing.T) {
	p := digits(t, graph.Float32, history.Pushes())
	p.Forget = data.RandomForget(p.Run.Data, 0.3, 1)
	want := solve(t, unlearning.Erase{}, p)
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(1))
	require.Equal(t, want.Float32s(), solve(t, unlearning.Erase{}, p).Float32s())
}

// TestEraseUnseen: a run of less than an epoch has answers of the examples that
// it has seen. The others, whose answers are kept as zeros, are not held.
func TestEraseUnseen(t *testing.T) {
	ds := data.Digits().Train
	rec := history.NewRecorder(history.Pushes())
	arch := nets.MLP(64, 32, 10)
	run, err := nets.Train(t.Context(), arch, ds, nets.Config{Steps: 10, Batch: 50, Seed: 1, LR: nets.Cosine(0.3), Hooks: []nets.Hook{rec}})
	require.NoError(t, err)
	p := unlearning.Problem{Run: run, Forget: data.RandomForget(ds, 0.2, 7), History: rec.Record()}
	u := solve(t, unlearning.Erase{Stiffness: 10, Short: unlearning.Short{Cost: 3, LR: nets.Cosine(0.01)}}, p)
	size := func(w *graph.Tensor) (sum float64) {
		z, err := run.Model.Clone().Logits(t.Context(), w, ds.X, ds.Len())
		require.NoError(t, err)
		for _, v := range z {
			sum += v * v
		}
		return sum
	}
	require.Greater(t, size(u), size(run.Params)/2, "logits are drawn to zero")
}

// TestMiniClass: what the rest says of a class to be forgotten cannot be held.
func TestMiniClass(t *testing.T) {
	ds := data.Digits()
	p := record(t, nets.MLP(64, 32, 10), ds.Train, nets.Config{Epochs: 10, Batch: 32, LR: nets.Cosine(0.1), Momentum: 0.9, Seed: 1}, history.Pushes())
	var err error
	p.Forget, err = data.ParseForget("class:3", ds.Train, 1)
	require.NoError(t, err)
	res, err := unlearning.Mini{}.Unlearn(t.Context(), p)
	require.NoError(t, err)
	require.Equal(t, map[string]int{"coherent": 1}, res.Guards)
	require.LessOrEqual(t, res.GradEvals, 0.2*unlearning.RetrainCost(p))
	acc := func(ids []int) float64 {
		a, err := nets.Classifier{Model: p.Run.Model, Params: res.Params}.Accuracy(t.Context(), ds.Train.Subset(ids))
		require.NoError(t, err)
		return a
	}
	require.Less(t, acc(p.Forget.IDs()), 1.0)
	require.Greater(t, acc(p.Forget.Retained(ds.Train.Len())), 97.0)
	p.Forget = data.RandomForget(ds.Train, 0.2, 7)
	res, err = unlearning.Mini{}.Unlearn(t.Context(), p)
	require.NoError(t, err)
	require.Empty(t, res.Guards)
}
