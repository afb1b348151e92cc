package contraction

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
	s := NewSystem(run, data.RandomForget(run.Data, 0.2, 3), rec.Record())
	way, err := Recorded{}.Start(s)
	require.NoError(t, err)
	dist, err := Interpolated{Knots: 5, Tails: true}.Start(t.Context(), s, way)
	require.NoError(t, err)
	defer dist.Close()
	d := dist.(*disturbances)
	most := len(d.deltas)
	for pt, err := range way.Points {
		require.NoError(t, err)
		_, _, err := d.At(pt)
		require.NoError(t, err)
		most = max(most, len(d.deltas))
	}
	require.LessOrEqual(t, most, 5*run.Order.StepsPerEpoch()+1, "knots and the last batch of one epoch")
	require.Empty(t, d.deltas)
}
