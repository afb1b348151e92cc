package data

import (
	"math"
	"testing"

	"github.com/stretchr/testify/require"
)

// tiny returns n examples of shape {2} in the given number of classes; example
// i is (i, −i) with label i mod classes.
func tiny(n, classes int) *Dataset {
	d := &Dataset{Name: "tiny", Shape: []int{2}, Classes: classes}
	for i := range n {
		d.X = append(d.X, float32(i), float32(-i))
		d.Y = append(d.Y, int32(i%classes))
	}
	return d
}

func TestSubset(t *testing.T) {
	d := tiny(10, 3)
	s := d.Subset([]int{7, 2, 7})
	require.NoError(t, s.Validate())
	require.Equal(t, []float32{7, -7, 2, -2, 7, -7}, s.X)
	require.Equal(t, []int32{1, 2, 1}, s.Y)
	require.Equal(t, []int{7, 2, 7}, s.IDs)
	require.Equal(t, []float32{2, -2}, s.Row(1))
	require.Equal(t, 2, cap(s.Row(1)))

	s.X[0] = 99
	require.Equal(t, float32(7), d.X[14], "a subset is a copy")
	require.Equal(t, []int{2}, s.Subset([]int{1}).IDs, "a subset of a subset keeps the first origin")
	require.Equal(t, 5, d.ID(5))
	require.Equal(t, []int{0, 2, 1}, s.ClassCounts())
	require.Panics(t, func() { d.Subset([]int{10}) })
}

func TestGatherDoesNotAllocate(t *testing.T) {
	d := tiny(10, 3)
	x, y := make([]float32, 8), make([]int32, 4)
	idx := []int{9, 0, 3}
	require.Zero(t, testing.AllocsPerRun(10, func() { d.Gather(idx, x, y) }))
	require.Equal(t, []float32{9, -9, 0, 0, 3, -3, 0, 0}, x)
	require.Panics(t, func() { d.Gather(idx, x[:5:5], y) })
}

func TestValidate(t *testing.T) {
	nan, inf := float32(math.NaN()), float32(math.Inf(-1))
	for _, tc := range []struct {
		name  string
		spoil func(*Dataset)
		index int // of the example; −1: an error about the whole set
		want  string
	}{
		{"label above", func(d *Dataset) { d.Y[4] = 3 }, 4, "label 3 with 3 classes"},
		{"label below", func(d *Dataset) { d.Y[5] = -1 }, 5, "label -1"},
		{"NaN", func(d *Dataset) { d.X[7] = nan }, 3, "feature 1 is NaN"},
		{"infinite", func(d *Dataset) { d.X[0] = inf }, 0, "feature 0 is -Inf"},
		{"no shape", func(d *Dataset) { d.Shape = nil }, -1, "no shape"},
		{"zero dimension", func(d *Dataset) { d.Shape = []int{2, 0} }, -1, "at least 1"},
		{"no classes", func(d *Dataset) { d.Classes = 0 }, -1, "set Classes"},
		{"too few labels", func(d *Dataset) { d.Y = d.Y[:9] }, -1, "20 feature values for 9 labels"},
		{"shape does not divide", func(d *Dataset) { d.Shape = []int{3} }, -1, "shape [3]"},
		{"overflowing shape", func(d *Dataset) { d.Shape = []int{math.MaxInt, math.MaxInt} }, -1, "shape"},
		{"ids", func(d *Dataset) { d.IDs = []int{1} }, -1, "1 ids for 10 examples"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			d := tiny(10, 3)
			require.NoError(t, d.Validate())
			tc.spoil(d)
			err := d.Validate()
			require.ErrorContains(t, err, tc.want)
			require.ErrorContains(t, err, `"tiny"`)
			var bad *ExampleError
			if tc.index >= 0 {
				require.ErrorAs(t, err, &bad)
				require.Equal(t, tc.index, bad.Index)
			}
		})
	}
}

func TestExampleErrorNamesTheOrigin(t *testing.T) {
	s := tiny(10, 3).Subset([]int{4, 8})
	s.Y[1] = 7
	require.ErrorContains(t, s.Validate(), "example 1 (id 8)")
}
