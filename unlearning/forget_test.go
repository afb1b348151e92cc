package unlearning_test

import (
	"context"
	"fmt"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/miniunlearn/miniunlearn/data"
	"github.com/miniunlearn/miniunlearn/graph"
	"github.com/miniunlearn/miniunlearn/internal/vector"
	"github.com/miniunlearn/miniunlearn/nets"
	"github.com/miniunlearn/miniunlearn/unlearning"
	"github.com/miniunlearn/miniunlearn/unlearning/history"
	"github.com/miniunlearn/miniunlearn/unlearning/internal/testruns"
)

// retrained trains a run again on what is left, and records it: the truth about the
// record without U.
func retrained(t *testing.T, next unlearning.Problem, p history.Policy) unlearning.Problem {
	t.Helper()
	return testruns.Record(t, next.Run.Model.Arch(), next.Run.Data, next.Run.Config, p)
}

// TestForgetExactly: with the exact contraction the record without U is the one that
// retraining leaves, to rounding, and one request after the other ends where
// retraining without all of them does; also where batches are so small that some
// are wholly forgotten, and in a folder as in memory.
func TestForgetExactly(t *testing.T) {
	ds := data.Digits().Train.Subset(upTo(300))
	for _, tc := range []struct {
		batch  int
		policy history.Policy
		arch   nets.Arch
	}{
		{100, history.All(), nets.MLP(64, 8, 10)},
		{3, history.All(), nets.Logistic(64, 10)},
		{1, history.All(), nets.Logistic(64, 10)},
		{20, history.EveryEpochs(1), nets.Logistic(64, 10)},
	} {
		t.Run(fmt.Sprint(tc.policy, tc.batch), func(t *testing.T) {
			p := testruns.Record(t, tc.arch, ds, nets.Config{
				Epochs: 2, Batch: tc.batch, LR: nets.Cosine(0.02), Momentum: 0.8, WeightDecay: 1e-2, Seed: 1, DType: graph.Float64,
			}, tc.policy)
			for i, share := range []float64{0.3, 0.2, 0.5} {
				p.Forget = data.RandomForget(p.Run.Data, share, uint64(i))
				before := p.Run.Params
				n := unlearning.Next{}
				if i == 1 {
					n.Dir = filepath.Join(t.TempDir(), "next")
				}
				res, next, err := unlearning.Forget(t.Context(), unlearning.Recursion{}, p, n)
				require.NoError(t, err)
				truth := retrained(t, next, tc.policy)
				moved := vector.Distance(before, truth.Run.Params)
				require.Greater(t, moved, 1e-4)
				require.Less(t, vector.Distance(res.Params, truth.Run.Params), 1e-7*moved)
				require.Less(t, vector.Distance(next.Run.Momentum, truth.Run.Momentum), 1e-6*moved)
				require.Equal(t, truth.History.Covered(), next.History.Covered())
				rate := func(t int) float64 { return next.Run.Config.LR.Rate(t, next.Run.Steps) }
				at := 0
				var want []history.Step
				for s, err := range truth.History.Steps(next.Run.Model, rate, 0, next.Run.Steps) {
					require.NoError(t, err)
					s.W, s.P, s.G = s.W.Clone(), s.P.Clone(), s.G.Clone()
					want = append(want, s)
				}
				for s, err := range next.History.Steps(next.Run.Model, rate, 0, next.Run.Steps) {
					require.NoError(t, err)
					require.Less(t, vector.Distance(s.W, want[at].W), 1e-7*moved)
					require.Less(t, vector.Distance(s.P, want[at].P), 1e-5*moved)
					require.Less(t, vector.Distance(s.G, want[at].G), 1e-5*moved)
					at++
				}
				require.Equal(t, next.Run.Steps, at)
				if n.Dir != "" { // as the next process sees it
					next.Run, next.History, err = history.OpenRun(n.Dir, tc.arch, next.Run.Data, history.RunOptions{})
					require.NoError(t, err)
				}
				p = next
			}
		})
	}
}

func upTo(n int) []int {
	all := make([]int, n)
	for i := range all {
		all[i] = i
	}
	return all
}

// TestForgetSparse: gaps of a record stay gaps, and what is in between is followed.
func TestForgetSparse(t *testing.T) {
	p := testruns.Logistic(t, 0, nets.Config{Epochs: 9}, history.EveryEpochs(4))
	for i := range 3 {
		p.Forget = data.RandomForget(p.Run.Data, 0.05, uint64(i))
		_, next, err := unlearning.Forget(t.Context(), unlearning.Recursion{}, p, unlearning.Next{})
		require.NoError(t, err)
		truth := retrained(t, next, history.EveryEpochs(4))
		require.Equal(t, truth.History.Covered(), next.History.Covered())
		require.Equal(t, truth.History.Checkpoints(), next.History.Checkpoints())
		require.Less(t, vector.Distance(next.Run.Params, truth.Run.Params), 0.2*vector.Distance(p.Run.Params, truth.Run.Params))
		for _, c := range next.History.Checkpoints() {
			w, _, _, err := next.History.Checkpoint(c)
			require.NoError(t, err)
			want, _, _, err := truth.History.Checkpoint(c)
			require.NoError(t, err)
			require.LessOrEqual(t, vector.Distance(w, want), 0.2*vector.Distance(p.Run.Params, truth.Run.Params))
		}
		p = next
	}
}

// TestForgetLogitGradients: where a run moves so little that probabilities stay what
// they are, the logit gradients without U are those of retraining, for any batches;
// otherwise they are nearer to those than the old ones, and add up to as much.
func TestForgetLogitGradients(t *testing.T) {
	ds := data.Digits().Train
	alpha := func(p unlearning.Problem) *graph.Tensor {
		a, _, err := p.History.LogitGradients()
		require.NoError(t, err)
		return a
	}
	for _, batch := range []int{2, 37, 2000} {
		for _, steps := range []int{0, 20} { // three epochs, or less than one
			// From zero, where weight decay leaves the parameters, it takes a part of every
			// step.
			p := testruns.Record(t, nets.Logistic(64, 10), ds, nets.Config{
				Epochs: 3, Steps: steps, Batch: batch, LR: nets.Cosine(1e-9), Momentum: 0.9, WeightDecay: 1e6, Seed: 2,
				DType: graph.Float64, From: graph.NewTensor(graph.Float64, 650),
			}, history.LogitGradients())
			for i := range 2 {
				p.Forget = data.RandomForget(p.Run.Data, 0.3, uint64(i))
				_, next, err := unlearning.Forget(t.Context(), still{}, p, unlearning.Next{})
				require.NoError(t, err)
				got, want := alpha(next), alpha(retrained(t, next, history.LogitGradients()))
				require.Equal(t, want.Shape(), got.Shape())
				require.Less(t, vector.Distance(got, want), 1e-6*vector.Norm(want))
				p = next
			}
		}
	}
	p := testruns.Record(t, nets.MLP(64, 32, 10), ds, nets.Config{Epochs: 20, Batch: 64, LR: nets.Cosine(0.05), Momentum: 0.9, WeightDecay: 5e-4}, history.LogitGradients())
	p.Forget = data.RandomForget(ds, 0.2, 1)
	_, next, err := unlearning.Forget(t.Context(), unlearning.Mini{}, p, unlearning.Next{})
	require.NoError(t, err)
	require.Equal(t, "logit-gradients", next.History.Policy())
	before, got, want := alpha(p), alpha(next), alpha(retrained(t, next, history.LogitGradients()))
	old := graph.NewTensor(graph.Float32, got.Shape()...)
	for j, i := range p.Forget.Retained(ds.Len()) {
		for c := range 10 {
			old.Set(j*10+c, before.At(i*10+c))
		}
	}
	require.Less(t, vector.Distance(got, want), 0.7*vector.Distance(old, want))
	require.InDelta(t, 1, vector.Norm(got)/vector.Norm(want), 0.1)
}

// still is a method that leaves the parameters as they are.
type still struct{ unlearning.Retrain }

func (still) Unlearn(ctx context.Context, p unlearning.Problem) (*unlearning.Result, error) {
	return &unlearning.Result{Params: p.Run.Params.Clone()}, nil
}

// TestForgetKeeps: a method that follows a part of the run only, or none of it,
// leaves no gradients in which U's are; bad requests change nothing.
func TestForgetKeeps(t *testing.T) {
	p := testruns.Digits(t, graph.Float32, history.All().And(history.Spaced(3)).And(history.LogitGradients()))
	p.Forget = data.RandomForget(p.Run.Data, 0.1, 1)
	for _, m := range []unlearning.Method{unlearning.Retrain{}, unlearning.Erase{}, unlearning.ShortRun{Start: 0.5}} {
		_, next, err := unlearning.Forget(t.Context(), m, p, unlearning.Next{})
		require.NoError(t, err)
		require.Empty(t, next.History.Checkpoints(), m.Name())
		require.Equal(t, "logit-gradients", next.History.Policy())
		require.Nil(t, next.Run.Momentum)
	}
	dir := filepath.Join(t.TempDir(), "next")
	for _, bad := range []unlearning.Problem{
		{}, {Run: p.Run, History: p.History}, {Run: p.Run, History: p.History, Forget: data.RandomForget(p.Run.Data, 1, 1)},
		{Run: p.Run, History: p.History, Forget: data.RandomForget(p.Run.Data.Subset(upTo(9)), 0.5, 1)},
	} {
		_, _, err := unlearning.Forget(t.Context(), unlearning.Mini{}, bad, unlearning.Next{Dir: dir})
		require.Error(t, err)
		require.NoDirExists(t, dir)
	}
	_, _, err := unlearning.Forget(t.Context(), unlearning.Mini{}, p, unlearning.Next{Left: p.Run.Data})
	require.ErrorContains(t, err, "the data that are left have")
	_, next, err := unlearning.Forget(t.Context(), unlearning.Retrain{}, unlearning.Problem{Run: p.Run, Forget: p.Forget}, unlearning.Next{})
	require.NoError(t, err)
	require.Equal(t, "none", next.History.Policy())
}
