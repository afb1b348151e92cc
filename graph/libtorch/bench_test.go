//go:build libtorch

package libtorch

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/miniunlearn/miniunlearn/graph"
	"github.com/miniunlearn/miniunlearn/nets"
)

// BenchmarkStep is a training step with momentum, batch 128, on both engines
// side by side, with as many workers as libtorch has threads; BenchmarkHVP is
// a Hessian-vector product. Set OMP_NUM_THREADS for more than one.
func BenchmarkStep(b *testing.B) {
	benchmark(b, func(m *nets.Model, s *nets.Stepper, g *graph.Tensor, f *fixture) error {
		if _, err := m.Gradient(s.W, f.data, f.ids, g); err != nil {
			return err
		}
		return s.Step(g, 1e-4)
	})
}

func BenchmarkHVP(b *testing.B) {
	benchmark(b, func(m *nets.Model, s *nets.Stepper, g *graph.Tensor, f *fixture) error {
		return m.HVP(s.W, s.P, f.data, f.ids, g)
	})
}

func benchmark(b *testing.B, work func(*nets.Model, *nets.Stepper, *graph.Tensor, *fixture) error) {
	list := []struct {
		name   string
		engine graph.Engine
	}{{"walker", graph.NewWalker(benchThreads(b))}, {"libtorch", open(b)}}
	if e, err := New("cuda"); err == nil {
		list = append(list, struct {
			name   string
			engine graph.Engine
		}{"cuda", e})
	}
	for _, a := range []nets.Arch{nets.MLP(784, 256, 128, 10), nets.LeNet5(10), nets.ResNet(8, 10)} {
		f := newFixture(a)
		for _, e := range list {
			b.Run("arch="+a.Name+"/engine="+e.name, func(b *testing.B) {
				m, err := nets.NewModel(a, e.engine, graph.Float32)
				require.NoError(b, err)
				w := m.Init(1)
				s, err := m.NewStepper(0.9, 5e-4, w, w)
				require.NoError(b, err)
				g := m.NewVector()
				require.NoError(b, work(m, s, g, f))
				for b.Loop() {
					if err := work(m, s, g, f); err != nil {
						b.Fatal(err)
					}
				}
				b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "steps/s")
			})
		}
	}
}

func benchThreads(b *testing.B) (n int) {
	require.NoError(b, onThread(func() error {
		n = threads()
		return nil
	}))
	return n
}
