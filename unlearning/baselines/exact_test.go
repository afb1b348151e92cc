package baselines_test

import (
	"math"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/miniunlearn/miniunlearn/data"
	"github.com/miniunlearn/miniunlearn/graph"
	"github.com/miniunlearn/miniunlearn/internal/vector"
	"github.com/miniunlearn/miniunlearn/nets"
	"github.com/miniunlearn/miniunlearn/unlearning"
	"github.com/miniunlearn/miniunlearn/unlearning/baselines"
	"github.com/miniunlearn/miniunlearn/unlearning/history"
	"github.com/miniunlearn/miniunlearn/unlearning/internal/testruns"
)

// TestInfluence: at the minimum of a quadratic it is Newton, and ends at the minimum on
// the retained examples; elsewhere it does not go on training.
func TestInfluence(t *testing.T) {
	const lambda = 0.05
	ds := testruns.Gaussian(60, 4)
	p := testruns.Record(t, testruns.Quadratic(4), ds, nets.Config{
		Epochs: 1000, Batch: 60, LR: nets.ConstantRate(0.3), WeightDecay: lambda, Seed: 2, DType: graph.Float64,
	}, history.Spaced(1))
	p.Forget = data.RandomForget(ds, 0.4, 3)
	want := minimiser(t, ds, p.Forget.Retained(60), 4, lambda)
	u := testruns.Solve(t, baselines.Influence{Tolerance: 1e-12}, p)
	require.InDeltaSlice(t, want, u.Float64s(), 1e-8)

	q := digits(t)
	none := testruns.Solve(t, baselines.Influence{Damping: 1e12}, q)
	require.InDeltaSlice(t, q.Run.Params.Float64s(), none.Float64s(), 1e-9)
	res, err := baselines.Influence{Cost: 0.4, Iterations: 3}.Unlearn(t.Context(), q)
	require.NoError(t, err)
	require.LessOrEqual(t, res.GradEvals, 0.4*unlearning.RetrainCost(q))
	require.Greater(t, res.GradEvals, 0.4*unlearning.RetrainCost(q)-8)
	_, err = baselines.Influence{Cost: 0.1}.Unlearn(t.Context(), q)
	require.ErrorIs(t, err, unlearning.ErrBudget)
	_, err = baselines.Influence{Damping: math.NaN()}.Unlearn(t.Context(), q)
	require.ErrorContains(t, err, "influence")
}

// recorded is a run on a line whose gradients are kept.
func recorded(t *testing.T, momentum, decay float64) unlearning.Problem {
	return testruns.Record(t, testruns.Quadratic(1), testruns.Gaussian(40, 1), nets.Config{
		Epochs: 3, Batch: 8, LR: nets.Cosine(0.3), Momentum: momentum, WeightDecay: decay, Seed: 2, DType: graph.Float64,
	}, history.All())
}

// TestHessianFree: on a line the recollections are numbers that follow the recursion of
// the paper, those of a set add up, and U met only at the last step is recollected by
// its gradient there.
func TestHessianFree(t *testing.T) {
	p := recorded(t, 0, 0.01)
	forget := func(at ...int) (err error) { p.Forget, err = data.ForgetPositions(40, at); return err }
	require.NoError(t, forget(3, 17))
	both := testruns.Solve(t, baselines.HessianFree{}, p)
	w := p.Run.Initial.Float64s()
	for k := range 2 {
		w, a := w[k], 0.0
		for step, batch := range p.Run.Order.Steps(0, p.Run.Steps) {
			eta, b := p.Run.Config.LR.Rate(step, p.Run.Steps), float64(len(batch))
			var h, g, own float64
			for _, i := range batch {
				x, y := float64(p.Run.Data.X[i]), 0.0
				if int(p.Run.Data.Y[i]) == k {
					y = 1
				}
				h, g = h+x*x/b, g+(w*x-y)*x/b
				if p.Forget.Contains(i) {
					own += ((w*x-y)*x + 0.01*w) / b
				}
			}
			a += eta * (own - (h+0.01)*a)
			w -= eta * (g + 0.01*w)
		}
		require.InDelta(t, w, p.Run.Params.At(k), 1e-13)
		require.InDelta(t, w+a, both.At(k), 1e-13)
	}
	for _, momentum := range []float64{0, 0.9} {
		p = recorded(t, momentum, 0.01)
		require.NoError(t, forget(3))
		one := testruns.Solve(t, baselines.HessianFree{}, p)
		require.NoError(t, forget(17))
		other := testruns.Solve(t, baselines.HessianFree{}, p)
		require.NoError(t, forget(17, 3))
		both = testruns.Solve(t, baselines.HessianFree{}, p)
		for k := range 2 {
			require.InDelta(t, one.At(k)+other.At(k)-p.Run.Params.At(k), both.At(k), 1e-13)
		}
	}
	p.History = nil
	_, err := baselines.HessianFree{}.Unlearn(t.Context(), p)
	require.ErrorIs(t, err, unlearning.ErrNoHistory)
	require.ErrorContains(t, err, "hessian-free")

	// One example of a logistic run: closer to retraining than w_T is, and about as close
	// as the recursion with means over fewer.
	q := testruns.Plain(t, graph.Float64)
	q.Forget, err = data.ForgetPositions(q.Run.Data.Len(), []int{11})
	require.NoError(t, err)
	require.Less(t, testruns.Lost(t, baselines.HessianFree{}, q), 0.2)
	res, err := baselines.HessianFree{}.Unlearn(t.Context(), q)
	require.NoError(t, err)
	require.Less(t, res.GradEvals, 8.0/3*unlearning.RetrainCost(q)+50)
}

// shards is an ensemble on the digits.
func shards(t *testing.T, s baselines.SISA, ds *data.Dataset) *baselines.Sharded {
	e, err := s.Prepare(t.Context(), nets.MLP(64, 16, 10), ds, nets.Config{Epochs: 4, Batch: 32, LR: nets.Cosine(0.1), Momentum: 0.9, WeightDecay: 1e-3, Seed: 3})
	require.NoError(t, err)
	return e
}

// TestSISA: to forget is to have prepared the data without U, bit for bit, once and
// twice, and costs the slices from U's first on alone.
func TestSISA(t *testing.T) {
	ds := data.Digits().Train
	bits := func(e *baselines.Sharded) (all [][]float32) {
		for _, w := range e.Params() {
			all = append(all, w.Float32s())
		}
		return all
	}
	for _, s := range []baselines.SISA{{}, {Shards: 3, Slices: 4}, {Shards: 1, Slices: 2}} {
		e := shards(t, s, ds)
		u := data.RandomForget(ds, 0.01, 7)
		forgot, err := e.Forget(t.Context(), u)
		require.NoError(t, err)
		require.Equal(t, bits(shards(t, s, ds.Subset(u.Retained(ds.Len())))), bits(forgot), "%+v", s)

		one, err := data.ForgetPositions(ds.Len(), []int{100})
		require.NoError(t, err)
		single, err := e.Forget(t.Context(), one)
		require.NoError(t, err)
		changed := 0
		for k, w := range e.Params() {
			if !slices.Equal(w.Float32s(), single.Params()[k].Float32s()) {
				changed++
			}
		}
		require.Equal(t, 1, changed)
		require.Less(t, single.GradEvals, 1.01*e.GradEvals/float64(max(1, s.Shards)), "%+v", s)
		require.Positive(t, single.GradEvals)

		twice, err := single.Forget(t.Context(), u)
		require.NoError(t, err)
		all, err := data.ForgetPositions(ds.Len(), append(slices.DeleteFunc(u.Positions(), func(i int) bool { return i == 100 }), 100))
		require.NoError(t, err)
		once, err := e.Forget(t.Context(), all)
		require.NoError(t, err)
		require.Equal(t, bits(once), bits(twice))
		nothing, err := e.Forget(t.Context(), data.ForgetSet{})
		require.NoError(t, err)
		require.Equal(t, bits(e), bits(nothing))
		require.Zero(t, nothing.GradEvals)
	}
}

// TestSISASlices: all stages together take as long as the epochs of the shard; a shard
// that has lost everything has no model; and the ensemble answers.
func TestSISASlices(t *testing.T) {
	ds := data.Digits().Train
	plain, sliced := shards(t, baselines.SISA{Shards: 2}, ds), shards(t, baselines.SISA{Shards: 2, Slices: 4}, ds)
	require.InEpsilon(t, plain.GradEvals, sliced.GradEvals, 0.05)
	require.Equal(t, 2, plain.Retrained)
	require.Equal(t, 8, sliced.Retrained)
	test := data.Digits().Test
	z, err := plain.Logits(t.Context(), test.X, test.Len())
	require.NoError(t, err)
	right := 0
	for i, y := range test.Y {
		row, sum := z[10*i:10*i+10], 0.0
		for _, v := range row {
			sum += math.Exp(v)
		}
		require.InDelta(t, 1, sum, 1e-9)
		if slices.Index(row, slices.Max(row)) == int(y) {
			right++
		}
	}
	require.Greater(t, float64(right)/float64(test.Len()), 0.85)

	few := shards(t, baselines.SISA{Shards: 40}, ds.Subset([]int{0, 1, 2, 3}))
	with := slices.DeleteFunc(few.Params(), func(w *graph.Tensor) bool { return w == nil })
	require.LessOrEqual(t, len(with), 4)
	_, err = few.Logits(t.Context(), test.X[:64], 1)
	require.NoError(t, err)
	all, err := data.ForgetPositions(4, []int{0, 1, 2, 3})
	require.NoError(t, err)
	_, err = few.Forget(t.Context(), all)
	require.ErrorContains(t, err, "nothing is left")
	_, err = few.Forget(t.Context(), data.RandomForget(ds, 0.5, 1))
	require.ErrorContains(t, err, "sisa")
	_, err = baselines.SISA{Shards: -1}.Prepare(t.Context(), nets.MLP(64, 16, 10), ds, nets.Config{})
	require.ErrorContains(t, err, "must be positive")
	_, err = baselines.SISA{}.Prepare(t.Context(), nets.MLP(64, 16, 10), ds, nets.Config{Steps: 3})
	require.ErrorContains(t, err, "its own to set")
	require.NotZero(t, vector.Norm(with[0]))
}
