package nets_test

import (
	"runtime"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/miniunlearn/miniunlearn/nets"
)

// TestTenThousandSteps: training keeps no memory, and a step allocates a small
// number of objects.
func TestTenThousandSteps(t *testing.T) {
	long(t)
	const first, steps = 100, 10_000
	for _, c := range []struct {
		arch  nets.Arch
		shape []int
		batch int
		most  uint64 // objects a step
	}{
		{nets.MLP(784, 256, 128, 10), []int{1, 28, 28}, 32, 60},
		{nets.LeNet5(10), []int{1, 28, 28}, 16, 120},
		{nets.ResNet(8, 10), []int{3, 32, 32}, 2, 500},
	} {
		t.Run(c.arch.Name, func(t *testing.T) {
			var before, after runtime.MemStats
			measure := func(s *runtime.MemStats) {
				runtime.GC()
				runtime.ReadMemStats(s)
			}
			hook := nets.StepFunc(func(s nets.Step) error {
				switch s.T {
				case first:
					measure(&before)
				case steps - 1:
					measure(&after)
				}
				return nil
			})
			_, err := nets.Train(t.Context(), c.arch, noise(4*c.batch, c.shape...), nets.Config{
				Steps: steps, Batch: c.batch, Momentum: 0.9, LR: nets.ConstantRate(1e-4), Hooks: []nets.Hook{hook},
			})
			require.NoError(t, err)
			objects := (after.Mallocs - before.Mallocs) / (steps - 1 - first)
			t.Logf("heap %d and %d bytes, %d objects a step", before.HeapAlloc, after.HeapAlloc, objects)
			require.Less(t, int(after.HeapAlloc), int(before.HeapAlloc)+1<<20)
			require.LessOrEqual(t, objects, c.most)
		})
	}
}
