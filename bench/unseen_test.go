package bench

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/miniunlearn/miniunlearn/data"
)

// labelled returns a data set of one feature with counts[c] examples of class c.
func labelled(counts ...int) *data.Dataset {
	ds := &data.Dataset{Name: "made", Shape: []int{1}, Classes: len(counts)}
	for c, n := range counts {
		for range n {
			ds.X, ds.Y = append(ds.X, float32(len(ds.Y))), append(ds.Y, int32(c))
		}
	}
	return ds
}

func TestUnseen(t *testing.T) {
	for _, c := range []struct {
		name         string
		forget, test []int // by class
		want         []int
	}{
		{"same proportions", []int{2, 2}, []int{10, 10}, []int{10, 10}},
		{"the scarce class decides", []int{2, 2}, []int{10, 4}, []int{4, 4}},
		{"one to three", []int{1, 3}, []int{10, 10}, []int{3, 10}},
		{"two thirds of 10, to the nearest", []int{2, 3}, []int{10, 10}, []int{7, 10}},
		{"one class only", []int{0, 3}, []int{10, 7}, []int{0, 7}},
		{"one example", []int{1, 0}, []int{5, 5}, []int{5, 0}},
		{"fewer tests than forgotten", []int{40, 20}, []int{10, 10}, []int{10, 5}},
	} {
		t.Run(c.name, func(t *testing.T) {
			train, test := labelled(50, 50), labelled(c.test...)
			var ids []int
			for class, n := range c.forget {
				for i := range n {
					ids = append(ids, 50*class+i)
				}
			}
			forget, err := data.ForgetPositions(train.Len(), ids)
			require.NoError(t, err)
			got, err := Unseen(train, forget, test, 1)
			require.NoError(t, err)
			require.IsIncreasing(t, got)
			require.Equal(t, c.want, test.Subset(got).ClassCounts())

			again, err := Unseen(train, forget, test, 1)
			require.NoError(t, err)
			require.Equal(t, got, again)
		})
	}
	train := labelled(50, 50)
	forget := data.RandomForget(train, 0.2, 1)
	_, err := Unseen(train, forget, labelled(10, 0), 1)
	require.ErrorContains(t, err, "has none to compare them with")
	_, err = Unseen(train, data.ForgetSet{}, labelled(10, 10), 1)
	require.ErrorIs(t, err, data.ErrEmptyForget)

	some, err := data.ForgetPositions(100, []int{0, 1, 50})
	require.NoError(t, err)
	a, err := Unseen(train, some, labelled(100, 100), 1)
	require.NoError(t, err)
	b, err := Unseen(train, some, labelled(100, 100), 2)
	require.NoError(t, err)
	require.NotEqual(t, a, b, "the seed chooses")
}
