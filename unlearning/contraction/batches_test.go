package contraction

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/miniunlearn/miniunlearn/data"
)

// TestBatches: sizes and parts are those of the order's batches, in whatever
// order steps are asked for.
func TestBatches(t *testing.T) {
	ds := data.Digits().Train
	order := data.Order{Seed: 5, N: ds.Len(), Batch: 300}
	forget := data.RandomForget(ds, 0.3, 1)
	b := newBatches(order, forget)
	for _, step := range []int{0, 1, 4, 7, 3, 0, 11, 5, 9, 9, 4} {
		wantRetain, wantForget := forget.Split(order.Step(step), nil, nil)
		retain, out := b.sizes(step)
		require.Equal(t, [2]int{len(wantRetain), len(wantForget)}, [2]int{retain, out}, step)
		inRetain, inForget := b.split(step)
		b.of(0) // what was given out stays
		require.Equal(t, wantRetain, inRetain, step)
		require.Equal(t, wantForget, inForget, step)
		again, _ := b.clone().split(step)
		require.Equal(t, wantRetain, again, step)
	}
}
