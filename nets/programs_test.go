package nets_test

import (
	"runtime"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/miniunlearn/miniunlearn/graph"
	"github.com/miniunlearn/miniunlearn/nets"
)

// TestManySizes: batches of many sizes, more than are kept compiled, share
// memory and give the bits of a model that sees each alone.
func TestManySizes(t *testing.T) {
	const sizes = 150
	ds := noise(sizes, 1, 12, 12)
	arch, err := nets.CNN("c6k5p2-m2-c8-d10", ds.Shape, ds.Classes)
	require.NoError(t, err)
	heap := func() int {
		runtime.GC()
		var s runtime.MemStats
		runtime.ReadMemStats(&s)
		return int(s.HeapAlloc)
	}
	for _, engine := range []graph.Engine{graph.NewWalker(2), graph.Tape{}} {
		m, err := nets.NewModel(arch, engine, graph.Float32)
		require.NoError(t, err)
		w, g, alone := m.Init(1), m.NewVector(), m.NewVector()
		ids := make([]int, sizes)
		for i := range ids {
			ids[i] = i
		}
		_, err = m.Gradient(w, ds, ids, g)
		require.NoError(t, err)
		before := heap()
		for _, step := range []int{7, 1} {
			for n := sizes; n > 0; n -= step {
				_, err := m.Gradient(w, ds, ids[:n], g)
				require.NoError(t, err)
				if n%10 == 0 {
					_, err = m.Clone().Gradient(w, ds, ids[:n], alone)
					require.NoError(t, err)
					require.Equal(t, alone.Float32s(), g.Float32s(), "batch of %d", n)
				}
			}
		}
		// A program without its own memory takes some 30 kB; a batch's values
		// are a megabyte.
		require.Less(t, heap()-before, 12<<20, engine.Name())
		runtime.KeepAlive(m)
	}
}
