// Package testruns makes small recorded runs for the tests below unlearning, and
// measures results against retraining.
package testruns

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/miniunlearn/miniunlearn/data"
	"github.com/miniunlearn/miniunlearn/graph"
	"github.com/miniunlearn/miniunlearn/internal/vector"
	"github.com/miniunlearn/miniunlearn/nets"
	"github.com/miniunlearn/miniunlearn/unlearning"
	"github.com/miniunlearn/miniunlearn/unlearning/history"
)

// Record trains arch on ds and keeps its history.
func Record(t testing.TB, arch nets.Arch, ds *data.Dataset, cfg nets.Config, p history.Policy) unlearning.Problem {
	t.Helper()
	rec := history.NewRecorder(p)
	cfg.Hooks = append(cfg.Hooks, rec)
	run, err := nets.Train(t.Context(), arch, ds, cfg)
	require.NoError(t, err)
	return unlearning.Problem{Run: run, History: rec.Record()}
}

// Solve returns the parameters that a method finds.
func Solve(t testing.TB, m unlearning.Method, p unlearning.Problem) *graph.Tensor {
	t.Helper()
	res, err := m.Unlearn(t.Context(), p)
	require.NoError(t, err)
	return res.Params
}

// Lost is the distance of a method's result from replayed retraining, relative
// to what retraining moves.
func Lost(t testing.TB, m unlearning.Method, p unlearning.Problem) float64 {
	v := Solve(t, unlearning.Retrain{}, p)
	return vector.Distance(Solve(t, m, p), v) / vector.Distance(p.Run.Params, v)
}

// Digits is a small network's run with momentum, weight decay and a schedule.
func Digits(t testing.TB, dt graph.DType, p history.Policy) unlearning.Problem {
	return Record(t, nets.MLP(64, 16, 10), data.Digits().Train, nets.Config{
		Epochs: 2, Batch: 100, LR: nets.Cosine(0.1), Momentum: 0.9, WeightDecay: 1e-3, Seed: 1, DType: dt,
	}, p)
}

// Convex is logistic regression on the digits, in large batches with a smaller
// last one.
func Convex(t testing.TB) unlearning.Problem {
	return Record(t, nets.Logistic(64, 10), data.Digits().Train, nets.Config{
		Epochs: 40, Batch: 350, LR: nets.ConstantRate(0.3), WeightDecay: 0.005, Seed: 1,
	}, history.All())
}

// FirstDigits are n of the digits.
func FirstDigits(n int) *data.Dataset {
	idx := make([]int, n)
	for i := range idx {
		idx[i] = i
	}
	return data.Digits().Train.Subset(idx)
}

// Logistic is logistic regression on 800 digits in batches of a quarter, and tail
// more in a last batch.
func Logistic(t testing.TB, tail int, cfg nets.Config, p history.Policy) unlearning.Problem {
	cfg.Batch, cfg.Seed = 200, 1
	if cfg.LR == nil {
		cfg.LR = nets.ConstantRate(0.3)
	}
	cfg.WeightDecay = 0.005
	return Record(t, nets.Logistic(64, 10), FirstDigits(800+tail), cfg, p)
}

// Quadratic is a linear model with squared error: its Hessian over a batch is
// the mean of x xᵀ, whatever the parameters.
func Quadratic(features int) nets.Arch {
	return nets.Arch{
		Name: "quadratic", Input: []int{features}, Classes: 2, Convex: true,
		Logits: func(p *nets.Params, x *graph.Node) *graph.Node {
			w := p.Take("w", nets.He(features), 2, features)
			return graph.Apply(graph.MatMulOp{TransB: true}, x, w)
		},
		Loss: func(z, y *graph.Node) *graph.Node {
			e := graph.Sub(z, graph.OneHot(y, 2))
			return graph.Scale(0.5, graph.RowDot(e, e))
		},
	}
}

// Gaussian is a set of n examples of noise, with two labels.
func Gaussian(n, features int) *data.Dataset {
	ds := &data.Dataset{Name: "gaussian", Shape: []int{features}, Classes: 2}
	state := uint64(1)
	for range n * features {
		state = state*6364136223846793005 + 1442695040888963407
		ds.X = append(ds.X, float32(int64(state)>>40)/float32(1<<23))
	}
	for i := range n {
		ds.Y = append(ds.Y, int32(i%2))
	}
	return ds
}

// StateAt returns parameters and momentum of the recorded run before step t.
func StateAt(t testing.TB, p unlearning.Problem, at int) (w, mom *graph.Tensor) {
	for s, err := range p.History.Steps(p.Run.Model, func(t int) float64 { return p.Run.Config.LR.Rate(t, p.Run.Steps) }, at, at+1) {
		require.NoError(t, err)
		return s.W.Clone(), s.P.Clone()
	}
	return nil, nil
}

// Plain is logistic regression on the digits by SGD without momentum.
func Plain(t testing.TB, dt graph.DType) unlearning.Problem {
	p := Record(t, nets.Logistic(64, 10), data.Digits().Train, nets.Config{
		Epochs: 10, Batch: 350, LR: nets.ConstantRate(0.3), WeightDecay: 0.005, Seed: 1, DType: dt,
	}, history.All())
	p.Forget = data.RandomForget(p.Run.Data, 0.2, 3)
	return p
}
