package unlearning_test

import (
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/miniunlearn/miniunlearn/data"
	"github.com/miniunlearn/miniunlearn/graph"
	"github.com/miniunlearn/miniunlearn/nets"
	"github.com/miniunlearn/miniunlearn/unlearning"
	"github.com/miniunlearn/miniunlearn/unlearning/history"
	"github.com/miniunlearn/miniunlearn/unlearning/internal/testruns"
)

// TestMostMemorised: wrong labels are learned by heart or not at all, and are most of
// what a run memorised.
func TestMostMemorised(t *testing.T) {
	ds, wrong, err := data.ParseScenario("mislabelled:0.1", data.Digits().Train, 5)
	require.NoError(t, err)
	p := testruns.Record(t, nets.MLP(64, 32, 10), ds, nets.Config{Epochs: 10, Batch: 32, LR: nets.Cosine(0.05), Momentum: 0.9, Seed: 1}, history.LogitGradients())
	got, err := unlearning.MostMemorised(p.History, 0.1)
	require.NoError(t, err)
	require.Equal(t, wrong.Len(), got.Len())
	require.Greater(t, wrong.Count(got.Positions()), 8*wrong.Len()/10)

	alpha, _, err := p.History.LogitGradients()
	require.NoError(t, err)
	scores := unlearning.Memorisation(alpha)
	sorted := slices.Sorted(slices.Values(scores))
	for i := range got.All() {
		require.GreaterOrEqual(t, scores[i], sorted[len(sorted)-got.Len()])
	}
	require.Equal(t, []float64{3, 0}, unlearning.Memorisation(graph.FromSlice([]float64{-1, 2, 0, 0}, 2, 2)))

	for _, share := range []float64{0, 1, -1} {
		_, err = unlearning.MostMemorised(p.History, share)
		require.ErrorContains(t, err, "not above 0 and below 1")
	}
	_, err = unlearning.MostMemorised(nil, 0.1)
	require.ErrorIs(t, err, unlearning.ErrNoHistory)
	_, err = unlearning.MostMemorised(testruns.Plain(t, graph.Float32).History, 0.1)
	require.ErrorContains(t, err, "memorised: ")
}
