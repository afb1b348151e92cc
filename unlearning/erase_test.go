package unlearning_test

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
	"gonum.org/v1/gonum/floats"

	"github.com/miniunlearn/miniunlearn/data"
	"github.com/miniunlearn/miniunlearn/graph"
	"github.com/miniunlearn/miniunlearn/internal/vector"
	"github.com/miniunlearn/miniunlearn/nets"
	"github.com/miniunlearn/miniunlearn/unlearning"
	"github.com/miniunlearn/miniunlearn/unlearning/contraction"
	"github.com/miniunlearn/miniunlearn/unlearning/history"
	"github.com/miniunlearn/miniunlearn/unlearning/internal/testruns"
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

// TestErase: what networks remember of U beyond what they know of the others
// goes most of the way to retraining's, within the budget, from n·K numbers.
func TestErase(t *testing.T) {
	ds := data.Digits()
	p := testruns.Record(t, nets.MLP(64, 128, 10), ds.Train, nets.Config{
		Epochs: 40, Batch: 64, LR: nets.Cosine(0.05), Momentum: 0.9, WeightDecay: 5e-4, Seed: 1,
	}, history.LogitGradients())
	for _, share := range []float64{0.05, 0.2, 0.5} {
		// What was remembered differs from set to set, by more than what is left of it.
		const sets = 3
		var before, retrained float64
		var after, accuracy [3]float64
		var reference float64
		for set := range uint64(sets) {
			p.Forget = data.RandomForget(ds.Train, share, 7+set)
			retain, forget := p.Forget.Retained(ds.Train.Len()), p.Forget.Positions()
			remembered := func(w *graph.Tensor) float64 { return gap(t, p, w, forget) - gap(t, p, w, retain) }
			v := testruns.Solve(t, unlearning.Retrain{}, p)
			before += remembered(p.Run.Params)
			retrained += remembered(v)
			ref, err := nets.Classifier{Model: p.Run.Model, Params: v}.Accuracy(t.Context(), ds.Test)
			require.NoError(t, err)
			reference += ref / sets
			for k, cost := range []float64{0.1, 0.2, 0.4} {
				res, err := unlearning.Mini{Cost: cost}.Unlearn(t.Context(), p)
				require.NoError(t, err)
				require.LessOrEqual(t, res.GradEvals, cost*unlearning.RetrainCost(p))
				require.Greater(t, res.GradEvals, 0.95*cost*unlearning.RetrainCost(p))
				require.EqualValues(t, 4*10*ds.Train.Len(), res.BytesRead)
				after[k] += remembered(res.Params)
				acc, err := nets.Classifier{Model: p.Run.Model, Params: res.Params}.Accuracy(t.Context(), ds.Test)
				require.NoError(t, err)
				accuracy[k] += acc / sets
				again, err := unlearning.Mini{Cost: cost}.Unlearn(t.Context(), p)
				require.NoError(t, err)
				require.Equal(t, res.Params.Float32s(), again.Params.Float32s())
			}
		}
		for k, left := range after {
			require.Greater(t, accuracy[k], reference-1.5, "r %g, cost %d", share, k)
			require.InDelta(t, 1, (before-left)/(before-retrained), 0.45, "r %g, cost %d", share, k)
		}
	}
}

func TestEraseRefuses(t *testing.T) {
	p := testruns.Digits(t, graph.Float32, history.Spaced(2))
	p.Forget = data.RandomForget(p.Run.Data, 0.1, 1)
	_, err := unlearning.Erase{}.Unlearn(t.Context(), p)
	require.ErrorIs(t, err, history.ErrNoLogitGradients)
	p = testruns.Digits(t, graph.Float32, history.LogitGradients())
	p.Forget = data.RandomForget(p.Run.Data, 0.1, 1)
	for _, e := range []unlearning.Erase{
		{Strength: -1}, {Stiffness: 1, NoStiffness: true}, {Scale: 1, NoScale: true}, {Back: 1, NoBack: true}, {Back: -1}, {Back: 1.1}, {Stiffness: -1}, {Scale: math.Inf(1)}, {Short: unlearning.Short{Rate: -1}}, {Sample: -1}, {Sample: 1}, {Short: unlearning.Short{Cost: -1}}, {Short: unlearning.Short{Batch: -1}},
	} {
		_, err := e.Unlearn(t.Context(), p)
		require.ErrorContains(t, err, "must")
	}
	_, err = unlearning.Erase{Short: unlearning.Short{Cost: 1e-6}}.Unlearn(t.Context(), p)
	require.ErrorIs(t, err, unlearning.ErrBudget)
	_, err = unlearning.Erase{Strength: 1e30}.Unlearn(t.Context(), p)
	var d *unlearning.DivergedError
	require.ErrorAs(t, err, &d)
	_, err = unlearning.Mini{Cost: 0.1, Network: unlearning.Erase{Short: unlearning.Short{Cost: 0.2}}}.Unlearn(t.Context(), p)
	require.ErrorContains(t, err, "not both")
}

// TestEraseBits: the same bits with any number of workers.
func TestEraseBits(t *testing.T) {
	ds := data.Digits().Train
	var want []float32
	for _, workers := range []int{1, 2, 5} {
		p := testruns.Record(t, nets.MLP(64, 32, 10), ds, nets.Config{
			Epochs: 2, Batch: 64, LR: nets.Cosine(0.1), Seed: 1, Engine: graph.NewWalker(workers),
		}, history.LogitGradients())
		p.Forget = data.RandomForget(ds, 0.3, 1)
		got := testruns.Solve(t, unlearning.Erase{}, p).Float32s()
		if want == nil {
			want = got
		}
		require.Equal(t, want, got, "%d workers", workers)
	}
}

// TestEraseLoss: the logits of another loss than cross-entropy cannot be distilled.
func TestEraseLoss(t *testing.T) {
	ds := testruns.Gaussian(64, 4)
	p := testruns.Record(t, testruns.Quadratic(4), ds, nets.Config{Epochs: 4, Batch: 4, LR: nets.ConstantRate(0.1), Seed: 1}, history.LogitGradients())
	p.Forget = data.RandomForget(ds, 0.2, 2)
	_, err := unlearning.Erase{}.Unlearn(t.Context(), p)
	require.ErrorContains(t, err, "has a loss of its own")
	_, err = unlearning.Mini{}.Unlearn(t.Context(), p)
	require.ErrorContains(t, err, "has a loss of its own")
}

// TestEraseUnseen: where a run of less than an epoch saw no example of U, there
// is nothing to take back.
func TestEraseUnseen(t *testing.T) {
	ds := data.Digits().Train
	rec := history.NewRecorder(history.LogitGradients())
	run, err := nets.Train(t.Context(), nets.MLP(64, 32, 10), ds, nets.Config{Steps: 10, Batch: 50, Seed: 1, LR: nets.ConstantRate(0.3), Hooks: []nets.Hook{rec}})
	require.NoError(t, err)
	p := unlearning.Problem{Run: run, History: rec.Record()}
	order := run.Order.Epoch(0)
	p.Forget, err = data.ForgetPositions(ds.Len(), order[500:600])
	require.NoError(t, err)
	u := testruns.Solve(t, unlearning.Erase{Short: unlearning.Short{Cost: 0.5}}, p)
	require.Less(t, vector.Distance(u, run.Params), 1e-5)
	p.Forget, err = data.ForgetPositions(ds.Len(), order[400:600])
	require.NoError(t, err)
	u = testruns.Solve(t, unlearning.Erase{Short: unlearning.Short{Cost: 0.5}}, p)
	require.Greater(t, vector.Distance(u, run.Params), 1e-3)
}

// TestEraseStays: logits are distilled as the model gives them, at any learning
// rate, in any view, wherever the run ended: without a disturbance nothing moves.
func TestEraseStays(t *testing.T) {
	images := &data.Dataset{Name: "noise", Shape: []int{1, 6, 6}, Classes: 3}
	r := rand.New(rand.NewPCG(1, 2))
	for i := range 200 {
		for range 36 {
			images.X = append(images.X, r.Float32())
		}
		images.Y = append(images.Y, int32(i%3))
	}
	cnn, err := nets.CNN("c4k3-d8", images.Shape, 3)
	require.NoError(t, err)
	for _, c := range []nets.Config{
		{Epochs: 3, Batch: 20, LR: nets.ConstantRate(0.1), Momentum: 0.9, WeightDecay: 0.01},
		{Steps: 25, Batch: 20, LR: nets.Cosine(0.1), Augment: nets.Augment{Crop: 1, Flip: true}},
	} {
		p := testruns.Record(t, cnn, images, c, history.LogitGradients())
		p.Forget = data.RandomForget(images, 0.2, 1)
		res, err := unlearning.Erase{Strength: 1e-30, NoBack: true, NoScale: true}.Unlearn(t.Context(), p)
		require.NoError(t, err)
		require.Zero(t, res.Guards[contraction.GuardAstray])
		require.Less(t, vector.Distance(res.Params, p.Run.Params), 1e-5)
	}
}

// TestMiniClass: what the rest says of a class to be forgotten cannot stay as it is.
func TestMiniClass(t *testing.T) {
	ds := data.Digits()
	p := testruns.Record(t, nets.MLP(64, 32, 10), ds.Train, nets.Config{Epochs: 10, Batch: 32, LR: nets.Cosine(0.1), Momentum: 0.9, Seed: 1}, history.LogitGradients())
	var err error
	p.Forget, err = data.ParseForget("class:3", ds.Train, 1)
	require.NoError(t, err)
	res, err := unlearning.Mini{}.Unlearn(t.Context(), p)
	require.NoError(t, err)
	require.Equal(t, map[unlearning.Guard]int{unlearning.GuardClassLike: 1}, res.Guards)
	require.LessOrEqual(t, res.GradEvals, 0.2*unlearning.RetrainCost(p))
	acc := func(ids []int) float64 {
		a, err := nets.Classifier{Model: p.Run.Model, Params: res.Params}.Accuracy(t.Context(), ds.Train.Subset(ids))
		require.NoError(t, err)
		return a
	}
	require.Less(t, acc(p.Forget.Positions()), 1.0)
	require.Greater(t, acc(p.Forget.Retained(ds.Train.Len())), 97.0)
	retrained, err := unlearning.Retrain{}.Unlearn(t.Context(), p)
	require.NoError(t, err)
	odds := func(params *graph.Tensor) (sum float64) {
		of := ds.Train.Subset(p.Forget.Positions())
		z, err := p.Run.Model.Logits(t.Context(), params, of.X, of.Len())
		require.NoError(t, err)
		for i := 0; i < len(z); i += 10 {
			sum += (z[i+3] - floats.LogSumExp(append(slices.Clone(z[i:i+3]), z[i+4:i+10]...))) / float64(of.Len())
		}
		return sum
	}
	require.InEpsilon(t, odds(retrained.Params), odds(res.Params), 0.3, "as improbable as retraining has it")
	random := data.RandomForget(ds.Train, 0.2, 7)
	class := p.Forget.Positions()
	both := append(slices.Clone(class), random.Positions()...)
	slices.Sort(both)
	p.Forget, err = data.ForgetPositions(ds.Train.Len(), slices.Compact(both))
	require.NoError(t, err)
	res, err = unlearning.Mini{}.Unlearn(t.Context(), p)
	require.NoError(t, err)
	require.Less(t, acc(class), 1.0, "a class among others")
	require.Equal(t, map[unlearning.Guard]int{unlearning.GuardClassLike: 1}, res.Guards)
	p.Forget = random
	res, err = unlearning.Mini{}.Unlearn(t.Context(), p)
	require.NoError(t, err)
	require.Empty(t, res.Guards)
}
