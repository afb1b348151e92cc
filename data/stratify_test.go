package data

import (
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestQuota(t *testing.T) {
	for _, tc := range []struct {
		counts []int
		n      int
		want   []int
	}{
		{[]int{50, 30, 20}, 10, []int{5, 3, 2}},
		{[]int{50, 30, 20}, 0, []int{0, 0, 0}},
		{[]int{50, 30, 20}, 100, []int{50, 30, 20}},
		{[]int{10, 10, 10}, 4, []int{2, 1, 1}}, // a tie: the lower class
		{[]int{1, 0, 99}, 1, []int{0, 0, 1}},   // exact shares 0.01, 0, 0.99
		{[]int{0, 0}, 0, []int{0, 0}},
		{[]int{7, 5, 3}, 8, []int{4, 3, 1}}, // 3.73, 2.67, 1.6
	} {
		require.Equal(t, tc.want, quota(tc.counts, tc.n), "%v %d", tc.counts, tc.n)
	}
}

func TestQuotaProperties(t *testing.T) {
	counts := []int{13, 1, 0, 40, 7}
	for n := range 62 {
		sum := 0
		for c, q := range quota(counts, n) {
			require.LessOrEqual(t, q, counts[c])
			require.InDelta(t, float64(n*counts[c])/61, q, 1)
			sum += q
		}
		require.Equal(t, n, sum)
	}
}

func TestStratified(t *testing.T) {
	d := tiny(100, 4)
	s, err := Stratified(d, 40, 1)
	require.NoError(t, err)
	require.NoError(t, s.Validate())
	require.Equal(t, []int{10, 10, 10, 10}, s.ClassCounts())
	require.True(t, slices.IsSorted(s.IDs), "the order of the data is kept")

	again, err := Stratified(d, 40, 1)
	require.NoError(t, err)
	require.Equal(t, s, again)
	other, err := Stratified(d, 40, 2)
	require.NoError(t, err)
	require.NotEqual(t, s.IDs, other.IDs)

	more, err := Stratified(d, 60, 1)
	require.NoError(t, err)
	require.Subset(t, more.IDs, s.IDs)

	for _, n := range []int{-1, 101} {
		_, err = Stratified(d, n, 1)
		require.ErrorContains(t, err, "ask for 0 to 100")
		_, _, err = SplitStratified(d, n, 1)
		require.Error(t, err)
	}
}

func TestSplitStratified(t *testing.T) {
	d := tiny(50, 3)
	rest, part, err := SplitStratified(d, 11, 4)
	require.NoError(t, err)
	require.Equal(t, 11, part.Len())
	same, err := Stratified(d, 11, 4)
	require.NoError(t, err)
	require.Equal(t, same, part)
	ids := slices.Concat(rest.IDs, part.IDs)
	slices.Sort(ids)
	want := make([]int, 50)
	countUp(want)
	require.Equal(t, want, ids)
}
