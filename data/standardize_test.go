package data

import (
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestStandardize(t *testing.T) {
	// Two channels of two pixels; means 3 and 7, deviations √5 and 0 (taken as 1).
	train := &Dataset{Name: "t", Shape: []int{2, 1, 2}, Classes: 1, Y: []int32{0, 0},
		X: []float32{0, 2, 7, 7, 4, 6, 7, 7}}
	other := &Dataset{Name: "o", Shape: []int{2, 1, 2}, Classes: 1, Y: []int32{0}, X: []float32{3, 8, 7, 9}}
	before := slices.Clone(train.X)

	st := ChannelStats(train)
	require.Equal(t, []float64{3, 7}, st.Mean)
	require.InDeltaSlice(t, []float64{2.2360679, 1}, st.Std, 1e-7)

	out := Standardize(train, other, emptyLike(train))
	require.Len(t, out, 3)
	require.InDeltaSlice(t, []float32{-1.3416408, -0.4472136, 0, 0, 0.4472136, 1.3416408, 0, 0}, out[0].X, 1e-6)
	require.InDeltaSlice(t, []float32{0, 2.236068, 0, 2}, out[1].X, 1e-6)
	require.Zero(t, out[2].Len())
	require.Equal(t, before, train.X, "pure")

	again := ChannelStats(out[0])
	require.InDeltaSlice(t, []float64{0, 0}, again.Mean, 1e-7)
	require.InDeltaSlice(t, []float64{1, 1}, again.Std, 1e-7)
}

// TestStandardizeTable: the columns of a table have units of their own.
func TestStandardizeTable(t *testing.T) {
	const tenth = float32(0.1) // whose sums are rounded
	for _, shape := range [][]int{{4}, {2, 2}, {1, 2, 1, 2}} {
		train := &Dataset{Name: "t", Shape: shape, Classes: 1, Y: make([]int32, 3),
			X: []float32{1, 1000, tenth, 0, 2, 3000, tenth, 0, 3, 5000, tenth, 0}}
		other := &Dataset{Name: "o", Shape: shape, Classes: 1, Y: make([]int32, 1), X: []float32{2, 3000, 0.6, 7}}
		st := ChannelStats(train)
		require.Equal(t, []float64{2, 3000, float64(tenth), 0}, st.Mean)
		require.InDeltaSlice(t, []float64{0.8164966, 1632.9932, 1, 1}, st.Std, 1e-4)
		out := Standardize(train, other)
		const q = 1.2247449 // √(3/2)
		require.InDeltaSlice(t, []float32{-q, -q, 0, 0, 0, 0, 0, 0, q, q, 0, 0}, out[0].X, 1e-6)
		require.InDeltaSlice(t, []float32{0, 0, 0.5, 7}, out[1].X, 1e-6)
	}
}

func TestStandardizePanics(t *testing.T) {
	d := tiny(4, 2) // two features
	require.Panics(t, func() { ChannelStats(emptyLike(d)) })
	three := &Dataset{Shape: []int{3, 1, 1}, X: []float32{1, 2, 3}, Y: []int32{0}, Classes: 1}
	require.Panics(t, func() { Standardize(d, three) })
}
