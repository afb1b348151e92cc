package baselines_test

import (
	"context"
	"math"
	"testing"

	"github.com/stretchr/testify/require"
	"gonum.org/v1/gonum/mat"

	"github.com/miniunlearn/miniunlearn/data"
	"github.com/miniunlearn/miniunlearn/graph"
	"github.com/miniunlearn/miniunlearn/internal/purpose"
	"github.com/miniunlearn/miniunlearn/internal/vector"
	"github.com/miniunlearn/miniunlearn/nets"
	"github.com/miniunlearn/miniunlearn/unlearning"
	"github.com/miniunlearn/miniunlearn/unlearning/baselines"
	"github.com/miniunlearn/miniunlearn/unlearning/contraction"
	"github.com/miniunlearn/miniunlearn/unlearning/history"
	"github.com/miniunlearn/miniunlearn/unlearning/internal/testruns"
)

// minimiser solves (X_RᵀX_R/n + λI) w = X_RᵀY_R/n, the retained objective of
// the quadratic, with dense matrices; [2, features] row-major.
func minimiser(t *testing.T, ds *data.Dataset, retained []int, features int, lambda float64) []float64 {
	h, c := mat.NewDense(features, features, nil), mat.NewDense(features, 2, nil)
	for _, i := range retained {
		x := mat.NewVecDense(features, nil)
		for j, v := range ds.Row(i) {
			x.SetVec(j, float64(v))
		}
		y := mat.NewVecDense(2, nil)
		y.SetVec(int(ds.Y[i]), 1)
		var o mat.Dense
		o.Outer(1/float64(len(retained)), x, x)
		h.Add(h, &o)
		o.Reset()
		o.Outer(1/float64(len(retained)), x, y)
		c.Add(c, &o)
	}
	for j := range features {
		h.Set(j, j, h.At(j, j)+lambda)
	}
	var w mat.Dense
	require.NoError(t, w.Solve(h, c))
	return mat.DenseCopyOf(w.T()).RawMatrix().Data
}

// TestRetainedMinimiser: after a long run in full batches, retraining, a Newton
// step and enough descent all end at the minimiser of the retained objective.
func TestRetainedMinimiser(t *testing.T) {
	const lambda = 0.05
	ds := testruns.Gaussian(60, 4)
	p := testruns.Record(t, testruns.Quadratic(4), ds, nets.Config{
		Epochs: 1000, Batch: 60, LR: nets.ConstantRate(0.3), WeightDecay: lambda, Seed: 2, DType: graph.Float64,
	}, history.Spaced(1))
	p.Forget = data.RandomForget(ds, 0.4, 3)
	want := minimiser(t, ds, p.Forget.Retained(60), 4, lambda)
	require.Greater(t, vector.Distance(p.Run.Params, graph.FromSlice(want)), 1e-2, "nothing to show")
	for _, m := range []unlearning.Method{
		unlearning.Retrain{},
		baselines.Newton{Tolerance: 1e-10},
		baselines.DescentToDelete{Cost: 0.9},
		baselines.DescentToDelete{Cost: 0.9, Smooth: 2},
	} {
		require.InDeltaSlice(t, want, testruns.Solve(t, m, p).Float64s(), 1e-8, "%+v", m)
	}
}

// TestNewtonNetwork: where the model is not convex the step is damped, and one
// that meets negative curvature all the same says so.
func TestNewtonNetwork(t *testing.T) {
	p := testruns.Digits(t, graph.Float64, history.Spaced(1))
	p.Forget = data.RandomForget(p.Run.Data, 0.2, 7)
	damped := testruns.Solve(t, baselines.Newton{}, p)
	require.Equal(t, testruns.Solve(t, baselines.Newton{Damping: 1}, p).Float64s(), damped.Float64s())
	bare, err := baselines.Newton{Damping: 1e-9}.Unlearn(t.Context(), p)
	require.NoError(t, err)
	require.Equal(t, map[unlearning.Guard]int{baselines.GuardNegativeCurvature: 1}, bare.Guards)
	require.Less(t, vector.Distance(damped, p.Run.Params), vector.Distance(bare.Params, p.Run.Params)/5)
}

// TestRewindAugmented: replays show the examples as the run showed them.
func TestRewindAugmented(t *testing.T) {
	ds := *data.Digits().Train
	ds.Shape = []int{1, 8, 8}
	arch, err := nets.CNN("c4k3p1-m2-d16", ds.Shape, 10)
	require.NoError(t, err)
	p := testruns.Record(t, arch, &ds, nets.Config{
		Epochs: 2, Batch: 100, LR: nets.ConstantRate(0.1), Seed: 1, Augment: nets.Augment{Crop: 1}, DType: graph.Float64,
	}, history.All())
	p.Forget = data.RandomForget(&ds, 0.2, 7)
	v := testruns.Solve(t, unlearning.Retrain{}, p)
	require.Equal(t, v.Float64s(), testruns.Solve(t, baselines.RewindToDelete{Cost: 1}, p).Float64s())
	every := testruns.Solve(t, baselines.DeltaGrad{T0: 1}, p)
	require.Less(t, vector.Distance(every, v)/vector.Distance(p.Run.Params, v), 1e-10)
}

// TestRewindBudget: less than a step is an error; of checkpoints alone the
// next is taken, so that it costs no more than asked for.
func TestRewindBudget(t *testing.T) {
	p := testruns.Digits(t, graph.Float32, history.Spaced(3))
	p.Forget = data.RandomForget(p.Run.Data, 0.2, 7)
	_, err := baselines.RewindToDelete{Cost: 1e-9}.Unlearn(t.Context(), p)
	require.ErrorIs(t, err, unlearning.ErrBudget)
	for _, cost := range []float64{0.3, 0.5, 1} {
		res, err := baselines.RewindToDelete{Cost: cost}.Unlearn(t.Context(), p)
		require.NoError(t, err)
		points := p.History.Checkpoints()
		from := points[map[float64]int{0.3: 2, 0.5: 1, 1: 0}[cost]]
		var want float64
		for _, batch := range p.Run.Order.Steps(from, p.Run.Steps) {
			retain, _ := p.Forget.Split(batch, nil, nil)
			want += float64(len(retain))
		}
		require.Equal(t, want, res.GradEvals)
		require.LessOrEqual(t, res.GradEvals, 1.05*cost*unlearning.RetrainCost(p))
	}
	var gap *history.GapError
	_, err = baselines.RewindToDelete{Cost: 0.1}.Unlearn(t.Context(), p)
	require.ErrorAs(t, err, &gap)
	require.ErrorContains(t, err, "no checkpoint at step")
}

// TestAmnesiacRecord: with U in both of two steps nothing is left of the run,
// momentum or not; an update that is not recorded is not guessed.
func TestAmnesiacRecord(t *testing.T) {
	ds := testruns.Gaussian(8, 3)
	p := testruns.Record(t, testruns.Quadratic(3), ds, nets.Config{Epochs: 1, Batch: 4, Momentum: 0.9, Seed: 5, DType: graph.Float64}, history.All())
	var err error
	p.Forget, err = data.ForgetPositions(8, []int{p.Run.Order.Step(0)[0], p.Run.Order.Step(1)[0]})
	require.NoError(t, err)
	require.InDeltaSlice(t, p.Run.Initial.Float64s(), testruns.Solve(t, baselines.Amnesiac{}, p).Float64s(), 1e-14)

	gaps := testruns.Digits(t, graph.Float32, history.EveryEpochs(2))
	gaps.Forget = data.RandomForget(gaps.Run.Data, 0.1, 1)
	_, err = baselines.Amnesiac{}.Unlearn(t.Context(), gaps)
	var gap *history.GapError
	require.ErrorAs(t, err, &gap)
	require.Equal(t, 13, gap.From)
}

// TestShrinkPerturbStart: at a learning rate of 0 only the start is left, half
// of w_T and a tenth of fresh parameters; without either it is fine-tuning's.
func TestShrinkPerturbStart(t *testing.T) {
	p := testruns.Digits(t, graph.Float64, history.Spaced(1))
	p.Forget = data.RandomForget(p.Run.Data, 0.2, 7)
	s, f := baselines.ShrinkPerturb{Short: unlearning.Short{Cost: 0.2}}, baselines.FineTune{Short: unlearning.Short{Cost: 0.2}}
	s.LR, f.LR = nets.ConstantRate(0), nets.ConstantRate(0)
	fresh := p.Run.Model.Init(purpose.Seed(p.Run.Config.Seed, purpose.Perturb, 0))
	got := testruns.Solve(t, s, p)
	for i := range got.Len() {
		require.InDelta(t, 0.5*p.Run.Params.At(i)+0.1*fresh.At(i), got.At(i), 1e-15)
	}
	require.Equal(t, p.Run.Params.Float64s(), testruns.Solve(t, f, p).Float64s())
}

// TestRivalCosts: gradient evaluations equal the closed forms, or stay within
// a batch of the budget.
func TestRivalCosts(t *testing.T) {
	p := testruns.Digits(t, graph.Float32, history.All())
	p.Forget = data.RandomForget(p.Run.Data, 0.2, 7)
	n, full := float64(p.Run.Data.Len()-p.Forget.Len()), unlearning.RetrainCost(p)
	cost := func(m unlearning.Method) float64 {
		res, err := m.Unlearn(t.Context(), p)
		require.NoError(t, err)
		return res.GradEvals
	}
	require.Zero(t, cost(baselines.Amnesiac{}))
	require.InDelta(t, n+3*8.0/3*n, cost(baselines.Newton{Iterations: 3, Tolerance: 1e-12}), 1e-6)
	require.Equal(t, n, cost(baselines.DescentToDelete{Cost: 0.5}))
	for _, share := range []float64{0.1, 0.3, 1.2} {
		for _, m := range []unlearning.Method{baselines.FineTune{Short: unlearning.Short{Cost: share}}, baselines.ShrinkPerturb{Short: unlearning.Short{Cost: share}}, baselines.DescentToDelete{Cost: share, Batch: 100}} {
			require.LessOrEqual(t, cost(m), share*full, m.Name())
			require.Greater(t, cost(m), share*full-100, m.Name())
		}
	}
}

// TestDescentBatches: smaller batches walk through the retained examples alone,
// at the rate of the run's end.
func TestDescentBatches(t *testing.T) {
	p := testruns.Plain(t, graph.Float64)
	all := testruns.Solve(t, baselines.DescentToDelete{Cost: 0.1, LR: 0.3}, p)
	big := testruns.Solve(t, baselines.DescentToDelete{Cost: 0.1, LR: 0.3, Batch: 1 << 20}, p)
	require.InDeltaSlice(t, all.Float64s(), big.Float64s(), 1e-14, "a batch of all is the full batch, in another order")
	named := testruns.Solve(t, baselines.DescentToDelete{Cost: 0.05, Batch: 50}, p)
	require.Equal(t, testruns.Solve(t, baselines.DescentToDelete{Cost: 0.05, Batch: 50, LR: 0.3}, p).Float64s(), named.Float64s())
	_, err := baselines.DescentToDelete{Cost: 0.05}.Unlearn(t.Context(), p)
	require.ErrorIs(t, err, unlearning.ErrBudget)
}

// TestBadRivals asks of every named method what TestBadProblems asks of others.
func TestBadRivals(t *testing.T) {
	badProblems(t, testruns.Plain(t, graph.Float32), []string{"mini", "retrain", "deltagrad", "amnesiac", "rewind", "descent", "newton", "finetune", "shrink-perturb", "recursion", "hessian-free"})
}

// badProblems asks methods for a set that is empty, all there is and another's, without
// the record that they need, and after the context has ended.
func badProblems(t *testing.T, p unlearning.Problem, names []string) {
	n := p.Run.Data.Len()
	all := make([]int, n)
	for i := range all {
		all[i] = i
	}
	for _, name := range names {
		m, err := unlearning.ByName(name)
		require.NoError(t, err)
		require.Equal(t, name, m.Name())
		q := p
		q.Forget = data.ForgetSet{}
		res, err := m.Unlearn(t.Context(), q)
		require.NoError(t, err, name)
		require.Zero(t, vector.Distance(p.Run.Params, res.Params), name)
		require.Zero(t, res.GradEvals, name)

		q.Forget, err = data.ForgetPositions(n, all)
		require.NoError(t, err)
		_, err = m.Unlearn(t.Context(), q)
		require.ErrorIs(t, err, unlearning.ErrNothingLeft, name)

		q.Forget, err = data.ForgetPositions(n+5, []int{n + 2})
		require.NoError(t, err)
		_, err = m.Unlearn(t.Context(), q)
		require.Error(t, err, name)

		q.Forget, q.History = p.Forget, nil
		if !m.History(unlearning.PlanOf(p.Run)).Empty() {
			_, err = m.Unlearn(t.Context(), q)
			require.ErrorIs(t, err, unlearning.ErrNoHistory, name)
		}
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		_, err = m.Unlearn(ctx, p)
		require.ErrorIs(t, err, context.Canceled, name)
	}
}

func TestBadRivalParameters(t *testing.T) {
	p := testruns.Plain(t, graph.Float32)
	nan := math.NaN()
	for _, m := range []unlearning.Method{
		baselines.DeltaGrad{T0: -1},
		baselines.DeltaGrad{Trust: nan},
		unlearning.Recursion{Curvature: contraction.LBFGS{Trust: -1}},
		baselines.RewindToDelete{Cost: 1.5},
		baselines.RewindToDelete{Cost: nan},
		baselines.DescentToDelete{LR: -0.1},
		baselines.DescentToDelete{Cost: math.Inf(1)},
		baselines.DescentToDelete{Batch: -1},
		baselines.Newton{Tolerance: nan},
		baselines.Newton{Damping: -1},
		baselines.FineTune{Short: unlearning.Short{Cost: 1e-9}},
	} {
		_, err := m.Unlearn(t.Context(), p)
		require.Error(t, err, "%+v", m)
	}
	net := testruns.Digits(t, graph.Float32, history.Spaced(1))
	net.Forget = p.Forget
	_, err := baselines.DescentToDelete{Smooth: 1}.Unlearn(t.Context(), net)
	require.ErrorContains(t, err, "for convex models")
}
