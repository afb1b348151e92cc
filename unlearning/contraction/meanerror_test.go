package contraction

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/miniunlearn/miniunlearn/data"
	"github.com/miniunlearn/miniunlearn/graph"
	"github.com/miniunlearn/miniunlearn/nets"
	"github.com/miniunlearn/miniunlearn/unlearning/history"
)

// TestLogitCurvature: at zero parameters, which small steps stay close to, all
// K classes have probability 1/K. Examples that were not visited do not count.
func TestLogitCurvature(t *testing.T) {
	const rate, want = 1e-6, 0.9 * 0.1
	for _, steps := range []int{2, 6} { // two thirds of an epoch, two epochs
		rec := history.NewRecorder(history.LogitGradients())
		run, err := nets.Train(t.Context(), nets.Logistic(64, 10), data.Digits().Train, nets.Config{
			Steps: steps, Batch: 419, LR: nets.ConstantRate(rate), From: graph.NewTensor(graph.Float64, 650), DType: graph.Float64, Hooks: []nets.Hook{rec},
		})
		require.NoError(t, err)
		require.Equal(t, steps, run.Steps)
		alpha, _, err := rec.Record().LogitGradients()
		require.NoError(t, err)
		require.InDelta(t, want, LogitCurvature(MeanErrors(alpha, history.LogitTimes(run))), 1e-4)
	}

	// Two examples with a of 0.2 and 0.6 in times of 2.5 and 2.5, one that was not visited.
	alpha := graph.FromSlice([]float64{-0.5, 0.5, 0, 0, 0.7, -1.5, 0.8, 0, 0, 0, 0, 0}, 3, 4)
	require.InDelta(t, (0.2*0.8+0.6*0.4)/2, LogitCurvature(MeanErrors(alpha, []float64{2.5, 2.5, 0})), 1e-12)
	require.Zero(t, LogitCurvature(MeanErrors(graph.NewTensor(graph.Float64, 3, 4), []float64{1, 1, 1})))
}
