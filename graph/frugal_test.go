//go:build !race

// The race detector makes sync.Pool forget at random.

package graph_test

import (
	"runtime"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/miniunlearn/miniunlearn/graph"
	"github.com/miniunlearn/miniunlearn/graph/enginetest"
)

// TestConvFrugal: what a run of a convolutional network's gradient and
// Hessian-vector product allocates does not grow with the batch.
func TestConvFrugal(t *testing.T) {
	perRun := func(b enginetest.Builder, n int) uint64 {
		m := enginetest.NewModel(b, graph.Float32, n, 1)
		p, err := graph.NewWalker(2).Compile(m.Inputs(), []*graph.Node{m.Grad, m.HVP})
		require.NoError(t, err)
		out := []*graph.Tensor{graph.NewTensor(graph.Float32, m.Grad.Shape()...), graph.NewTensor(graph.Float32, m.HVP.Shape()...)}
		run := func(n int) {
			for range n {
				require.NoError(t, p.Run(out, m.Values()))
			}
		}
		run(20)
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		run(50)
		runtime.ReadMemStats(&after)
		return (after.TotalAlloc - before.TotalAlloc) / 50
	}
	for _, b := range enginetest.Architectures()[4:] {
		small, large := perRun(b, 8), perRun(b, 128)
		t.Logf("%s: %d and %d bytes", b.Name, small, large)
		// One number for each further example would be 480 bytes a node.
		require.Less(t, large, small+8<<10, b.Name)
	}
}
