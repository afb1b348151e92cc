//go:build libtorch

package libtorch

import (
	"context"
	"fmt"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/miniunlearn/miniunlearn/data"
	"github.com/miniunlearn/miniunlearn/graph"
	"github.com/miniunlearn/miniunlearn/graph/enginetest"
	"github.com/miniunlearn/miniunlearn/nets"
)

// engines opens every engine that is compared with the Walker: the CPU, the
// CPU as a device of its own, and CUDA where there is one.
func engines(t testing.TB) map[string]*Engine {
	m := map[string]*Engine{"cpu": open(t), "resident": openResident(t)}
	if e, err := New("cuda"); err == nil {
		m["cuda"] = e
	}
	return m
}

// TestCross compares loss, gradient and Hessian-vector product with the
// Walker's.
func TestCross(t *testing.T) {
	for name, e := range engines(t) {
		for _, b := range enginetest.Architectures() {
			for _, c := range []struct {
				dt  graph.DType
				tol float64
			}{{graph.Float32, 1e-4}, {graph.Float64, 1e-9}} {
				t.Run(fmt.Sprintf("%s/%s/%s", name, b.Name, c.dt), func(t *testing.T) {
					m := enginetest.NewModel(b, c.dt, 6, 11)
					nodes := []*graph.Node{m.Loss, m.Grad, m.HVP, m.Logits}
					want, got := outputs(nodes), outputs(nodes)
					run(t, &graph.Walker{}, m.Inputs(), nodes, want, m.Values())
					run(t, e, m.Inputs(), nodes, got, m.Values())
					for i, what := range []string{"loss", "gradient", "HVP", "logits"} {
						require.Less(t, enginetest.RelErr(got[i], want[i]), c.tol, what)
					}
				})
			}
		}
	}
}

// TestCrossNets does so for the architectures of package nets, through their
// models, after training steps whose vectors pass from program to program.
//
// In float32 one of four starts has to agree. Of some hundred thousand numbers
// that a ReLU sees one may be so near to 0 that rounding decides its side, and a
// gradient of resnet8 then moves by up to 1e-3: on a machine with AVX-512 for
// one start in six, for others than on one with AVX2. An error of a kernel shows
// at every start, and in float64.
func TestCrossNets(t *testing.T) {
	cnn, err := nets.CNN("c6k3s2n2-a2-c8k3p1-m3s1-g-d7", []int{2, 18, 16}, 4)
	require.NoError(t, err)
	for _, a := range []nets.Arch{nets.Logistic(9, 3), nets.MLP(20, 16, 8, 5), nets.LeNet5(10), nets.ResNet(8, 10), cnn} {
		ds := noise(a, 10)
		for _, c := range []struct {
			dt  graph.DType
			tol float64
		}{{graph.Float32, 1e-4}, {graph.Float64, 1e-9}} {
			starts := []uint64{5}
			if c.dt == graph.Float32 {
				starts = []uint64{5, 6, 7, 8}
			}
			for name, e := range engines(t) {
				t.Run(fmt.Sprintf("%s/%s/%s", a.Name, c.dt, name), func(t *testing.T) {
					for i, seed := range starts {
						want, got := evaluate(t, a, &graph.Walker{}, c.dt, ds, seed), evaluate(t, a, e, c.dt, ds, seed)
						worst, what := 0., ""
						for j, name := range []string{"loss", "gradient", "HVP", "logits"} {
							if r := enginetest.RelErr(got[j], want[j]); !(r <= worst) {
								worst, what = r, name
							}
						}
						if worst < c.tol {
							return
						}
						t.Logf("start %d: %s is off by %g", seed, what, worst)
						require.Less(t, i, len(starts)-1, "no start agrees")
					}
				})
			}
		}
	}
}

// noise is a data set of n examples that fits a.
func noise(a nets.Arch, n int) *data.Dataset {
	r := rand.New(rand.NewPCG(1, 2))
	ds := &data.Dataset{Name: "noise", Shape: a.Input, Classes: a.Classes}
	for range n {
		f := 1
		for _, d := range a.Input {
			f *= d
		}
		for range f {
			ds.X = append(ds.X, float32(r.NormFloat64()))
		}
		ds.Y = append(ds.Y, r.Int32N(int32(a.Classes)))
	}
	return ds
}

// fixture is a batch of noise.
type fixture struct {
	data *data.Dataset
	ids  []int
}

func newFixture(a nets.Arch) *fixture {
	f := &fixture{data: noise(a, 128)}
	for i := range 128 {
		f.ids = append(f.ids, i)
	}
	return f
}

// evaluate returns loss, gradient, HVP and logits after two steps of training
// from the start that seed gives.
func evaluate(t *testing.T, a nets.Arch, e graph.Engine, dt graph.DType, ds *data.Dataset, seed uint64) []*graph.Tensor {
	m, err := nets.NewModel(a, e, dt)
	require.NoError(t, err)
	ids := make([]int, ds.Len())
	for i := range ids {
		ids[i] = i
	}
	s, err := m.NewStepper(0.9, 1e-3, m.Init(seed), nil)
	require.NoError(t, err)
	g, h := m.NewVector(), m.NewVector()
	for range 2 {
		_, err = m.Gradient(s.W, ds, ids, g)
		require.NoError(t, err)
		require.NoError(t, s.Step(g, 0.01))
	}
	loss, err := m.Gradient(s.W, ds, ids, g)
	require.NoError(t, err)
	require.NoError(t, m.HVP(s.W, g, ds, ids, h))
	z, err := m.Logits(t.Context(), s.W, ds.X, ds.Len())
	require.NoError(t, err)
	return []*graph.Tensor{graph.FromSlice([]float64{loss}), g, h, graph.FromSlice(z)}
}

func outputs(nodes []*graph.Node) []*graph.Tensor {
	r := make([]*graph.Tensor, len(nodes))
	for i, n := range nodes {
		r[i] = graph.NewTensor(n.Graph().DType(), n.Shape()...)
	}
	return r
}

func run(t testing.TB, e graph.Engine, in, nodes []*graph.Node, out, values []*graph.Tensor) {
	t.Helper()
	p, err := e.Compile(in, nodes)
	require.NoError(t, err)
	require.NoError(t, p.Run(out, values))
}

// TestCrossTraining trains a smooth network for 200 steps with momentum, and
// compares the parameters. The vectors pass from program to program, so on a
// device they must stay there.
func TestCrossTraining(t *testing.T) {
	digits := data.Digits().Train
	smooth := nets.Arch{
		Name: "tanh", Input: []int{64}, Classes: 10,
		Logits: func(p *nets.Params, x *graph.Node) *graph.Node {
			return p.Dense("out", p.Dense("hidden", x, 32, graph.Tanh), 10, graph.Identity)
		},
	}
	cfg := nets.Config{Steps: 200, Epochs: 1, Batch: 64, LR: nets.Cosine(0.1), Momentum: 0.9, WeightDecay: 5e-4, Seed: 3, DType: graph.Float64}
	cfg.Engine = &graph.Walker{}
	want, err := nets.Train(t.Context(), smooth, digits, cfg)
	require.NoError(t, err)
	for name, e := range engines(t) {
		t.Run(name, func(t *testing.T) {
			cfg := cfg
			cfg.Engine = e
			got, err := nets.Train(t.Context(), smooth, digits, cfg)
			require.NoError(t, err)
			require.Less(t, enginetest.RelErr(got.Params, want.Params), 1e-6)
			require.Less(t, enginetest.RelErr(got.Momentum, want.Momentum), 1e-6)
		})
	}
}

// stopper is a hook that cancels the run at a step.
type stopper struct {
	nets.Hook
	at     int
	cancel context.CancelFunc
}

func (stopper) OnStart(nets.Start) error { return nil }
func (stopper) OnEnd(*nets.Run) error    { return nil }

func (s stopper) OnStep(step nets.Step) error {
	if step.T == s.at {
		s.cancel()
	}
	return nil
}

// TestCancel cancels in the middle of an epoch.
func TestCancel(t *testing.T) {
	for name, e := range engines(t) {
		t.Run(name, func(t *testing.T) {
			ctx, cancel := context.WithCancel(t.Context())
			_, err := nets.Train(ctx, nets.MLP(64, 8, 10), data.Digits().Train, nets.Config{
				Epochs: 5, Batch: 32, LR: nets.Cosine(0.1), Engine: e, Hooks: []nets.Hook{stopper{at: 17, cancel: cancel}},
			})
			require.ErrorIs(t, err, context.Canceled)
			require.ErrorContains(t, err, "step 18")
		})
	}
}
