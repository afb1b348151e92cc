package data

import (
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestForgetSet(t *testing.T) {
	ids := []int{129, 0, 64, 63}
	f, err := ForgetPositions(130, ids)
	require.NoError(t, err)
	require.Equal(t, []int{129, 0, 64, 63}, ids, "the argument is not sorted in place")
	require.Equal(t, []int{0, 63, 64, 129}, f.Positions())
	require.Equal(t, f.Positions(), slices.Collect(f.All()))
	require.Equal(t, 4, f.Len())
	require.Equal(t, 130, f.N())
	for i := -70; i < 300; i++ {
		require.Equal(t, slices.Contains(ids, i), f.Contains(i), "%d", i)
	}
	require.Len(t, f.Retained(130), 126)
	require.NoError(t, f.Validate(130))
	require.ErrorContains(t, f.Validate(131), "130 training examples, not 131")
	require.Panics(t, func() { f.Retained(131) })

	f.Positions()[0] = 77
	require.Equal(t, 0, f.Positions()[0], "Positions returns a copy")
}

func TestForgetSetZero(t *testing.T) {
	var f ForgetSet
	require.Zero(t, f.Len())
	require.False(t, f.Contains(0))
	require.Empty(t, f.Positions())
	require.NoError(t, f.Validate(5))
	require.Equal(t, []int{0, 1, 2}, f.Retained(3))
	retain, forgotten := f.Split([]int{2, 1}, nil, nil)
	require.Equal(t, []int{2, 1}, retain)
	require.Empty(t, forgotten)

	f, err := ForgetPositions(5, nil)
	require.NoError(t, err)
	require.Zero(t, f.Len())
}

func TestForgetSetWhole(t *testing.T) {
	f := RandomForget(tiny(70, 2), 1, 1)
	require.Equal(t, 70, f.Len())
	require.Empty(t, f.Retained(70))
}

func TestForgetBadPositions(t *testing.T) {
	for _, tc := range []struct {
		at   []int
		want PositionError
	}{
		{[]int{1, 5, 9}, PositionError{Position: 5, N: 5}},
		{[]int{-1}, PositionError{Position: -1, N: 5}},
		{[]int{3, 1, 3, 8}, PositionError{Position: 3, N: 5, Duplicate: true}},
	} {
		_, err := ForgetPositions(5, tc.at)
		var bad *PositionError
		require.ErrorAs(t, err, &bad)
		require.Equal(t, tc.want, *bad)
	}
	_, err := ForgetPositions(-1, nil)
	require.Error(t, err)
}

func TestRandomForget(t *testing.T) {
	d := tiny(1257, 10)
	for share, want := range map[float64]int{0: 0, 0.01: 13, 0.2: 251, 0.5: 629, 1: 1257} {
		require.Equal(t, want, RandomForget(d, share, 7).Len(), "%v", share)
	}
	f := RandomForget(d, 0.2, 7)
	require.Equal(t, "random:0.2", f.Spec)
	require.Equal(t, f, RandomForget(d, 0.2, 7))
	require.NotEqual(t, f.Positions(), RandomForget(d, 0.2, 8).Positions())
	require.Equal(t, "fc407584e1ab4d84", fingerprint(f.Positions()), "a seed means the same set for good")
	for _, share := range []float64{-0.1, 1.1} {
		require.Panics(t, func() { RandomForget(d, share, 7) })
	}
}

// TestForgetIsUnrelatedToOrder: with one seed for both, the first fifth of
// epoch 0 must hold a fifth of the forget set, not all of it. The number is
// hypergeometric, mean 200, deviation 11.
func TestForgetIsUnrelatedToOrder(t *testing.T) {
	d := tiny(5000, 10)
	for seed := range uint64(5) {
		f := RandomForget(d, 0.2, seed)
		first := Order{Seed: seed, N: 5000, Batch: 1000}.Step(0)
		_, forgotten := f.Split(first, nil, nil)
		require.InDelta(t, 200, len(forgotten), 66)
	}
}

func TestSplitDoesNotAllocate(t *testing.T) {
	f := RandomForget(tiny(100, 2), 0.3, 1)
	batch := Order{Seed: 1, N: 100, Batch: 40}.Step(0)
	retain, forgotten := make([]int, 0, 40), make([]int, 0, 40)
	require.Zero(t, testing.AllocsPerRun(10, func() { f.Split(batch, retain, forgotten) }))
	retain, forgotten = f.Split(batch, retain, forgotten)
	require.ElementsMatch(t, batch, slices.Concat(retain, forgotten))
	for _, i := range forgotten {
		require.True(t, f.Contains(i))
	}
	require.Equal(t, len(forgotten), f.Count(batch))
	require.Zero(t, f.Count([]int{-1, 100, 1 << 40}))
	require.Zero(t, ForgetSet{}.Count(batch))
}
