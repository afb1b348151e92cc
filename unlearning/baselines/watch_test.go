package baselines_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/miniunlearn/miniunlearn/data"
	"github.com/miniunlearn/miniunlearn/graph"
	"github.com/miniunlearn/miniunlearn/nets"
	"github.com/miniunlearn/miniunlearn/unlearning/baselines"
	"github.com/miniunlearn/miniunlearn/unlearning/defaults"
	"github.com/miniunlearn/miniunlearn/unlearning/history"
	"github.com/miniunlearn/miniunlearn/unlearning/internal/testruns"
)

// TestWatch: what is shown of the steps is all that it takes to take them again, and
// showing them changes nothing.
func TestWatch(t *testing.T) {
	p := testruns.Digits(t, graph.Float64, history.Policy{})
	p.Forget = data.RandomForget(p.Run.Data, 0.1, 7)
	m := baselines.RandomLabels{Steps: baselines.Steps{Cost: 0.2}}
	plain := testruns.Solve(t, m, p)

	again, err := p.Run.Model.NewStepper(defaults.TrainingMomentum, p.Run.Config.WeightDecay, p.Run.Params, nil)
	require.NoError(t, err)
	seen, g := 0, p.Run.Model.NewVector()
	res, err := m.Unlearn(baselines.Watch(t.Context(), func(s baselines.Step) {
		require.Equal(t, seen, s.T)
		require.Equal(t, again.W.Float64s(), s.Params.Float64s())
		_, err := p.Run.Model.ObjectiveGradient(nets.Objective{}, again.W, s.Examples, g)
		require.NoError(t, err)
		require.NoError(t, again.Step(g, s.Rate))
		if seen++; s.T == s.N-1 {
			require.Equal(t, plain.Float64s(), again.W.Float64s())
		}
	}), p)
	require.NoError(t, err)
	require.Greater(t, seen, 10)
	require.Equal(t, plain.Float64s(), res.Params.Float64s())
}
