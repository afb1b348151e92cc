package parallel

import (
	"slices"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// count yields 0, 1, 2 … and notes how far it came. The race detector watches
// that it is drawn from one goroutine at a time.
func count(n int, drawn *int) func(func(int) bool) {
	return func(yield func(int) bool) {
		for i := range n {
			*drawn = i + 1
			if !yield(i) {
				return
			}
		}
	}
}

func TestOrdered(t *testing.T) {
	for _, workers := range []int{0, 1, 2, 5} {
		var drawn int
		scratch, done := make([]int, max(workers, 1)), make([]int, 100)
		var most, now atomic.Int32
		next := 0
		for j := range Ordered(count(100, &drawn), workers, func(w, j int) {
			if n := now.Add(1); n > most.Load() {
				most.Store(n)
			}
			scratch[w] = j // each worker's own
			if j%7 == 0 {
				time.Sleep(time.Millisecond)
			}
			done[j] = scratch[w] + 1
			now.Add(-1)
		}) {
			require.Equal(t, next, j)
			require.Equal(t, j+1, done[j])
			require.LessOrEqual(t, drawn-j, 2*max(workers, 1)+1)
			next++
		}
		require.Equal(t, 100, next)
		require.LessOrEqual(t, int(most.Load()), max(workers, 1))
		if workers > 1 {
			require.Greater(t, int(most.Load()), 1)
		}
	}
}

// TestOrderedBreak: a loop that ends early leaves nothing running.
func TestOrderedBreak(t *testing.T) {
	var drawn int
	done := make([]bool, 100)
	for j := range Ordered(count(100, &drawn), 3, func(_, j int) {
		time.Sleep(time.Millisecond)
		done[j] = true
	}) {
		if j == 10 {
			break
		}
	}
	require.Less(t, drawn, 20)
	require.InDelta(t, drawn, slices.Index(done, false), 1)
}

func TestAhead(t *testing.T) {
	for _, n := range []int{0, 1, 4} {
		var drawn int
		require.Equal(t, slices.Collect(count(50, &drawn)), slices.Collect(Ahead(count(50, &drawn), n)))
		for v := range Ahead(count(50, &drawn), n) {
			if v == 5 {
				break
			}
		}
		require.LessOrEqual(t, drawn, 6+2*n+1) // and no race: it has ended
	}
}
