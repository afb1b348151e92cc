package nets_test

import (
	"context"
	"errors"
	"math"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/miniunlearn/miniunlearn/data"
	"github.com/miniunlearn/miniunlearn/graph"
	"github.com/miniunlearn/miniunlearn/nets"
)

// tiny returns 7 examples of 3 features in 2 classes.
func tiny() *data.Dataset {
	return &data.Dataset{
		Name: "tiny", Shape: []int{3}, Classes: 2,
		X: []float32{0, 1, 0, 1, 0, 0, 1, 1, 0, 0, 0, 1, 1, 0, 1, 0, 1, 1, 1, 1, 1},
		Y: []int32{0, 1, 0, 1, 1, 0, 1},
	}
}

// TestTrainByHand compares three steps of logistic regression in float64 with
// the formulas written out.
func TestTrainByHand(t *testing.T) {
	ds := tiny()
	cfg := nets.Config{Steps: 3, Batch: 3, LR: nets.ConstantRate(0.3), Momentum: 0.5, WeightDecay: 0.1, Seed: 4, DType: graph.Float64}
	run, err := nets.Train(t.Context(), nets.Logistic(3, 2), ds, cfg)
	require.NoError(t, err)

	w := slices.Clone(run.Initial.Float64s()) // weight [2, 3], bias [2]
	p := make([]float64, 8)
	for s := range 3 {
		g := make([]float64, 8)
		batch := run.Order.Step(s)
		for _, i := range batch {
			x := ds.Row(i)
			var z, q [2]float64
			for k := range z {
				z[k] = w[6+k]
				for j, v := range x {
					z[k] += w[3*k+j] * float64(v)
				}
			}
			for k := range q {
				q[k] = math.Exp(z[k]) / (math.Exp(z[0]) + math.Exp(z[1]))
				if int(ds.Y[i]) == k {
					q[k]--
				}
				g[6+k] += q[k] / float64(len(batch))
				for j, v := range x {
					g[3*k+j] += q[k] * float64(v) / float64(len(batch))
				}
			}
		}
		for j := range w {
			p[j] = 0.5*p[j] + g[j] + 0.1*w[j]
			w[j] -= 0.3 * p[j]
		}
	}
	require.InDeltaSlice(t, w, run.Params.Float64s(), 1e-14)
	require.InDeltaSlice(t, p, run.Momentum.Float64s(), 1e-14)
	require.Equal(t, 7.0, run.GradEvals, "batches of 3, 3 and 1")
}

// TestGradientInParts: a batch that is computed in parts gives the mean over
// the whole batch.
func TestGradientInParts(t *testing.T) {
	ds := data.Digits().Train
	m, err := nets.NewModel(nets.MLP(64, 5, 10), nil, graph.Float64)
	require.NoError(t, err)
	w := m.Init(1)
	ids := make([]int, 1030)
	for i := range ids {
		ids[i] = i
	}
	whole, part, sum := m.NewVector(), m.NewVector(), make([]float64, m.Size())
	loss, err := m.Gradient(w, ds, ids, whole)
	require.NoError(t, err)
	var mean float64
	for lo := 0; lo < len(ids); lo += 103 {
		l, err := m.Gradient(w, ds, ids[lo:lo+103], part)
		require.NoError(t, err)
		mean += l / 10
		for j, v := range part.Float64s() {
			sum[j] += v / 10
		}
	}
	require.InDelta(t, mean, loss, 1e-12)
	require.InDeltaSlice(t, sum, whole.Float64s(), 1e-14)

	v := m.Init(2)
	both := []*graph.Tensor{m.NewVector(), m.NewVector()}
	require.NoError(t, m.GradientsAs(nets.View{}, []*graph.Tensor{v, w}, ds, ids, both))
	require.Equal(t, whole.Float64s(), both[1].Float64s(), "as one by one")
	_, err = m.Gradient(v, ds, ids, whole)
	require.NoError(t, err)
	require.Equal(t, whole.Float64s(), both[0].Float64s())

	require.NoError(t, m.HVP(w, v, ds, ids, whole))
	step := func(c float64) *graph.Tensor {
		u := w.Clone()
		for j := range u.Len() {
			u.Set(j, u.At(j)+c*v.At(j))
		}
		g := m.NewVector()
		_, err := m.Gradient(u, ds, ids, g)
		require.NoError(t, err)
		return g
	}
	const h = 1e-6
	up, down := step(h), step(-h)
	for j := range m.Size() {
		require.InDelta(t, (up.At(j)-down.At(j))/(2*h), whole.At(j), 1e-6)
	}
	require.InDelta(t, 1030*(2+3+2+8.0/3), m.GradEvals(), 1e-9)
}

func TestSameSeedSameBits(t *testing.T) {
	ds := data.Digits().Train
	train := func(workers int, hooks ...nets.Hook) *nets.Run {
		run, err := nets.Train(t.Context(), nets.MLP(64, 32, 10), ds, nets.Config{
			Epochs: 2, Momentum: 0.9, WeightDecay: 1e-3, LR: nets.Cosine(0.1), Seed: 3, Engine: graph.NewWalker(workers), Hooks: hooks,
		})
		require.NoError(t, err)
		return run
	}
	one := train(1)
	require.Equal(t, one.Params.Float32s(), train(4).Params.Float32s())
	steps := 0
	watched := train(2, nets.StepFunc(func(s nets.Step) error {
		require.Equal(t, steps, s.T)
		steps++
		return nil
	}))
	require.Equal(t, one.Params.Float32s(), watched.Params.Float32s(), "a hook changed the run")
	require.Equal(t, watched.Steps, steps)
}

// TestDrop: dropping U from every batch is training on what is left of each
// batch, and a batch with nothing left moves nothing.
func TestDrop(t *testing.T) {
	ds := tiny()
	order := data.Order{Seed: 1, N: 7, Batch: 3}
	gone := order.Step(1)
	u, err := data.ForgetPositions(7, append([]int{order.Step(0)[0]}, gone...))
	require.NoError(t, err)
	cfg := nets.Config{Steps: 4, Batch: 3, Momentum: 0.5, WeightDecay: 0.1, LR: nets.ConstantRate(0.3), Seed: 1, DType: graph.Float64, Drop: u}
	run, err := nets.Train(t.Context(), nets.Logistic(3, 2), ds, cfg)
	require.NoError(t, err)

	s, err := run.Model.NewStepper(0.5, 0.1, run.Initial, nil)
	require.NoError(t, err)
	g := run.Model.NewVector()
	for step := range 4 {
		var kept []int
		for _, i := range order.Step(step) {
			if !u.Contains(i) {
				kept = append(kept, i)
			}
		}
		if len(kept) == 0 {
			require.Equal(t, 1, step)
			continue
		}
		_, err := run.Model.Gradient(s.W, ds, kept, g)
		require.NoError(t, err)
		require.NoError(t, s.Step(g, 0.3))
	}
	require.Equal(t, s.W.Float64s(), run.Params.Float64s())
}

func TestCheckpoint(t *testing.T) {
	m, err := nets.NewModel(nets.MLP(4, 3, 2), nil, graph.Float32)
	require.NoError(t, err)
	w := m.Init(5)
	path := filepath.Join(t.TempDir(), "model.safetensors")
	require.NoError(t, m.SaveParams(path, w))
	got, err := m.LoadParams(path)
	require.NoError(t, err)
	require.Equal(t, w.Float32s(), got.Float32s())

	other, err := nets.NewModel(nets.MLP(4, 5, 2), nil, graph.Float32)
	require.NoError(t, err)
	_, err = other.LoadParams(path)
	require.ErrorIs(t, err, nets.ErrCheckpoint)
	require.ErrorContains(t, err, "fc1.weight is [3 4], want [5 4]")
	raw, err := os.ReadFile(path)
	require.NoError(t, err)
	for _, n := range []int{0, 7, 8, 50, len(raw) - 1} {
		require.NoError(t, os.WriteFile(path, raw[:n], 0o644))
		_, err = m.LoadParams(path)
		require.ErrorIs(t, err, nets.ErrCheckpoint, "cut to %d bytes", n)
	}
	_, err = m.LoadParams(path + ".missing")
	require.ErrorIs(t, err, os.ErrNotExist)
}

func TestSchedules(t *testing.T) {
	require.Equal(t, 0.1, nets.ConstantRate(0.1).Rate(7, 10))
	c := nets.Cosine(0.2)
	require.InDelta(t, 0.2, c.Rate(0, 10), 1e-15)
	require.InDelta(t, 0.1, c.Rate(5, 10), 1e-15)
	require.Greater(t, c.Rate(9, 10), 0.0)
	w := nets.CosineRate{Peak: 0.2, Warmup: 0.4}
	require.InDelta(t, 0.04, w.Rate(0, 10), 1e-15)
	require.InDelta(t, 0.16, w.Rate(3, 10), 1e-15)
	require.InDelta(t, 0.2, w.Rate(4, 10), 1e-15)

	for _, want := range []nets.LRSchedule{nets.ConstantRate(1. / 3), nets.Cosine(0.2), nets.CosineRate{Peak: 1e-7, Warmup: 2. / 7}} {
		got, err := nets.ParseSchedule(want.String())
		require.NoError(t, err)
		require.Equal(t, want, got)
	}
	for _, bad := range []string{"", "constant", "constant:x", "linear:0.1", "cosine:0.1:warmup", "cosine:0.1:cooldown:0.2", "constant:1:2"} {
		_, err := nets.ParseSchedule(bad)
		require.ErrorContains(t, err, "no schedule", bad)
	}
}

func TestBadInput(t *testing.T) {
	ds := tiny()
	ctx := t.Context()
	_, err := nets.Train(ctx, nets.MLP(4, 2), ds, nets.Config{})
	require.ErrorContains(t, err, "takes 4 features, but tiny has 3")
	_, err = nets.Train(ctx, nets.MLP(3, 5), ds, nets.Config{})
	require.ErrorContains(t, err, "has 5 classes, but tiny has 2")
	_, err = nets.Train(ctx, nets.MLP(3, 2), ds, nets.Config{Momentum: 1})
	require.ErrorContains(t, err, "momentum 1 is outside")
	for _, lr := range []nets.LRSchedule{
		nets.ConstantRate(-0.1), nets.ConstantRate(math.NaN()), nets.ConstantRate(math.Inf(1)), nets.Cosine(-1),
	} {
		_, err = nets.Train(ctx, nets.MLP(3, 2), ds, nets.Config{LR: lr})
		require.ErrorContains(t, err, "must be finite and not negative", lr)
	}
	for _, w := range []float64{1.5, 1, -3, math.NaN()} {
		_, err = nets.Train(ctx, nets.MLP(3, 2), ds, nets.Config{LR: nets.CosineRate{Peak: 1, Warmup: w}})
		require.ErrorContains(t, err, "is outside [0, 1)", w)
	}
	for _, cfg := range []nets.Config{{Momentum: math.NaN()}, {Momentum: -0.1}, {WeightDecay: math.NaN()}, {WeightDecay: -1}} {
		_, err = nets.Train(ctx, nets.MLP(3, 2), ds, cfg)
		require.ErrorContains(t, err, "nets: config: ")
	}
	_, err = nets.Train(ctx, nets.MLP(3, 2), ds, nets.Config{Only: []int{9}})
	require.ErrorContains(t, err, "Only[0] is 9")

	none := ds.Subset(nil)
	_, err = nets.Train(ctx, nets.MLP(3, 2), none, nets.Config{})
	require.ErrorContains(t, err, "tiny has no examples")
	_, err = nets.Train(ctx, nets.MLP(3, 2), nil, nets.Config{})
	require.ErrorContains(t, err, "there is no data set")
	m, err := nets.NewModel(nets.MLP(3, 2), nil, graph.Float32)
	require.NoError(t, err)
	other := ds.Subset([]int{0, 1})
	other.Y[1] = 2
	_, err = nets.Classifier{Model: m, Params: m.Init(1)}.Accuracy(ctx, other)
	require.ErrorContains(t, err, "example 1 of tiny has label 2, and mlp:3-2 has 2 classes")
	require.ErrorContains(t, m.Arch().Fits(nil), "is given no data set")
	run, err := nets.Train(ctx, nets.MLP(3, 2), ds, nets.Config{})
	require.NoError(t, err)
	_, err = run.Classifier().Accuracy(ctx, none)
	require.ErrorContains(t, err, "tiny has no examples")
	_, err = nets.Train(ctx, nets.Arch{}, ds, nets.Config{})
	require.ErrorContains(t, err, "has no Logits")

	bad := tiny()
	bad.X[4] = float32(math.NaN())
	_, err = nets.Train(ctx, nets.MLP(3, 2), bad, nets.Config{})
	require.Error(t, err)

	far := tiny() // so that logits leave the finite numbers after one step, whatever the initial parameters
	for i := range far.X {
		far.X[i] *= 1e10
	}
	_, err = nets.Train(ctx, nets.MLP(3, 2), far, nets.Config{Epochs: 3, Batch: 7, LR: nets.ConstantRate(1e27)})
	var d *nets.DivergedError
	require.ErrorAs(t, err, &d)
	require.Equal(t, "fc1: matmul false true", d.Where)

	cancelled, cancel := context.WithCancel(ctx)
	cancel()
	_, err = nets.Train(cancelled, nets.MLP(3, 2), ds, nets.Config{})
	require.ErrorIs(t, err, context.Canceled)

	stop := errors.New("enough")
	_, err = nets.Train(ctx, nets.MLP(3, 2), ds, nets.Config{Hooks: []nets.Hook{nets.StepFunc(func(nets.Step) error { return stop })}})
	require.ErrorIs(t, err, stop)

	_, err = nets.NewModel(nets.Arch{Name: "wrong", Input: []int{3}, Classes: 2, Logits: func(p *nets.Params, x *graph.Node) *graph.Node {
		return p.Dense("fc", x, 3, graph.ReLU)
	}}, nil, graph.Float32)
	require.ErrorContains(t, err, "want [N 2]")
	for _, spec := range []string{"", "mlp", "mlp:3", "mlp:3-x-2", "mlp:3--2", "logistic:3", "cnn"} {
		_, err := nets.Parse(spec, ds)
		require.Error(t, err, spec)
	}
	a, err := nets.Parse("mlp:3-4-2", ds)
	require.NoError(t, err)
	require.Equal(t, "mlp:3-4-2", a.Name)
}

// TestLossNotation: one notation for one loss, at any number type.
func TestLossNotation(t *testing.T) {
	notation := func(dt graph.DType, scale float64) string {
		arch := nets.Logistic(4, 3)
		if scale != 1 {
			arch.Loss = func(z, y *graph.Node) *graph.Node { return graph.Scale(scale, graph.CrossEntropy(z, y)) }
		}
		m, err := nets.NewModel(arch, nil, dt)
		require.NoError(t, err)
		return m.LossNotation()
	}
	require.Equal(t, notation(graph.Float32, 1), notation(graph.Float64, 1))
	require.Equal(t, notation(graph.Float32, 2), notation(graph.Float32, 2))
	require.NotEqual(t, notation(graph.Float32, 1), notation(graph.Float32, 2))
	require.NotEqual(t, notation(graph.Float32, 2), notation(graph.Float32, 3))
}
