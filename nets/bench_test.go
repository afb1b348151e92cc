package nets_test

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/miniunlearn/miniunlearn/graph"
	"github.com/miniunlearn/miniunlearn/nets"
)

// steps are the networks of the speed tables, as bench/peers has them. Macs are
// the multiply-adds of one example's forward pass in products and convolutions,
// first those of the first layer: its input needs no gradient.
var steps = []struct {
	name        string
	arch        nets.Arch
	shape       []int
	macs, first float64
}{
	{"mlp", nets.MLP(784, 256, 128, 10), []int{1, 28, 28}, 784*256 + 256*128 + 128*10, 784 * 256},
	{"lenet5", nets.LeNet5(10), []int{1, 28, 28},
		28*28*6*25 + 10*10*16*6*25 + 400*120 + 120*84 + 84*10, 28 * 28 * 6 * 25},
	{"resnet8", nets.ResNet(8, 10), []int{3, 32, 32},
		1024*16*3*9 + // stem
			2*1024*16*16*9 +
			256*32*(16*9+32*9+16) +
			64*64*(32*9+64*9+32) +
			64*10, 1024 * 16 * 3 * 9},
}

// BenchmarkStep is a training step as Train takes it, rows gathered and
// parameters moved, and a Hessian-vector product.
func BenchmarkStep(b *testing.B) {
	for _, c := range steps {
		for _, n := range []int{32, 128, 512} {
			ds := noise(2*n, c.shape...)
			m, err := nets.NewModel(c.arch, nil, graph.Float32)
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
			b.Run(fmt.Sprintf("net=%s/batch=%d/what=step", c.name, n), func(b *testing.B) {
				step() // compiles the program
				b.ReportAllocs()
				for b.Loop() {
					step()
				}
				rate(b)
				flops := 2 * (3*c.macs - c.first) * float64(n)
				b.ReportMetric(flops*float64(b.N)/b.Elapsed().Seconds()/1e9, "GFLOP/s")
			})
			b.Run(fmt.Sprintf("net=%s/batch=%d/what=hvp", c.name, n), func(b *testing.B) {
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
