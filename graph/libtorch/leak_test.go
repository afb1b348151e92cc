//go:build libtorch && linux

package libtorch

import (
	"fmt"
	"os"
	"runtime/debug"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/miniunlearn/miniunlearn/data"
	"github.com/miniunlearn/miniunlearn/graph"
	"github.com/miniunlearn/miniunlearn/nets"
)

// TestLeak trains with the collector running nearly all the time: it must find
// nothing that is in use, and the process must not grow. The long tier takes
// 20 000 steps for each engine and asks for 5%.
func TestLeak(t *testing.T) {
	steps, most := 1000, 1.10
	if os.Getenv("MINIUNLEARN_LONG") != "" {
		steps, most = 20000, 1.05
	}
	defer debug.SetGCPercent(debug.SetGCPercent(10))
	ds := data.Digits().Train
	cnn, err := nets.CNN("c4-m2-c8k3s2n2-d10", []int{8, 8}, 10)
	require.NoError(t, err)
	for name, e := range engines(t) {
		t.Run(name, func(t *testing.T) {
			m, err := nets.NewModel(cnn, e, graph.Float32)
			require.NoError(t, err)
			s, err := m.NewStepper(0.9, 5e-4, m.Init(1), nil)
			require.NoError(t, err)
			g, h := m.NewVector(), m.NewVector()
			ids := make([]int, 32)
			step := func(i int) {
				for j := range ids {
					ids[j] = (i*len(ids) + j) % ds.Len()
				}
				_, err := m.Gradient(s.W, ds, ids, g)
				require.NoError(t, err)
				require.NoError(t, s.Step(g, 0.01))
				if i%10 == 0 {
					require.NoError(t, m.HVP(s.W, g, ds, ids, h))
				}
			}
			for i := range steps / 4 {
				step(i)
			}
			before := rss(t)
			for i := range steps {
				step(i)
			}
			after := rss(t)
			t.Logf("%d steps: %.1f MB before, %.1f MB after", steps, before, after)
			require.Less(t, after, most*before)
		})
	}
}

// rss returns the resident memory of the process in MB.
func rss(t *testing.T) float64 {
	debug.FreeOSMemory()
	text, err := os.ReadFile("/proc/self/statm")
	require.NoError(t, err)
	var total, resident int
	_, err = fmt.Sscan(string(text), &total, &resident)
	require.NoError(t, err)
	return float64(resident*os.Getpagesize()) / 1e6
}
