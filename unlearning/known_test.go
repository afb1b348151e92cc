package unlearning_test

import (
	"fmt"
	"math"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
	"gonum.org/v1/gonum/mat"

	"github.com/miniunlearn/miniunlearn/data"
	"github.com/miniunlearn/miniunlearn/graph"
	"github.com/miniunlearn/miniunlearn/internal/vector"
	"github.com/miniunlearn/miniunlearn/nets"
	"github.com/miniunlearn/miniunlearn/unlearning"
	"github.com/miniunlearn/miniunlearn/unlearning/baselines"
	"github.com/miniunlearn/miniunlearn/unlearning/contraction"
	"github.com/miniunlearn/miniunlearn/unlearning/history"
	"github.com/miniunlearn/miniunlearn/unlearning/internal/testruns"
)

// TestReplay: from the same build on the same engine, what a
// float32 record replays is the run bit for bit: with the recorded gradients,
// and with gradients computed anew at the replayed parameters, as long as no
// step meets U.
func TestReplay(t *testing.T) {
	p := testruns.Digits(t, graph.Float32, history.All())
	at := 0
	for s, err := range p.History.Steps(p.Run.Model, func(t int) float64 { return p.Run.Config.LR.Rate(t, p.Run.Steps) }, 0, p.Run.Steps) {
		require.NoError(t, err)
		if at++; at == p.Run.Steps {
			require.Equal(t, p.Run.Params.Float32s(), s.WAfter.Float32s())
			require.Equal(t, p.Run.Momentum.Float32s(), s.PAfter.Float32s())
		}
	}
	require.Equal(t, p.Run.Steps, at)

	// The last epoch has 13 steps. The last 12 do not meet an example of its
	// first batch, and do meet one of the third.
	last := baselines.RewindToDelete{Cost: 12.0 / float64(p.Run.Steps)}
	for batch, met := range map[int]bool{0: false, 2: true} {
		var err error
		p.Forget, err = data.ForgetPositions(p.Run.Data.Len(), p.Run.Order.Step(p.Run.Steps - 13 + batch)[:1])
		require.NoError(t, err)
		res, err := last.Unlearn(t.Context(), p)
		require.NoError(t, err)
		require.Positive(t, res.GradEvals)
		require.Equal(t, !met, slices.Equal(p.Run.Params.Float32s(), res.Params.Float32s()))
	}
}

// TestEmptyForgetSet: every method returns w_T and does no
// work.
func TestEmptyForgetSet(t *testing.T) {
	p := testruns.Digits(t, graph.Float32, history.All())
	for _, m := range []unlearning.Method{unlearning.Mini{}, unlearning.Retrain{}, unlearning.Recursion{}, unlearning.ShortRun{}, unlearning.FastRetrain{}} {
		res, err := m.Unlearn(t.Context(), p)
		require.NoError(t, err)
		require.Equal(t, p.Run.Params.Float32s(), res.Params.Float32s(), m.Name())
		require.Zero(t, res.GradEvals, m.Name())
	}
}

// TestComposed: recorded gradient, disturbance and
// exact gradient difference together are replayed retraining.
func TestComposed(t *testing.T) {
	for _, tc := range []struct {
		dt  graph.DType
		tol float64
	}{{graph.Float64, 1e-10}, {graph.Float32, 1e-4}} {
		for _, share := range []float64{0.01, 0.2, 0.5, 0.9} {
			t.Run(fmt.Sprint(tc.dt, share), func(t *testing.T) {
				p := testruns.Digits(t, tc.dt, history.All())
				p.Forget = data.RandomForget(p.Run.Data, share, 7)
				v := testruns.Solve(t, unlearning.Retrain{}, p)
				u := testruns.Solve(t, unlearning.Recursion{}, p)
				moved := vector.Distance(p.Run.Params, v)
				require.Greater(t, moved, 0.01, "nothing to show")
				require.Less(t, vector.Distance(u, v)/moved, tc.tol)
			})
		}
	}
}

// TestBeforeU: until a batch meets U the two runs are one, and cost nothing.
func TestBeforeU(t *testing.T) {
	p := testruns.Digits(t, graph.Float32, history.All())
	const met = 7
	batch := p.Run.Order.Step(met)
	var err error
	p.Forget, err = data.ForgetPositions(p.Run.Data.Len(), batch[:1])
	require.NoError(t, err)
	exact, err := unlearning.Recursion{}.Unlearn(t.Context(), p)
	require.NoError(t, err)
	// Its disturbances, and from the second step on one gradient of each kept example:
	// g_t tells the other.
	var want float64
	for s, b := range p.Run.Order.Steps(met, p.Run.Steps) {
		forget := float64(p.Forget.Count(b))
		want += forget
		if s > met {
			want += float64(len(b)) - forget
		}
	}
	require.Equal(t, want, exact.GradEvals)

	// Steps without a difference make no pairs that would have to be rejected.
	p = testruns.Logistic(t, 0, nets.Config{Epochs: 4}, history.All())
	p.Forget, err = data.ForgetPositions(p.Run.Data.Len(), p.Run.Order.Step(3)[:1])
	require.NoError(t, err)
	pairs, err := unlearning.Recursion{Curvature: contraction.LBFGS{}}.Unlearn(t.Context(), p)
	require.NoError(t, err)
	require.Empty(t, pairs.Guards)
}

// TestRetrainIsTraining: replayed retraining is the update of
// training without U, here written out in float64, and costs Σ|B_t∖U|. The
// iteration from the record's first checkpoint with gradients at its own
// iterate is the same bit for bit, on one engine of one build.
func TestRetrainIsTraining(t *testing.T) {
	p := testruns.Digits(t, graph.Float64, history.All())
	p.Forget = data.RandomForget(p.Run.Data, 0.2, 7)
	forget := map[int]bool{}
	for _, i := range p.Forget.Positions() {
		forget[i] = true
	}
	res, err := unlearning.Retrain{}.Unlearn(t.Context(), p)
	require.NoError(t, err)
	m := p.Run.Model.Clone()
	w, mom, g := p.Run.Initial.Clone(), m.NewVector(), m.NewVector()
	var cost float64
	for step := range p.Run.Steps {
		var retain []int
		for _, i := range p.Run.Order.Step(step) {
			if !forget[i] {
				retain = append(retain, i)
			}
		}
		cost += float64(len(retain))
		_, err := m.Gradient(w, p.Run.Data, retain, g)
		require.NoError(t, err)
		eta := 0.05 * (1 + math.Cos(math.Pi*float64(step)/float64(p.Run.Steps)))
		for i := range w.Len() {
			mom.Set(i, 0.9*mom.At(i)+g.At(i)+1e-3*w.At(i))
			w.Set(i, w.At(i)-eta*mom.At(i))
		}
	}
	require.InDeltaSlice(t, w.Float64s(), res.Params.Float64s(), 1e-12)
	require.Equal(t, cost, res.GradEvals)
	require.Equal(t, cost, unlearning.RetrainCost(p))

	for _, dt := range []graph.DType{graph.Float32, graph.Float64} {
		forget := p.Forget
		p = testruns.Digits(t, dt, history.All())
		p.Forget = forget
		v, u := testruns.Solve(t, unlearning.Retrain{}, p), testruns.Solve(t, baselines.RewindToDelete{Cost: 1}, p)
		require.Equal(t, v.Float32s(), u.Float32s())
		require.Equal(t, v.Float64s(), u.Float64s())
	}
}

// TestQuadratic: on a quadratic every exact-curvature
// variant equals the closed form of retraining, computed here with dense
// matrices from normal equations, step by step.
func TestQuadratic(t *testing.T) {
	const f = 4
	ds := testruns.Gaussian(60, f)
	p := testruns.Record(t, testruns.Quadratic(f), ds, nets.Config{
		Epochs: 5, Batch: 16, LR: nets.Cosine(0.3), Momentum: 0.7, WeightDecay: 0.05, Seed: 2, DType: graph.Float64,
	}, history.All())
	p.Forget = data.RandomForget(ds, 0.4, 3)

	w := mat.NewDense(2, f, slices.Clone(p.Run.Initial.Float64s()))
	mom := mat.NewDense(2, f, nil)
	for s, batch := range p.Run.Order.Steps(0, p.Run.Steps) {
		retain, _ := p.Forget.Split(batch, nil, nil)
		h, c := mat.NewDense(f, f, nil), mat.NewDense(2, f, nil) // mean x xᵀ, mean y xᵀ
		for _, i := range retain {
			x := make([]float64, f)
			for j, v := range ds.Row(i) {
				x[j] = float64(v)
			}
			y := make([]float64, 2)
			y[ds.Y[i]] = 1
			var o mat.Dense
			o.Outer(1/float64(len(retain)), mat.NewVecDense(f, x), mat.NewVecDense(f, x))
			h.Add(h, &o)
			o.Reset()
			o.Outer(1/float64(len(retain)), mat.NewVecDense(2, y), mat.NewVecDense(f, x))
			c.Add(c, &o)
		}
		var g, decay mat.Dense
		g.Mul(w, h)
		g.Sub(&g, c)
		decay.Scale(0.05, w)
		mom.Scale(0.7, mom)
		mom.Add(mom, &g)
		mom.Add(mom, &decay)
		var step mat.Dense
		step.Scale(p.Run.Config.LR.Rate(s, p.Run.Steps), mom)
		w.Sub(w, &step)
	}
	want := w.RawMatrix().Data
	for _, m := range []unlearning.Method{
		unlearning.Retrain{},
		unlearning.Recursion{},
		unlearning.Recursion{Curvature: contraction.HVP{}},
	} {
		require.InDeltaSlice(t, want, testruns.Solve(t, m, p).Float64s(), 1e-11, m.Name())
	}
	biased := testruns.Solve(t, unlearning.Recursion{Curvature: contraction.None{}}, p)
	require.Greater(t, vector.Distance(biased, graph.FromSlice(want)), 1e-3, "curvature does not matter here: the test is vacuous")
}

// TestWindow: a window of the last steps is the full
// recursion with δ_t = 0 before it: forgetting, from the window's first step
// on, only.
func TestWindow(t *testing.T) {
	const f = 4
	ds := testruns.Gaussian(64, f)
	p := testruns.Record(t, testruns.Quadratic(f), ds, nets.Config{Epochs: 4, Batch: 16, LR: nets.ConstantRate(0.2), Momentum: 0.5, Seed: 2, DType: graph.Float64}, history.All())
	p.Forget = data.RandomForget(ds, 0.25, 3)
	got := testruns.Solve(t, unlearning.Recursion{Window: contraction.Window{Last: 0.5}}, p)

	// Start at the recorded state of the middle and go on without U.
	w, mom := testruns.StateAt(t, p, p.Run.Steps/2)
	m := p.Run.Model.Clone()
	s, err := m.NewStepper(0.5, 0, w, mom)
	require.NoError(t, err)
	g := m.NewVector()
	for step, batch := range p.Run.Order.Steps(p.Run.Steps/2, p.Run.Steps) {
		_ = step
		retain, _ := p.Forget.Split(batch, nil, nil)
		_, err := m.Gradient(s.W, ds, retain, g)
		require.NoError(t, err)
		require.NoError(t, s.Step(g, 0.2))
	}
	require.InDeltaSlice(t, s.W.Float64s(), got.Float64s(), 1e-12)
	require.Greater(t, vector.Distance(s.W, p.Run.Params), 1e-3)
}

// TestFullyDeletedBatch: a run of two steps whose first
// batch is wholly forgotten. Retraining takes the second step alone, from w_0
// and without momentum.
func TestFullyDeletedBatch(t *testing.T) {
	const f = 3
	ds := testruns.Gaussian(8, f)
	p := testruns.Record(t, testruns.Quadratic(f), ds, nets.Config{Epochs: 1, Batch: 4, LR: nets.ConstantRate(0.2), Momentum: 0.9, WeightDecay: 0.1, Seed: 5, DType: graph.Float64}, history.All())
	var err error
	p.Forget, err = data.ForgetPositions(8, p.Run.Order.Step(0))
	require.NoError(t, err)

	m := p.Run.Model.Clone()
	g := m.NewVector()
	_, err = m.Gradient(p.Run.Initial, ds, p.Run.Order.Step(1), g)
	require.NoError(t, err)
	want := make([]float64, m.Size())
	for i := range want {
		w0 := p.Run.Initial.At(i)
		want[i] = w0 - 0.2*(g.At(i)+0.1*w0)
	}
	require.InDeltaSlice(t, want, testruns.Solve(t, unlearning.Retrain{}, p).Float64s(), 1e-14)
	require.InDeltaSlice(t, want, testruns.Solve(t, unlearning.Recursion{}, p).Float64s(), 1e-14)

	// The second batch wholly forgotten: the first step alone.
	p.Forget, err = data.ForgetPositions(8, p.Run.Order.Step(1))
	require.NoError(t, err)
	w1, _ := testruns.StateAt(t, p, 1)
	require.InDeltaSlice(t, w1.Float64s(), testruns.Solve(t, unlearning.Retrain{}, p).Float64s(), 1e-14)
	require.InDeltaSlice(t, w1.Float64s(), testruns.Solve(t, unlearning.Recursion{}, p).Float64s(), 1e-14)
}
