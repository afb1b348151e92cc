package unlearning_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/miniunlearn/miniunlearn/data"
	"github.com/miniunlearn/miniunlearn/graph"
	"github.com/miniunlearn/miniunlearn/nets"
	"github.com/miniunlearn/miniunlearn/unlearning"
	"github.com/miniunlearn/miniunlearn/unlearning/baselines"
	"github.com/miniunlearn/miniunlearn/unlearning/history"
	"github.com/miniunlearn/miniunlearn/unlearning/internal/testruns"
)

// everyMethod is one of each kind.
func everyMethod() []unlearning.Method {
	return []unlearning.Method{
		unlearning.Mini{}, unlearning.Erase{}, unlearning.Recursion{}, baselines.DeltaGrad{}, baselines.RewindToDelete{},
		unlearning.ShortRun{}, baselines.Amnesiac{}, baselines.DescentToDelete{}, baselines.Newton{},
		unlearning.Retrain{}, unlearning.Retrain{Other: 1}, unlearning.FastRetrain{Evals: 5000},
	}
}

// TestParametersOfAnotherRun: a record beside another seed's parameters, or beside
// those that an earlier request has left, is an error of every method.
func TestParametersOfAnotherRun(t *testing.T) {
	p := testruns.Digits(t, graph.Float32, history.All().And(history.LogitGradients()))
	p.Forget = data.RandomForget(p.Run.Data, 0.1, 1)
	cfg := p.Run.Config
	cfg.Hooks, cfg.Seed = nil, 2
	other, err := nets.Train(t.Context(), p.Run.Model.Arch(), p.Run.Data, cfg)
	require.NoError(t, err)
	forgotten := testruns.Solve(t, unlearning.Mini{}, p)
	for _, m := range everyMethod() {
		for _, w := range []*graph.Tensor{other.Params, forgotten, p.Run.Initial} {
			q := p
			run := *p.Run
			run.Params = w
			q.Run = &run
			_, err := m.Unlearn(t.Context(), q)
			require.ErrorIs(t, err, history.ErrMismatch, m.Name())
			require.ErrorContains(t, err, "final parameters", m.Name())
		}
	}
}

// TestHandBuiltRuns: a run that lacks something, or is nil, is an error of every
// method and no panic, whether or not a record comes with it.
func TestHandBuiltRuns(t *testing.T) {
	p := testruns.Digits(t, graph.Float32, history.All().And(history.LogitGradients()))
	p.Forget = data.RandomForget(p.Run.Data, 0.1, 1)
	whole := p.Run
	runs := []*nets.Run{nil, {}, {Model: whole.Model, Params: whole.Params}}
	for _, spoil := range []func(*nets.Run){
		func(r *nets.Run) { r.Model = nil },
		func(r *nets.Run) { r.Data = nil },
		func(r *nets.Run) { r.Config = nets.Config{} },
		func(r *nets.Run) { r.Config.LR = nil },
		func(r *nets.Run) { r.Order = data.Order{} },
		func(r *nets.Run) { r.Steps = 0 },
		func(r *nets.Run) { r.Initial = nil },
		func(r *nets.Run) { r.Params = nil },
		func(r *nets.Run) { r.Params = graph.NewTensor(graph.Float32, 7) },
	} {
		r := *whole
		spoil(&r)
		runs = append(runs, &r)
	}
	for _, run := range runs {
		for _, rec := range []*history.Record{p.History, nil} {
			q := unlearning.Problem{Run: run, Forget: p.Forget, History: rec}
			for _, m := range everyMethod() {
				_, err := m.Unlearn(t.Context(), q)
				require.ErrorContains(t, err, "nets: run: ", m.Name())
				_, err = unlearning.Solve(t.Context(), m, q)
				require.Error(t, err, m.Name())
			}
		}
		require.Error(t, p.History.Check(run))
	}
}
