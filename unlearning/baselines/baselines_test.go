package baselines_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/miniunlearn/miniunlearn/data"
	"github.com/miniunlearn/miniunlearn/graph"
	"github.com/miniunlearn/miniunlearn/internal/vector"
	"github.com/miniunlearn/miniunlearn/nets"
	"github.com/miniunlearn/miniunlearn/unlearning"
	"github.com/miniunlearn/miniunlearn/unlearning/baselines"
	"github.com/miniunlearn/miniunlearn/unlearning/contraction"
	"github.com/miniunlearn/miniunlearn/unlearning/history"
	"github.com/miniunlearn/miniunlearn/unlearning/internal/testruns"
)

// TestDeltaGrad: with every step explicit DeltaGrad is retraining; with its
// defaults it is close to it, at a lower cost.
func TestDeltaGrad(t *testing.T) {
	p := testruns.Plain(t, graph.Float64)
	v := testruns.Solve(t, unlearning.Retrain{}, p)
	moved := vector.Distance(p.Run.Params, v)
	require.Less(t, vector.Distance(testruns.Solve(t, baselines.DeltaGrad{T0: 1}, p), v)/moved, 1e-10)
	res, err := baselines.DeltaGrad{}.Unlearn(t.Context(), p)
	require.NoError(t, err)
	require.Less(t, vector.Distance(res.Params, v)/moved, 0.5)
	require.Greater(t, vector.Distance(res.Params, v)/moved, 1e-6, "no step was approximated")
	// 10 + 6 explicit steps of 40; the others cost |U| alone.
	var want float64
	for step, batch := range p.Run.Order.Steps(0, p.Run.Steps) {
		_, forget := p.Forget.Split(batch, nil, nil)
		if step < 10 || (step-10)%5 == 0 {
			want += float64(len(batch))
		} else {
			want += float64(len(forget))
		}
	}
	require.InDelta(t, want, res.GradEvals, 1e-6)

	// A wholly forgotten batch does not lose the place in the record.
	p.Forget, err = data.ForgetPositions(p.Run.Data.Len(), p.Run.Order.Step(9))
	require.NoError(t, err)
	v = testruns.Solve(t, unlearning.Retrain{}, p)
	require.Less(t, vector.Distance(testruns.Solve(t, baselines.DeltaGrad{T0: 1}, p), v)/vector.Distance(p.Run.Params, v), 1e-10)

	// With momentum, too, it is retraining where every step is explicit.
	q := testruns.Digits(t, graph.Float64, history.All())
	q.Forget = data.RandomForget(q.Run.Data, 0.2, 7)
	v = testruns.Solve(t, unlearning.Retrain{}, q)
	require.Less(t, vector.Distance(testruns.Solve(t, baselines.DeltaGrad{T0: 1}, q), v)/vector.Distance(q.Run.Params, v), 1e-10)
}

// TestLBFGSCurvature: exact at every step it is the exact recursion.
func TestLBFGSCurvature(t *testing.T) {
	p := testruns.Plain(t, graph.Float64)
	exact := testruns.Solve(t, unlearning.Recursion{}, p)
	same := testruns.Solve(t, unlearning.Recursion{Curvature: contraction.LBFGS{Period: 1}}, p)
	require.Equal(t, exact.Float64s(), same.Float64s())
	near := testruns.Solve(t, unlearning.Recursion{Curvature: contraction.LBFGS{}}, p)
	require.Less(t, vector.Distance(near, exact)/vector.Distance(p.Run.Params, exact), 0.1)
}

// TestRewindAll: from the first step rewinding is retraining, bit for bit.
func TestRewindAll(t *testing.T) {
	p := testruns.Digits(t, graph.Float32, history.All())
	p.Forget = data.RandomForget(p.Run.Data, 0.2, 7)
	v := testruns.Solve(t, unlearning.Retrain{}, p)
	require.Equal(t, v.Float32s(), testruns.Solve(t, baselines.RewindToDelete{Cost: 1}, p).Float32s())
	res, err := baselines.RewindToDelete{Cost: 0.5}.Unlearn(t.Context(), p)
	require.NoError(t, err)
	require.Less(t, vector.Distance(res.Params, v), vector.Distance(p.Run.Params, v))
	var want float64
	for _, batch := range p.Run.Order.Steps(p.Run.Steps/2, p.Run.Steps) {
		retain, _ := p.Forget.Split(batch, nil, nil)
		want += float64(len(retain))
	}
	require.Equal(t, want, res.GradEvals)
}

// TestAmnesiacByHand: of two steps the one whose batch held U is taken back.
func TestAmnesiacByHand(t *testing.T) {
	ds := testruns.Gaussian(8, 3)
	p := testruns.Record(t, testruns.Quadratic(3), ds, nets.Config{Epochs: 1, Batch: 4, LR: nets.ConstantRate(0.2), Seed: 5, DType: graph.Float64}, history.All())
	var err error
	p.Forget, err = data.ForgetPositions(8, p.Run.Order.Step(0)[:1])
	require.NoError(t, err)
	w1, _ := testruns.StateAt(t, p, 1)
	got := testruns.Solve(t, baselines.Amnesiac{}, p)
	for i := range got.Len() {
		require.InDelta(t, p.Run.Params.At(i)-w1.At(i)+p.Run.Initial.At(i), got.At(i), 1e-14)
	}
}

// TestNewtonQuadratic: on a quadratic one step reaches the minimiser on the
// retained examples, where the gradient with weight decay vanishes.
func TestNewtonQuadratic(t *testing.T) {
	ds := testruns.Gaussian(60, 4)
	p := testruns.Record(t, testruns.Quadratic(4), ds, nets.Config{Epochs: 3, Batch: 16, WeightDecay: 0.05, Seed: 2, DType: graph.Float64}, history.All())
	p.Forget = data.RandomForget(ds, 0.4, 3)
	u := testruns.Solve(t, baselines.Newton{Tolerance: 1e-12}, p)
	m := p.Run.Model.Clone()
	g := m.NewVector()
	_, err := m.Gradient(u, ds, p.Forget.Retained(ds.Len()), g)
	require.NoError(t, err)
	for i := range g.Len() {
		require.InDelta(t, 0, g.At(i)+0.05*u.At(i), 1e-10)
	}
}

// TestDescent: the steps are those of gradient descent on the retained mean.
func TestDescent(t *testing.T) {
	p := testruns.Plain(t, graph.Float64)
	res, err := baselines.DescentToDelete{Cost: 0.35, LR: 0.1}.Unlearn(t.Context(), p)
	require.NoError(t, err)
	m := p.Run.Model.Clone()
	w, g := p.Run.Params.Clone(), m.NewVector()
	retained := p.Forget.Retained(p.Run.Data.Len())
	for range 3 {
		_, err := m.Gradient(w, p.Run.Data, retained, g)
		require.NoError(t, err)
		for i := range w.Len() {
			w.Set(i, w.At(i)-0.1*(g.At(i)+0.005*w.At(i)))
		}
	}
	require.InDeltaSlice(t, w.Float64s(), res.Params.Float64s(), 1e-13)
	require.InDelta(t, 3*float64(len(retained)), res.GradEvals, 1e-6)
}
