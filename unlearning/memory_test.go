package unlearning

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/miniunlearn/miniunlearn/data"
	"github.com/miniunlearn/miniunlearn/nets"
	"github.com/miniunlearn/miniunlearn/unlearning/history"
)

// TestDisturbanceMemory: what interpolation keeps does not grow with the run.
func TestDisturbanceMemory(t *testing.T) {
	rec := history.NewRecorder(history.All())
	run, err := nets.Train(t.Context(), nets.Logistic(64, 10), data.Digits().Train, nets.Config{Epochs: 40, Batch: 350, Hooks: []nets.Hook{rec}})
	require.NoError(t, err)
	q, _, err := begin(Recursion{}, Problem{Run: run, Forget: data.RandomForget(run.Data, 0.2, 3), History: rec.Record()})
	require.NoError(t, err)
	s, err := newDisturbances(t.Context(), q, 0, Disturbance{Knots: 5, Tails: true})
	require.NoError(t, err)
	defer s.close()
	delta := q.model.NewVector()
	most := len(s.deltas)
	for pt, err := range q.trajectory(0) {
		require.NoError(t, err)
		require.NoError(t, s.reach(pt.t))
		require.NoError(t, s.at(pt, delta))
		most = max(most, len(s.deltas))
	}
	require.LessOrEqual(t, most, 5*run.Order.StepsPerEpoch()+1, "knots and the last batch of one epoch")
	require.Empty(t, s.deltas)
}
