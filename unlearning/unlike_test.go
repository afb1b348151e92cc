package unlearning

import (
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
	return recordedOn(t, data.Digits().Train, arch, 4, momentum, forget)
}

func recordedOn(t *testing.T, ds *data.Dataset, arch nets.Arch, epochs int, momentum float64, forget func(*data.Dataset) data.ForgetSet) (*contraction.System, *graph.Tensor) {
	t.Helper()
	rec := history.NewRecorder(history.LogitGradients())
	run, err := nets.Train(t.Context(), arch, ds, nets.Config{
		Epochs: epochs, Batch: 50, LR: nets.Cosine(0.2 * (1 - momentum)), Momentum: momentum, WeightDecay: 0.01, Seed: 3, DType: graph.Float64, Hooks: []nets.Hook{rec},
	})
	require.NoError(t, err)
	s := contraction.NewSystem(run, forget(ds), rec.Record())
	alpha, err := s.LogitGradients()
	require.NoError(t, err)
	return s, alpha
}

func fifth(ds *data.Dataset) data.ForgetSet { return data.RandomForget(ds, 0.2, 7) }

// TestClassLike: random sets are not, a class and most of one are, also among others.
func TestClassLike(t *testing.T) {
	s, alpha := recorded(t, nets.MLP(64, 16, 10), 0.9, fifth)
	ds := s.Run.Data
	guard := func(ids ...int) Guard {
		slices.Sort(ids)
		var err error
		s.Forget, err = data.ForgetPositions(ds.Len(), slices.Compact(ids))
		require.NoError(t, err)
		return compare(s, alpha).guard
	}
	class := func(classes ...int) (ids []int) {
		for i, y := range ds.Y {
			if slices.Contains(classes, int(y)) {
				ids = append(ids, i)
			}
		}
		return ids
	}
	for _, share := range []float64{0.002, 0.01, 0.05, 0.2, 0.5, 0.9, 0.98} { // also where few are left
		for seed := range uint64(40) {
			require.Empty(t, guard(data.RandomForget(ds, share, seed).Positions()...), "share %g, seed %d", share, seed)
		}
	}
	require.Equal(t, GuardClassLike, guard(class(3)...))
	require.Equal(t, GuardClassLike, guard(class(1, 2, 3, 4, 5, 6, 7)...))
	s.Forget, _ = data.ForgetPositions(ds.Len(), class(3, 5))
	require.Contains(t, compare(s, alpha).reason, "of class 3, and 20% of the data (and so of 1 more)")
	three := class(3)
	require.Equal(t, GuardClassLike, guard(three[:len(three)*9/10]...))
	require.NotEqual(t, GuardClassLike, guard(three[:len(three)/5]...))
	require.Equal(t, GuardClassLike, guard(append(class(3), data.RandomForget(ds, 0.2, 1).Positions()...)...))
}

// TestConflicting: wrong labels, and what was hardest to teach, are told from random
// sets of data with and without them.
func TestConflicting(t *testing.T) {
	ds := data.Digits().Train
	wrong := ds.Subset(data.RandomForget(ds, 1, 1).Positions())
	mislabelled := data.RandomForget(ds, 0.1, 99)
	for _, i := range mislabelled.Positions() {
		wrong.Y[i] = (wrong.Y[i] + 1 + int32(i%9)) % 10
	}
	for _, d := range []*data.Dataset{ds, wrong} {
		s, alpha := recordedOn(t, d, nets.MLP(64, 64, 10), 30, 0.9, fifth)
		for _, share := range []float64{0.002, 0.01, 0.05, 0.2, 0.5, 0.9} {
			for seed := range uint64(40) {
				s.Forget = data.RandomForget(ds, share, seed)
				require.Empty(t, compare(s, alpha).guard, "share %g, seed %d", share, seed)
			}
		}
		size := make([]float64, ds.Len())
		for i := range size {
			for c := range 10 {
				size[i] += max(0, alpha.At(10*i+c))
			}
		}
		hardest := data.RandomForget(ds, 1, 1).Positions()
		slices.SortFunc(hardest, func(a, b int) int { return int(1e9 * (size[b] - size[a])) })
		hardest = hardest[:ds.Len()/10]
		slices.Sort(hardest)
		var err error
		s.Forget, err = data.ForgetPositions(ds.Len(), hardest)
		require.NoError(t, err)
		require.Equal(t, GuardConflicting, compare(s, alpha).guard)
		if d == wrong {
			s.Forget = mislabelled
			require.Equal(t, GuardConflicting, compare(s, alpha).guard)
		}
	}
}
