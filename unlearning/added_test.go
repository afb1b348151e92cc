package unlearning_test

import (
	"fmt"
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

// parted returns the first n examples of a data set and the others.
func parted(ds *data.Dataset, n int) (first, others *data.Dataset) {
	all := make([]int, ds.Len())
	for i := range all {
		all[i] = i
	}
	return ds.Subset(all[:n]), ds.Subset(all[n:])
}

// TestAddIsTraining: in whole batches a run to which examples are added is the trainer's
// own on all of them, and to forget them from that one gives back the first.
func TestAddIsTraining(t *testing.T) {
	all := data.Digits().Train
	some, more := parted(all, 900)
	train := func(ds *data.Dataset) unlearning.Problem {
		return testruns.Record(t, nets.MLP(64, 16, 10), ds, nets.Config{
			Epochs: 12, Batch: 5000, LR: nets.Cosine(0.3), Momentum: 0.8, WeightDecay: 1e-3, Seed: 3, DType: graph.Float64,
		}, history.All())
	}
	without, with := train(some), train(all)
	moved := vector.Distance(with.Run.Params, without.Run.Params)
	require.Greater(t, moved, 0.01, "nothing to show")

	without.Add = more
	for _, m := range []unlearning.Method{unlearning.Retrain{}, unlearning.Recursion{}} {
		require.Less(t, vector.Distance(testruns.Solve(t, m, without), with.Run.Params)/moved, 1e-9, m.Name())
	}
	var err error
	with.Forget, err = data.ForgetByID(all, ids(more)...)
	require.NoError(t, err)
	require.Less(t, vector.Distance(testruns.Solve(t, unlearning.Recursion{}, with), without.Run.Params)/moved, 1e-9)
}

func ids(ds *data.Dataset) (keys []string) {
	for i := range ds.Len() {
		keys = append(keys, ds.Key(i))
	}
	return keys
}

// TestAddClosedForm: where a run on a quadratic has converged, what is added moves it to
// the solution of the normal equations of all examples.
func TestAddClosedForm(t *testing.T) {
	const features, decay = 4, 0.05
	all := testruns.Gaussian(60, features)
	some, more := parted(all, 40)
	p := testruns.Record(t, testruns.Quadratic(features), some, nets.Config{
		Epochs: 600, Batch: 40, LR: nets.ConstantRate(0.2), WeightDecay: decay, Seed: 2, DType: graph.Float64,
	}, history.All())
	p.Add = more
	h, b := mat.NewDense(features, features, nil), mat.NewDense(features, 2, nil)
	for i := range all.Len() {
		for r := range features {
			x := float64(all.Row(i)[r])
			b.Set(r, int(all.Y[i]), b.At(r, int(all.Y[i]))+x/60)
			for c := range features {
				h.Set(r, c, h.At(r, c)+x*float64(all.Row(i)[c])/60)
			}
		}
	}
	for r := range features {
		h.Set(r, r, h.At(r, r)+decay)
	}
	var w mat.Dense
	require.NoError(t, w.Solve(h, b))
	for _, m := range []unlearning.Method{unlearning.Recursion{}, unlearning.Recursion{Curvature: contraction.HVP{}}, baselines.DeltaGrad{}, unlearning.Retrain{}} {
		u := testruns.Solve(t, m, p)
		for c := range 2 {
			for r := range features {
				require.InDelta(t, w.At(r, c), u.At(c*features+r), 1e-9, m.Name())
			}
		}
	}
}

// TestAddAndForget: in small batches, with momentum and a schedule, what is added and what
// is forgotten at once is replayed retraining up to rounding, also where more is added
// than there was, where a batch is wholly forgotten, and where the run ends in an epoch.
func TestAddAndForget(t *testing.T) {
	some, more := parted(data.Digits().Train, 500)
	for _, tc := range []struct {
		dt            graph.DType
		add           int
		forget, batch float64
		tol           float64
	}{{graph.Float64, 700, 0, 50, 1e-9}, {graph.Float64, 30, 0.3, 50, 1e-9}, {graph.Float64, 5, 0.6, 2, 1e-9}, {graph.Float32, 100, 0.1, 50, 1e-4}} {
		t.Run(fmt.Sprint(tc), func(t *testing.T) {
			p := testruns.Record(t, nets.MLP(64, 16, 10), some, nets.Config{
				Steps: 37, Batch: int(tc.batch), LR: nets.Cosine(0.1), Momentum: 0.9, WeightDecay: 1e-3, Seed: 1, DType: tc.dt,
			}, history.All())
			p.Add, _ = parted(more, tc.add)
			if tc.forget > 0 {
				p.Forget = data.RandomForget(some, tc.forget, 7)
			}
			retrained, err := unlearning.Retrain{}.Unlearn(t.Context(), p)
			require.NoError(t, err)
			require.Equal(t, unlearning.RetrainCost(p), retrained.GradEvals)
			moved := vector.Distance(p.Run.Params, retrained.Params)
			require.Greater(t, moved, 0.01, "nothing to show")
			require.Less(t, vector.Distance(testruns.Solve(t, unlearning.Recursion{}, p), retrained.Params)/moved, tc.tol)
		})
	}
}

// TestAddCheaply: quasi-Newton and sampled curvature follow what is added on logistic
// regression as closely as they follow what is forgotten.
func TestAddCheaply(t *testing.T) {
	all := data.Digits().Train
	some, more := parted(all, 1000)
	train := func(ds *data.Dataset) unlearning.Problem {
		return testruns.Record(t, nets.Logistic(64, 10), ds, nets.Config{
			Epochs: 40, Batch: 250, LR: nets.ConstantRate(0.3), WeightDecay: 0.005, Seed: 1, DType: graph.Float64,
		}, history.All())
	}
	add, forget := train(some), train(all)
	add.Add, forget.Forget = more, data.RandomForget(all, 0.2, 3)
	for _, m := range []unlearning.Method{unlearning.Recursion{Curvature: contraction.LBFGS{}}, unlearning.Recursion{Curvature: contraction.Sampled{}}, baselines.DeltaGrad{}} {
		left := testruns.Lost(t, m, add)
		require.Less(t, left, 0.2, m.Name())
		require.Less(t, left, 2*testruns.Lost(t, m, forget), m.Name())
	}
	require.Less(t, testruns.Lost(t, baselines.DeltaGrad{T0: 1}, add), 1e-9, "every step explicit")
}

// TestAddErrors: what cannot be added, and who cannot add.
func TestAddErrors(t *testing.T) {
	some, more := parted(data.Digits().Train, 300)
	cfg := nets.Config{Epochs: 4, Batch: 100, LR: nets.ConstantRate(0.1), Seed: 1}
	p := testruns.Record(t, nets.Logistic(64, 10), some, cfg, history.All())
	fails := func(m unlearning.Method, add *data.Dataset, want string) error {
		q := p
		q.Add = add
		_, err := m.Unlearn(t.Context(), q)
		require.ErrorContains(t, err, want)
		require.ErrorContains(t, err, m.Name())
		return err
	}
	for _, m := range []unlearning.Method{unlearning.Mini{}, unlearning.FastRetrain{}, baselines.NegGradPlus{}} {
		require.ErrorIs(t, fails(m, more, "recursion, retrain and deltagrad can"), unlearning.ErrAdd)
	}
	own := *more
	own.IDs = nil
	fails(unlearning.Recursion{}, &own, "added example 0 has the id 0, which another has")
	twice := more.Subset([]int{4, 4})
	fails(unlearning.Recursion{}, twice, "added example 1 has the id")
	named := own
	for i := range named.Len() {
		named.Keys = append(named.Keys, fmt.Sprint("p-", i))
	}
	fails(unlearning.Recursion{}, &named, "give both the same kind")
	fails(unlearning.Recursion{}, testruns.Gaussian(3, 64), "in 2 classes cannot be added to")
	wrong := *more
	wrong.Y = append([]int32{10}, more.Y[1:]...)
	fails(unlearning.Retrain{}, &wrong, "example 0")
	fails(unlearning.Retrain{Other: 1}, more, "has no other seed")
	fails(unlearning.Recursion{Disturbance: contraction.Interpolated{Knots: 2}}, more, "has to be that of every step")
	gaps := testruns.Record(t, nets.Logistic(64, 10), some, cfg, history.EveryEpochs(2))
	gaps.Add = more
	_, err := unlearning.Recursion{}.Unlearn(t.Context(), gaps)
	var gap *history.GapError
	require.ErrorAs(t, err, &gap)

	// All at once.
	system := contraction.NewSystem(p.Run, p.Forget, p.History)
	require.NoError(t, system.Add(more.Subset([]int{0})))
	require.ErrorContains(t, system.Add(more.Subset([]int{1})), "1 examples are added already")

	// None is no request.
	p.Add = more.Subset(nil)
	require.Equal(t, p.Run.Params.Float32s(), testruns.Solve(t, unlearning.Mini{}, p).Float32s())
	// Runs and their data are as they were.
	require.Equal(t, 300, p.Run.Data.Len())
}
