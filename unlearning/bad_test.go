package unlearning_test

import (
	"context"
	"math"
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

func TestBadProblems(t *testing.T) {
	p := testruns.Digits(t, graph.Float32, history.All().And(history.LogitGradients()))
	n := p.Run.Data.Len()
	methods := []unlearning.Method{unlearning.Mini{}, unlearning.Retrain{}, unlearning.Recursion{}, unlearning.ShortRun{}, unlearning.FastRetrain{Evals: 1000}}
	all := make([]int, n)
	for i := range all {
		all[i] = i
	}
	for _, m := range methods {
		q := p
		var err error
		q.Forget, err = data.ForgetPositions(n, all)
		require.NoError(t, err)
		_, err = m.Unlearn(t.Context(), q)
		require.ErrorIs(t, err, unlearning.ErrNothingLeft, m.Name())

		q.Forget, err = data.ForgetPositions(n+5, []int{n + 2})
		require.NoError(t, err)
		_, err = m.Unlearn(t.Context(), q)
		require.Error(t, err, m.Name())

		q.Forget = data.RandomForget(p.Run.Data, 0.1, 1)
		q.History = nil
		_, err = m.Unlearn(t.Context(), q)
		if m.History(unlearning.PlanOf(p.Run)).Empty() {
			require.NoError(t, err, m.Name())
		} else {
			require.ErrorIs(t, err, unlearning.ErrNoHistory, m.Name())
		}

		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		q.History = p.History
		_, err = m.Unlearn(ctx, q)
		require.ErrorIs(t, err, context.Canceled, m.Name())
	}
}

func TestWrongRecord(t *testing.T) {
	p, other := testruns.Digits(t, graph.Float32, history.All()), testruns.Digits(t, graph.Float64, history.All())
	p.Forget = data.RandomForget(p.Run.Data, 0.1, 1)
	p.History = other.History
	_, e := unlearning.Recursion{}.Unlearn(t.Context(), p)
	require.ErrorIs(t, e, history.ErrMismatch)

	// Another engine: an error, unless asked for.
	p = testruns.Digits(t, graph.Float32, history.All())
	p.Forget = data.RandomForget(p.Run.Data, 0.1, 1)
	want := testruns.Solve(t, unlearning.Recursion{}, p)
	run := *p.Run
	var err error
	run.Model, err = nets.NewModel(run.Model.Arch(), graph.Tape{}, graph.Float32)
	require.NoError(t, err)
	p.Run = &run
	_, err = unlearning.Recursion{}.Unlearn(t.Context(), p)
	require.ErrorIs(t, err, history.ErrEngine)
	require.NotErrorIs(t, err, history.ErrMismatch)
	p.OtherEngine = true
	require.InDeltaSlice(t, want.Float32s(), testruns.Solve(t, unlearning.Recursion{}, p).Float32s(), 1e-4)

	few := testruns.Digits(t, graph.Float32, history.Spaced(2))
	few.Forget = p.Forget
	_, err = unlearning.Recursion{}.Unlearn(t.Context(), few)
	var gap *history.GapError
	require.ErrorAs(t, err, &gap)
	require.ErrorContains(t, err, "the record's policy was spaced:2")
}

// TestDiverging: without curvature a long recursion at a large rate explodes;
// that is an error, not a result.
func TestDiverging(t *testing.T) {
	ds := testruns.Gaussian(64, 4)
	p := testruns.Record(t, testruns.Quadratic(4), ds, nets.Config{Epochs: 40, Batch: 16, LR: nets.ConstantRate(0.5), Seed: 1}, history.All())
	p.Forget = data.RandomForget(ds, 0.5, 2)
	_, err := unlearning.Recursion{Curvature: contraction.Scalar{Value: 50}}.Unlearn(t.Context(), p)
	var d *unlearning.DivergedError
	require.ErrorAs(t, err, &d)
	require.ErrorContains(t, err, "diverged at step")
}

func TestBadParameters(t *testing.T) {
	p := testruns.Digits(t, graph.Float32, history.All())
	p.Forget = data.RandomForget(p.Run.Data, 0.1, 1)
	for _, tc := range []struct {
		m    unlearning.Method
		want string
	}{
		{unlearning.Recursion{Curvature: contraction.Sampled{Size: -1}}, "must be positive"},
		{unlearning.Recursion{Curvature: contraction.Sampled{Share: math.Inf(1)}}, "must be positive and finite"},
		{unlearning.Recursion{Disturbance: contraction.Interpolated{Knots: -1}}, "-1 knots"},
		{unlearning.Recursion{Window: contraction.Window{Last: -1}}, "not a share"},
		{unlearning.Recursion{Window: contraction.Window{Last: 2}}, "not a share"},
		{unlearning.Recursion{Window: contraction.Window{Last: math.NaN()}}, "not a share"},
		{unlearning.ShortRun{Short: unlearning.Short{Cost: 1e-6}}, "less than one step"},
		{unlearning.ShortRun{Short: unlearning.Short{Cost: 1e300}, Start: 1}, "at most"},
		{unlearning.FastRetrain{Evals: 1}, "less than one step"},
		{unlearning.FastRetrain{Evals: 1000, Short: unlearning.Short{Cost: 0.1}}, "not both"},
		{unlearning.FastRetrain{Evals: math.Inf(1)}, "at most"},
		{unlearning.FastRetrain{Evals: math.NaN()}, "at most"},
	} {
		_, err := tc.m.Unlearn(t.Context(), p)
		require.ErrorContains(t, err, tc.want, "%+v", tc.m)
	}

	// Too large a sample is the largest there is; a start that rounds up to the end
	// is the end.
	whole := testruns.Solve(t, unlearning.Recursion{Curvature: contraction.Sampled{Share: 1e300}}, p)
	require.Equal(t, testruns.Solve(t, unlearning.Recursion{Curvature: contraction.Sampled{Share: 20}}, p).Float32s(), whole.Float32s())
	end := testruns.Solve(t, unlearning.ShortRun{Start: 1}, p)
	require.Equal(t, end.Float32s(), testruns.Solve(t, unlearning.ShortRun{Start: 0.9999}, p).Float32s())
}

// TestDivergedRetrain: of retraining too, divergence is a DivergedError.
func TestDivergedRetrain(t *testing.T) {
	ds := testruns.Gaussian(64, 4)
	p := testruns.Record(t, testruns.Quadratic(4), ds, nets.Config{Epochs: 2, Batch: 16, LR: nets.ConstantRate(0.1), Seed: 1}, history.All())
	run := *p.Run
	run.Config.LR = nets.ConstantRate(1e30)
	p.Run, p.Forget, p.History = &run, data.RandomForget(ds, 0.1, 2), nil
	_, err := unlearning.Retrain{}.Unlearn(t.Context(), p)
	var d *unlearning.DivergedError
	require.ErrorAs(t, err, &d)
	require.Equal(t, "retrain", d.Method)
}
