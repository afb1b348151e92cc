package unlearning

import (
	"math"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/miniunlearn/miniunlearn/data"
	"github.com/miniunlearn/miniunlearn/graph"
	"github.com/miniunlearn/miniunlearn/nets"
	"github.com/miniunlearn/miniunlearn/unlearning/contraction"
	"github.com/miniunlearn/miniunlearn/unlearning/history"
)

// recorded returns the system of a short run on the digits, and its logit gradients.
func recorded(t *testing.T, arch nets.Arch, momentum float64, forget func(*data.Dataset) data.ForgetSet) (*contraction.System, *graph.Tensor) {
	t.Helper()
	ds := data.Digits().Train
	rec := history.NewRecorder(history.LogitGradients())
	run, err := nets.Train(t.Context(), arch, ds, nets.Config{
		Epochs: 4, Batch: 50, LR: nets.Cosine(0.2 * (1 - momentum)), Momentum: momentum, WeightDecay: 0.01, Seed: 3, DType: graph.Float64, Hooks: []nets.Hook{rec},
	})
	require.NoError(t, err)
	s := contraction.NewSystem(run, forget(ds), rec.Record())
	alpha, err := s.LogitGradients()
	require.NoError(t, err)
	return s, alpha
}

func fifth(ds *data.Dataset) data.ForgetSet { return data.RandomForget(ds, 0.2, 7) }

// TestClassLike: random sets are not, a class and equal mistakes are, also among
// others, and two examples are too few to say.
func TestClassLike(t *testing.T) {
	s, alpha := recorded(t, nets.MLP(64, 16, 10), 0.9, fifth)
	ds := s.Run.Data
	of := func(ids ...int) (whole float64) {
		var err error
		s.Forget, err = data.ForgetPositions(ds.Len(), ids)
		require.NoError(t, err)
		return correlation(s, alpha)
	}
	class := func(classes ...int) (ids []int) {
		for i, y := range ds.Y {
			if slices.Contains(classes, int(y)) {
				ids = append(ids, i)
			}
		}
		return ids
	}
	require.Less(t, math.Abs(of(s.Forget.Positions()...)), 0.005)
	for _, share := range []float64{0.01, 0.05, 0.2, 0.5, 0.98} { // also where few are left
		for seed := range uint64(40) {
			of(data.RandomForget(ds, share, seed).Positions()...)
			require.False(t, classLike(s, alpha), "share %g, seed %d", share, seed)
		}
	}
	require.Greater(t, of(class(3)...), 0.1)
	require.True(t, classLike(s, alpha))
	of(class(0, 1, 2, 3, 4)...)
	require.True(t, classLike(s, alpha))
	for _, share := range []float64{0.1, 0.3} {
		ids := append(class(3), data.RandomForget(ds, share, 1).Positions()...)
		slices.Sort(ids)
		of(slices.Compact(ids)...)
		require.True(t, classLike(s, alpha), "class 3 and %g of all", share)
	}

	of(class(3)[:2]...)
	require.False(t, classLike(s, alpha))
	require.Zero(t, of(4))
	alpha.Zero() // a run that learned nothing
	require.Zero(t, of(class(3)...))

	// All alike, among many others: correlation near 1.
	ids := class(5)[:20]
	for _, i := range ids {
		alpha.Set(10*i, 1)
	}
	require.InDelta(t, 1, of(ids...), 0.03)
	require.True(t, classLike(s, alpha))
}
