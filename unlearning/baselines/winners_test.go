package baselines_test

import (
	"cmp"
	"math"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/miniunlearn/miniunlearn/data"
	"github.com/miniunlearn/miniunlearn/graph"
	"github.com/miniunlearn/miniunlearn/internal/purpose"
	"github.com/miniunlearn/miniunlearn/internal/vector"
	"github.com/miniunlearn/miniunlearn/nets"
	"github.com/miniunlearn/miniunlearn/unlearning"
	"github.com/miniunlearn/miniunlearn/unlearning/baselines"
	"github.com/miniunlearn/miniunlearn/unlearning/history"
	"github.com/miniunlearn/miniunlearn/unlearning/internal/testruns"
)

// images is a run of a small network with convolutions, shown other images each epoch.
func images(t *testing.T) unlearning.Problem {
	ds := *data.Digits().Train
	ds.Shape = []int{1, 8, 8}
	arch, err := nets.CNN("c4k3p1-m2-c4k3-d16", ds.Shape, 10)
	require.NoError(t, err)
	p := testruns.Record(t, arch, &ds, nets.Config{
		Epochs: 2, Batch: 100, LR: nets.ConstantRate(0.1), Seed: 1, Augment: nets.Augment{Crop: 1}, DType: graph.Float64,
	}, history.LogitGradients())
	p.Forget, p.Validation = data.RandomForget(&ds, 0.1, 7), nil
	return p
}

// fresh are the parameters that methods begin anew from.
func fresh(p unlearning.Problem) []float64 {
	return p.Run.Model.Init(purpose.Seed(purpose.Seed(p.Run.Config.Seed, purpose.ShortRun, 0), purpose.Afresh, 0)).Float64s()
}

// TestCT: kernels are transposed, all else is as it was; a network without is refused.
func TestCT(t *testing.T) {
	p := images(t)
	u := testruns.Solve(t, baselines.CT{Steps: still}, p)
	kernels := 0
	for _, param := range p.Run.Model.Params() {
		for i := range param.Len() {
			from := i
			if len(param.Shape) == 4 {
				kernel, y, x := i/9, i%9/3, i%3
				from = kernel*9 + x*3 + y
				kernels++
			}
			require.Equal(t, p.Run.Params.At(param.Off+from), u.At(param.Off+i), param.Name)
		}
	}
	require.Equal(t, 36+144, kernels)
	_, err := baselines.CT{}.Unlearn(t.Context(), digits(t))
	require.ErrorContains(t, err, "ct: mlp:64-16-10 has no convolutions")
}

// TestMSG: the share of a layer's weights with the smallest differences begins anew, and
// nothing else; the others move by a tenth of their gradients at first.
func TestMSG(t *testing.T) {
	for _, p := range []unlearning.Problem{images(t), digits(t)} {
		u := testruns.Solve(t, baselines.MSG{Steps: still}, p)
		changed := map[string]int{}
		for _, param := range p.Run.Model.Params() {
			for i := range param.Len() {
				if at := param.Off + i; u.At(at) != p.Run.Params.At(at) {
					require.Equal(t, fresh(p)[at], u.At(at))
					changed[param.Name]++
				}
			}
		}
		if len(p.Run.Data.Shape) == 3 {
			require.Equal(t, map[string]int{"conv1.weight": 10, "conv2.weight": 43}, changed)
		} else {
			require.Equal(t, map[string]int{"fc1.weight": 307}, changed)
		}
	}
	// With a share of less than a weight, and gradients as they are, it is fine-tuning.
	p := digits(t)
	lr := nets.ConstantRate(0.05)
	res, err := baselines.MSG{Steps: baselines.Steps{Cost: 0.5, Batch: 40, LR: lr}, Share: 1e-9, Slow: 1}.Unlearn(t.Context(), p)
	require.NoError(t, err)
	left := (res.GradEvals - 2*float64(p.Forget.Len()) + 0.5) / unlearning.RetrainCost(p)
	fine := baselines.FineTune{Short: unlearning.Short{Cost: left, Batch: 40, LR: lr}}
	require.Equal(t, testruns.Solve(t, fine, p).Float64s(), res.Params.Float64s())

	_, err = baselines.MSG{}.Unlearn(t.Context(), testruns.Plain(t, graph.Float32))
	require.ErrorContains(t, err, "msg: logistic has neither convolutions nor hidden layers")
}

// TestSFRonByHand: one step each way in full batches, against losses and informations
// computed here.
func TestSFRonByHand(t *testing.T) {
	p := digits(t)
	forgotten, retained := p.Forget.Positions(), p.Forget.Retained(p.Run.Data.Len())
	cost := (10.0/3*float64(len(forgotten)) + float64(len(retained)) + 1) / unlearning.RetrainCost(p)
	s := baselines.SFRon{Steps: baselines.Steps{Cost: cost, Batch: 5000, LR: nets.ConstantRate(0.1)}, Alpha: 3, Gamma: 1.5, Clip: 0.2}
	res, err := s.Unlearn(t.Context(), p)
	require.NoError(t, err)

	m := p.Run.Model.Clone()
	var like []int
	for _, k := range purpose.Rand(purpose.Seed(p.Run.Config.Seed, purpose.ShortRun, 0), purpose.Subset, 0).Perm(len(retained))[:len(forgotten)] {
		like = append(like, retained[k])
	}
	information := func(ids []int) []float64 {
		g, sum := m.NewVector(), make([]float64, m.Size())
		for _, i := range ids {
			_, err := m.Gradient(p.Run.Params, p.Run.Data, []int{i}, g)
			require.NoError(t, err)
			for j := range sum {
				sum[j] += g.At(j) * g.At(j)
			}
		}
		return sum
	}
	ofForgotten, ofLike := information(forgotten), information(like)
	z := make([]float64, 10*len(forgotten))
	require.NoError(t, m.LogitsAs(nets.View{}, p.Run.Params, p.Run.Data, forgotten, z))
	weights, total := make([]float64, len(forgotten)), 0.0
	for i, id := range forgotten {
		weights[i] = 1 / math.Sqrt(-math.Log(soft(z[10*i : 10*i+10])[p.Run.Data.Y[id]]))
		total += weights[i]
	}
	up, g := m.NewVector(), m.NewVector()
	for i, id := range forgotten {
		_, err := m.Gradient(p.Run.Params, p.Run.Data, []int{id}, g)
		require.NoError(t, err)
		vector.AddScaled(up, -3*weights[i]/total, g)
	}
	masked := 0
	for j := range ofForgotten {
		if ofForgotten[j] < 1.5*ofLike[j] {
			up.Set(j, 0)
			masked++
		}
	}
	require.Greater(t, masked, m.Size()/4)
	require.Less(t, masked, m.Size())
	norm := vector.Norm(up)
	require.Greater(t, norm, 0.2, "nothing is clipped")
	vector.Combine(up, 0.2/norm, up, 0, up)
	step, err := m.NewStepper(0.5, p.Run.Config.WeightDecay, p.Run.Params, nil)
	require.NoError(t, err)
	require.NoError(t, step.Step(up, 0.1))
	_, err = m.Gradient(step.W, p.Run.Data, retained, g)
	require.NoError(t, err)
	require.NoError(t, step.Step(g, 0.1))
	require.InDeltaSlice(t, step.W.Float64s(), res.Params.Float64s(), 1e-10)
}

// TestRUM: parts that are left alone change nothing; one part is its method; and the
// last of three is the third of U whose logit gradients are the largest.
func TestRUM(t *testing.T) {
	p := testruns.Digits(t, graph.Float64, history.LogitGradients())
	p.Forget = data.RandomForget(p.Run.Data, 0.2, 7)
	u := testruns.Solve(t, baselines.RUM{Methods: []unlearning.Method{nil, nil}}, p)
	require.Equal(t, p.Run.Params.Float64s(), u.Float64s())
	for _, m := range []unlearning.Method{baselines.NegGradPlus{}, baselines.SalUn{}, baselines.SCRUB{}} {
		require.Equal(t, testruns.Solve(t, m, p).Float64s(), testruns.Solve(t, baselines.RUM{Methods: []unlearning.Method{m}}, p).Float64s(), m.Name())
	}

	alpha, _, err := p.History.LogitGradients()
	require.NoError(t, err)
	size := func(i int) (sum float64) {
		for c := range 10 {
			sum += math.Abs(alpha.At(10*i + c))
		}
		return sum
	}
	order := p.Forget.Positions()
	slices.SortStableFunc(order, func(a, b int) int { return cmp.Compare(size(a), size(b)) })
	q := p
	q.Forget, err = data.ForgetPositions(p.Run.Data.Len(), order[2*len(order)/3:])
	require.NoError(t, err)
	up := baselines.NegGrad{Steps: baselines.Steps{Cost: 2, LR: nets.ConstantRate(0.01)}}
	require.Equal(t, testruns.Solve(t, up, q).Float64s(), testruns.Solve(t, baselines.RUM{Cost: 2, Methods: []unlearning.Method{nil, nil, up}}, p).Float64s())

	res, err := baselines.RUM{}.Unlearn(t.Context(), p)
	require.NoError(t, err)
	require.LessOrEqual(t, res.GradEvals, 0.2*unlearning.RetrainCost(p))
	require.Positive(t, res.BytesRead)
	for _, bad := range []struct {
		methods []unlearning.Method
		want    string
	}{
		{[]unlearning.Method{unlearning.Mini{}}, "method 0 is mini"},
		{[]unlearning.Method{baselines.RUM{}}, "method 0 is rum"},
		{[]unlearning.Method{baselines.NegGradPlus{Alpha: 3}}, "neggradplus: alpha 3"},
		{[]unlearning.Method{baselines.NegGradPlus{Steps: baselines.Steps{Batch: -1}}}, "neggradplus: batch -1"},
		{[]unlearning.Method{}, "0 methods"},
	} {
		_, err := baselines.RUM{Methods: bad.methods}.Unlearn(t.Context(), p)
		require.ErrorContains(t, err, bad.want)
		require.ErrorContains(t, err, "rum")
	}
	p.History = nil
	_, err = baselines.RUM{}.Unlearn(t.Context(), p)
	require.ErrorIs(t, err, unlearning.ErrNoHistory)
}

// TestConvolutions: every method that trains on also takes networks with convolutions,
// and examples that are augmented.
func TestConvolutions(t *testing.T) {
	p := images(t)
	p.Validation = data.Digits().Validation
	for _, name := range everyTrainer() {
		m, err := unlearning.ByName(name + ":0.5")
		require.NoError(t, err)
		res, err := unlearning.Solve(t.Context(), m, p)
		require.NoError(t, err, name)
		if still := vector.Distance(p.Run.Params, res.Params) == 0; still {
			require.Equal(t, map[unlearning.Guard]int{baselines.GuardNothingDamped: 1}, res.Guards, name)
		}
		require.LessOrEqual(t, res.GradEvals, 0.5*unlearning.RetrainCost(p), name)
	}
}

// everyTrainer names the methods that train on.
func everyTrainer() []string {
	return []string{"neggrad", "neggradplus", "random-labels", "salun", "scrub", "scrub-rewind", "bad-teacher", "l1-sparse", "cf-k", "eu-k", "ssd", "ct", "msg", "sfr-on", "rum", "influence"}
}

// TestRequests asks of every method that trains on what TestBadRivals asks of others.
func TestRequests(t *testing.T) {
	p := images(t)
	p.Validation = data.Digits().Validation
	badProblems(t, p, everyTrainer())
}
