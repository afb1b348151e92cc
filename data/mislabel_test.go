package data_test

import (
	"math"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/miniunlearn/miniunlearn/data"
)

// TestMislabel: exactly the share has another label, any other class as often as
// the rest, and neither the features nor the data that were given change.
func TestMislabel(t *testing.T) {
	ds := data.Digits().Train
	right := append([]int32(nil), ds.Y...)
	count := make([]int, ds.Classes)
	total := 0
	for seed := range uint64(20) {
		wrong, err := data.Mislabel(ds, 0.3, seed)
		require.NoError(t, err)
		require.NoError(t, wrong.Validate())
		require.Equal(t, right, ds.Y)
		require.Same(t, &ds.X[0], &wrong.X[0])
		n := 0
		for i, y := range wrong.Y {
			if y != right[i] {
				n++
				count[(int(y)-int(right[i])+ds.Classes)%ds.Classes]++
			}
		}
		require.Equal(t, int(math.Round(0.3*float64(ds.Len()))), n)
		total += n
		again, err := data.Mislabel(ds, 0.3, seed)
		require.NoError(t, err)
		require.Equal(t, wrong.Y, again.Y)
	}
	require.Zero(t, count[0])
	want := float64(total) / 9
	for _, c := range count[1:] {
		require.InDelta(t, want, c, 4*math.Sqrt(want)) // four standard deviations
	}
	same, err := data.Mislabel(ds, 0, 1)
	require.NoError(t, err)
	require.Equal(t, ds.Y, same.Y)
	for _, share := range []float64{-0.1, 1, math.NaN()} {
		_, err := data.Mislabel(ds, share, 1)
		require.ErrorContains(t, err, "is outside [0, 1)")
	}
	_, err = data.Mislabel(&data.Dataset{Name: "one", X: []float32{1}, Y: []int32{0}, Shape: []int{1}, Classes: 1}, 0.5, 1)
	require.ErrorContains(t, err, "no label can be wrong with 1 classes")
}
