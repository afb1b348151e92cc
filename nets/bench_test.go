package nets_test

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/miniunlearn/miniunlearn/bench/peers/timing"
	"github.com/miniunlearn/miniunlearn/graph"
	"github.com/miniunlearn/miniunlearn/nets"
)

// BenchmarkStep is a training step as Train takes it, rows gathered and
// parameters moved, and a Hessian-vector product.
func BenchmarkStep(b *testing.B) {
	for _, c := range timing.Nets() {
		for _, n := range []int{32, 128, 512} {
			ds := noise(2*n, c.Shape...)
			m, err := nets.NewModel(c.Arch, nil, graph.Float32)
			require.NoError(b, err)
			s, err := m.NewStepper(0.9, 5e-4, m.Init(1), nil)
			require.NoError(b, err)
			g := m.NewVector()
			ids := make([]int, n)
			for i := range ids {
				ids[i] = i * 7 % (2 * n) // not in a row, as a shuffled batch
			}
			rate := func(b *testing.B) {
				b.ReportMetric(float64(n)*float64(b.N)/b.Elapsed().Seconds(), "examples/s")
			}
			step := func() {
				_, err := m.Gradient(s.W, ds, ids, g)
				require.NoError(b, err)
				require.NoError(b, s.Step(g, 1e-4))
			}
			hvp := func() { require.NoError(b, m.HVP(s.W, s.P, ds, ids, g)) }
			b.Run(fmt.Sprintf("net=%s/batch=%d/what=step", c.Name, n), func(b *testing.B) {
				step() // compiles the program
				b.ReportAllocs()
				for b.Loop() {
					step()
				}
				rate(b)
				b.ReportMetric(c.StepFLOPs(n)*float64(b.N)/b.Elapsed().Seconds()/1e9, "GFLOP/s")
			})
			b.Run(fmt.Sprintf("net=%s/batch=%d/what=hvp", c.Name, n), func(b *testing.B) {
				hvp()
				b.ReportAllocs()
				for b.Loop() {
					hvp()
				}
				rate(b)
			})
		}
	}
}

// BenchmarkGather is the share of a step that goes into copying rows.
func BenchmarkGather(b *testing.B) {
	for _, a := range []nets.Augment{{}, {Crop: 4, Flip: true}} {
		ds := noise(4096, 3, 32, 32)
		arch, err := nets.CNN("g", ds.Shape, ds.Classes) // next to nothing but the copy
		require.NoError(b, err)
		for _, workers := range []int{1, 2} {
			m, err := nets.NewModel(arch, graph.NewWalker(workers), graph.Float32)
			require.NoError(b, err)
			w, g := m.Init(1), m.NewVector()
			ids := make([]int, 512)
			for i := range ids {
				ids[i] = i * 1021 % ds.Len()
			}
			b.Run(fmt.Sprintf("augment=%v/workers=%d", a, workers), func(b *testing.B) {
				for b.Loop() {
					_, err := m.GradientAs(nets.View{Augment: a}, w, ds, ids, g)
					require.NoError(b, err)
				}
			})
		}
	}
}
