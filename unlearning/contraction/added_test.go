package contraction

import (
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/miniunlearn/miniunlearn/data"
)

// TestJoins: in every epoch each added example joins one batch, which depends on nothing
// but its id, the epoch and the seed, and each place of the epoch is as likely.
func TestJoins(t *testing.T) {
	j := joins{seed: 5, first: 1000}
	for i := range uint64(3000) {
		j.ids = append(j.ids, 7+i)
	}
	alone := joins{seed: 5, ids: []uint64{11}, first: 1000}
	order := data.Order{Seed: 5, N: 1000, Batch: 300}
	cuts := order.Cuts(0) // 300, 300, 300 and 100
	var counts [4]int
	moved := false
	for e := range 20 {
		var all []int
		before := slices.IndexFunc(alone.into(e, cuts), func(b []int) bool { return len(b) > 0 })
		for k, b := range j.into(e, cuts) {
			counts[k] += len(b)
			all = append(all, b...)
			require.Equal(t, k == before, slices.Contains(b, 1004))
		}
		slices.Sort(all)
		require.Equal(t, 3000, len(all))
		require.Equal(t, 3000, len(slices.Compact(all)))
		moved = moved || before != slices.IndexFunc(alone.into(0, cuts), func(b []int) bool { return len(b) > 0 })
	}
	require.True(t, moved, "every epoch has the same batches")
	for k, n := range counts {
		require.InEpsilon(t, 60000*(cuts[k+1]-cuts[k])/1000, n, 0.05)
	}
	// An empty batch is not joined.
	for k, b := range j.into(0, []int{0, 0, 50, 50, 60}) {
		require.Equal(t, k == 1 || k == 3, len(b) > 0)
	}
}
