//go:build libtorch

package libtorch

import (
	"math/rand/v2"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/miniunlearn/miniunlearn/data"
	"github.com/miniunlearn/miniunlearn/graph"
	"github.com/miniunlearn/miniunlearn/nets"
)

// sentBatches is an engine for which models gather batches on the host.
type sentBatches struct{ *Engine }

func (sentBatches) Resident() bool { return false }

// devices are the engines with memory of their own.
func devices(t testing.TB) map[string]*Engine {
	m := engines(t)
	delete(m, "cpu")
	return m
}

// TestKeptData: from a data set that is kept on the device the same bits are
// computed as from batches that are sent there.
func TestKeptData(t *testing.T) {
	cnn, err := nets.CNN("c6k3s2n2-a2-c8k3p1-m3s1-g-d7", []int{2, 18, 16}, 4)
	require.NoError(t, err)
	for name, e := range devices(t) {
		for _, a := range []nets.Arch{nets.MLP(20, 16, 8, 5), cnn} {
			for _, dt := range []graph.DType{graph.Float32, graph.Float64} {
				t.Run(name+"/"+a.Name+"/"+dt.String(), func(t *testing.T) {
					ds := noise(a, 100)
					drop, err := data.ForgetPositions(100, []int{1, 17, 40, 41, 42})
					require.NoError(t, err)
					all := func(e graph.Engine) []*graph.Tensor { return results(t, a, e, dt, ds, drop) }
					want, got := all(sentBatches{e}), all(e)
					for i := range want {
						require.Equal(t, want[i].Float32s(), got[i].Float32s())
						require.Equal(t, want[i].Float64s(), got[i].Float64s())
					}
				})
			}
		}
	}
}

// results trains for 50 steps and returns the parameters, momentum and losses,
// and a gradient, vector-Jacobian product, gradient towards given answers,
// Hessian-vector product and the logits there.
func results(t *testing.T, a nets.Arch, e graph.Engine, dt graph.DType, ds *data.Dataset, drop data.ForgetSet) []*graph.Tensor {
	run, err := nets.Train(t.Context(), a, ds, nets.Config{Engine: e, DType: dt, Drop: drop, Steps: 50, Batch: 16, Momentum: 0.9, WeightDecay: 1e-3})
	require.NoError(t, err)
	m, ids := run.Model, []int{5, 99, 0, 5, 31}
	g, p, s, h := m.NewVector(), m.NewVector(), m.NewVector(), m.NewVector()
	loss, err := m.Gradient(run.Params, ds, ids, g)
	require.NoError(t, err)
	k := a.Classes
	held := make([]float64, k*len(ids))
	r := rand.New(rand.NewPCG(1, 2))
	for i := range held {
		held[i] = r.NormFloat64()
	}
	require.NoError(t, m.VJP(nets.View{}, run.Params, ds, ids, held, p))
	apart, err := m.DistilGradient(nets.View{}, run.Params, ds, ids, held, 0.1, s)
	require.NoError(t, err)
	require.NoError(t, m.HVP(run.Params, g, ds, ids, h))
	z, err := m.Logits(t.Context(), run.Params, ds.X, ds.Len())
	require.NoError(t, err)
	return []*graph.Tensor{
		run.Params, run.Momentum, graph.FromSlice(run.Losses), graph.Scalar(graph.Float64, loss),
		g, p, s, h, graph.FromSlice(z), graph.Scalar(graph.Float64, apart),
	}
}

// TestSent counts the numbers that a training step sends: with the data set on
// the device its number, class and weight for each example, and the rate.
func TestSent(t *testing.T) {
	const batch = 8
	a := nets.LeNet5(10)
	ds := noise(a, 30)
	features := ds.Features()
	for name, e := range devices(t) {
		for _, c := range []struct {
			name   string
			engine graph.Engine
			view   nets.View
			want   int
		}{
			{"kept", e, nets.View{}, 3*batch + 1},
			{"sent", sentBatches{e}, nets.View{}, (features+2)*batch + 1},
			{"augmented", e, nets.View{Augment: nets.Augment{Flip: true}}, (features+2)*batch + 1},
		} {
			t.Run(name+"/"+c.name, func(t *testing.T) {
				m, err := nets.NewModel(a, c.engine, graph.Float32)
				require.NoError(t, err)
				s, err := m.NewStepper(0.9, 5e-4, m.Init(1), nil)
				require.NoError(t, err)
				g, ids := m.NewVector(), make([]int, batch)
				for step := range 50 {
					for i := range ids {
						ids[i] = (step*batch + 7*i) % ds.Len()
					}
					before := e.sent.Load()
					_, err := m.GradientAs(c.view, s.W, ds, ids, g)
					require.NoError(t, err)
					require.NoError(t, s.Step(g, 0.01))
					if step > 0 {
						require.EqualValues(t, c.want, e.sent.Load()-before, "step %d", step)
					}
				}
			})
		}
	}
}

// TestKeptDataShared: models on one device, and their clones, keep a data set
// once, also if they compute at the same time.
func TestKeptDataShared(t *testing.T) {
	e, a := openResident(t), nets.MLP(20, 5)
	ds, ids := noise(a, 50), []int{3, 49, 4}
	m, err := nets.NewModel(a, e, graph.Float32)
	require.NoError(t, err)
	w, want := m.Init(1), m.NewVector()
	_, err = m.Gradient(w, ds, ids, want)
	require.NoError(t, err)
	before := e.sent.Load()
	const models, times = 4, 20
	got := make([]*graph.Tensor, models)
	var wg sync.WaitGroup
	for i := range models {
		other := m.Clone()
		if i%2 == 0 {
			other, err = nets.NewModel(a, e, graph.Float32)
			require.NoError(t, err)
		}
		got[i] = other.NewVector()
		wg.Go(func() {
			for range times {
				if _, err := other.Gradient(w, ds, ids, got[i]); err != nil {
					t.Error(err)
				}
			}
		})
	}
	wg.Wait()
	require.EqualValues(t, models*times*3*len(ids), e.sent.Load()-before)
	for _, g := range got {
		require.Equal(t, want.Float32s(), g.Float32s())
	}
}
