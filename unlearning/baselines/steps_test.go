package baselines_test

import (
	"math"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/miniunlearn/miniunlearn/data"
	"github.com/miniunlearn/miniunlearn/graph"
	"github.com/miniunlearn/miniunlearn/nets"
	"github.com/miniunlearn/miniunlearn/unlearning"
	"github.com/miniunlearn/miniunlearn/unlearning/baselines"
	"github.com/miniunlearn/miniunlearn/unlearning/history"
	"github.com/miniunlearn/miniunlearn/unlearning/internal/testruns"
)

// still are steps that move nothing.
var still = baselines.Steps{Cost: 0.5, LR: nets.ConstantRate(0)}

// digits is a small network's run, a fifth of which is to be forgotten.
func digits(t *testing.T) unlearning.Problem {
	p := testruns.Digits(t, graph.Float64, history.Policy{})
	p.History = nil
	p.Forget = data.RandomForget(p.Run.Data, 0.2, 7)
	return p
}

// line is a run on one feature and squared error without weight decay, whose
// parameters are one slope for each of two outputs.
func line(t *testing.T) unlearning.Problem {
	p := testruns.Record(t, testruns.Quadratic(1), testruns.Gaussian(40, 1), nets.Config{Epochs: 2, Batch: 8, LR: nets.ConstantRate(0.3), Seed: 2, DType: graph.Float64}, history.Policy{})
	p.History = nil
	p.Forget = data.RandomForget(p.Run.Data, 0.2, 3)
	return p
}

// moments are Σx² and Σx·1[label = k] over some examples of a line, over their number.
func moments(p unlearning.Problem, ids []int, label func(i int) int32) (xx float64, xy [2]float64) {
	for _, i := range ids {
		x := float64(p.Run.Data.X[i])
		xx += x * x / float64(len(ids))
		xy[label(i)] += x / float64(len(ids))
	}
	return xx, xy
}

// TestNothingMoves: at a rate of 0 every method that trains on ends at w_T.
func TestNothingMoves(t *testing.T) {
	p := digits(t)
	for _, m := range []unlearning.Method{
		baselines.NegGrad{Steps: still}, baselines.NegGradPlus{Steps: still}, baselines.RandomLabels{Steps: still}, baselines.SalUn{Steps: still},
		baselines.SCRUB{Steps: still}, baselines.BadTeacher{Steps: still}, baselines.L1Sparse{Steps: still}, baselines.CFk{Steps: still}, baselines.SFRon{Steps: still},
	} {
		res, err := unlearning.Solve(t.Context(), m, p)
		require.NoError(t, err, m.Name())
		require.Equal(t, p.Run.Params.Float64s(), res.Params.Float64s(), m.Name())
		require.Positive(t, res.GradEvals, m.Name())
	}
}

// TestStepsCost: no method spends more than it is given, and those that can spend all
// of it leave less than a step of both batches.
func TestStepsCost(t *testing.T) {
	p := digits(t)
	full := unlearning.RetrainCost(p)
	for _, name := range []string{"neggradplus", "random-labels", "salun", "scrub", "bad-teacher", "l1-sparse", "cf-k", "eu-k", "sfr-on", "msg", "neggrad"} {
		for _, cost := range []string{"0.2", "0.5"} {
			m, err := unlearning.ByName(name + ":" + cost)
			require.NoError(t, err)
			res, err := unlearning.Solve(t.Context(), m, p)
			require.NoError(t, err)
			share := map[string]float64{"0.2": 0.2, "0.5": 0.5}[cost]
			require.LessOrEqual(t, res.GradEvals, share*full, name)
			if name == "neggrad" {
				require.LessOrEqual(t, res.GradEvals, 5*float64(p.Forget.Len()))
				continue
			}
			require.Greater(t, res.GradEvals, share*full-50, name)
		}
	}
	_, err := baselines.NegGradPlus{Steps: baselines.Steps{Cost: 1e-9}}.Unlearn(t.Context(), p)
	require.ErrorIs(t, err, unlearning.ErrBudget)
	require.ErrorContains(t, err, "neggradplus")
}

// TestNegGradPlusFineTune: without climbing it is fine-tuning, bit for bit.
func TestNegGradPlusFineTune(t *testing.T) {
	p := testruns.Digits(t, graph.Float32, history.Policy{})
	p.History, p.Forget = nil, data.RandomForget(p.Run.Data, 0.2, 7)
	for _, cost := range []float64{0.1, 0.7} {
		lr := nets.CosineRate{Peak: 0.02, Warmup: 0.1}
		want, err := baselines.FineTune{Short: unlearning.Short{Cost: cost, Batch: 30, LR: lr}}.Unlearn(t.Context(), p)
		require.NoError(t, err)
		got, err := baselines.NegGradPlus{Steps: baselines.Steps{Cost: cost, Batch: 30, LR: lr}, Alpha: 1}.Unlearn(t.Context(), p)
		require.NoError(t, err)
		require.Equal(t, want.Params.Float32s(), got.Params.Float32s())
		require.Equal(t, want.GradEvals, got.GradEvals)
	}
}

// TestNegGradPlusMinimum: in full batches it ends where the derivative of
// α·L_R − (1−α)·L_U vanishes, in one dimension (α Σ_R xy − (1−α) Σ_U xy) / (α Σ_R x² −
// (1−α) Σ_U x²) with means for sums.
func TestNegGradPlusMinimum(t *testing.T) {
	p := line(t)
	own := func(i int) int32 { return p.Run.Data.Y[i] }
	rxx, rxy := moments(p, p.Forget.Retained(40), own)
	uxx, uxy := moments(p, p.Forget.Positions(), own)
	const alpha = 0.8
	require.Positive(t, alpha*rxx-(1-alpha)*uxx)
	u := testruns.Solve(t, baselines.NegGradPlus{Steps: baselines.Steps{Cost: 400, Batch: 1000, LR: nets.ConstantRate(0.3)}, Alpha: alpha}, p)
	for k := range 2 {
		want := (alpha*rxy[k] - (1-alpha)*uxy[k]) / (alpha*rxx - (1-alpha)*uxx)
		require.InDelta(t, want, u.At(k), 1e-10)
		require.Greater(t, math.Abs(want-p.Run.Params.At(k)), 1e-3, "nothing to show")
	}
}

// TestNegGradLine: in full batches the slope leaves the minimum of U at the rate of the
// recursion p ← p/2 − (Σ x² w − Σ xy), w ← w − η p.
func TestNegGradLine(t *testing.T) {
	p := line(t)
	own := func(i int) int32 { return p.Run.Data.Y[i] }
	xx, xy := moments(p, p.Forget.Positions(), own)
	u := testruns.Solve(t, baselines.NegGrad{Steps: baselines.Steps{Cost: 1, Batch: 8, LR: nets.ConstantRate(0.2)}, Epochs: 3}, p)
	for k := range 2 {
		w, mom := p.Run.Params.At(k), 0.0
		for range 3 {
			mom = mom/2 - (xx*w - xy[k])
			w -= 0.2 * mom
		}
		require.InDelta(t, w, u.At(k), 1e-14)
	}
}

// TestRandomLabelsMinimum: in full batches it ends at the minimum on all examples, with
// those of U of the other class: of two there is one.
func TestRandomLabelsMinimum(t *testing.T) {
	p := line(t)
	all := make([]int, 40)
	for i := range all {
		all[i] = i
	}
	xx, xy := moments(p, all, func(i int) int32 {
		if p.Forget.Contains(i) {
			return 1 - p.Run.Data.Y[i]
		}
		return p.Run.Data.Y[i]
	})
	u := testruns.Solve(t, baselines.RandomLabels{Steps: baselines.Steps{Cost: 400, Batch: 1000, LR: nets.ConstantRate(0.3)}}, p)
	for k := range 2 {
		require.InDelta(t, xy[k]/xx, u.At(k), 1e-10)
	}
}

// TestSalUnMask: an empty mask changes nothing, a full one is relabelling, and half a
// mask moves the half of the parameters of which the loss of U depends most.
func TestSalUnMask(t *testing.T) {
	p := digits(t)
	steps := baselines.Steps{Cost: 0.5}
	require.Equal(t, p.Run.Params.Float64s(), testruns.Solve(t, baselines.SalUn{Steps: steps, Share: 1e-9}, p).Float64s())
	// A full mask costs |U| more, which a step counts.
	full, err := baselines.SalUn{Steps: baselines.Steps{Cost: 0.5, LR: nets.ConstantRate(0.01)}, Share: 1}.Unlearn(t.Context(), p)
	require.NoError(t, err)
	left := (full.GradEvals - float64(p.Forget.Len()) + 0.5) / unlearning.RetrainCost(p)
	require.Equal(t, testruns.Solve(t, baselines.RandomLabels{Steps: baselines.Steps{Cost: left, LR: nets.ConstantRate(0.01)}}, p).Float64s(), full.Params.Float64s())

	u := testruns.Solve(t, baselines.SalUn{Steps: steps}, p)
	g := p.Run.Model.NewVector()
	_, err = p.Run.Model.Gradient(p.Run.Params, p.Run.Data, p.Forget.Positions(), g)
	require.NoError(t, err)
	least, most, moved := math.Inf(1), 0.0, 0
	for i := range u.Len() {
		if a := math.Abs(g.At(i)); u.At(i) == p.Run.Params.At(i) {
			most = max(most, a)
		} else {
			least, moved = min(least, a), moved+1
		}
	}
	require.LessOrEqual(t, most, least)
	require.Equal(t, u.Len()/2, moved)
}

// TestSeeds: a seed of a method is another result, equal seeds are equal bits.
func TestSeeds(t *testing.T) {
	p := digits(t)
	for _, name := range []string{"neggrad", "neggradplus", "random-labels", "salun", "scrub", "bad-teacher", "l1-sparse", "cf-k", "eu-k", "sfr-on", "msg"} {
		solve := func(notation string) []float64 {
			m, err := unlearning.ByName(notation)
			require.NoError(t, err)
			return testruns.Solve(t, m, p).Float64s()
		}
		require.Equal(t, solve(name), solve(name+":0.2:seed=1"), "the run's")
		require.NotEqual(t, solve(name), solve(name+":0.2:seed=2"))
	}
}

// TestNotation: settings reach the method, and wrong ones are named.
func TestNotation(t *testing.T) {
	m, err := unlearning.ByName("neggradplus:rate=0.5:0.1:alpha=0.9:batch=64:seed=7")
	require.NoError(t, err)
	require.Equal(t, baselines.NegGradPlus{Steps: baselines.Steps{Cost: 0.1, Batch: 64, Rate: 0.5, Seed: 7}, Alpha: 0.9}, m)
	for notation, want := range map[string]string{
		"neggradplus:0.1:0.2":       `"0.2" is set twice`,
		"neggradplus:alpha=x":       `alpha: "x" is no number`,
		"neggradplus:beta=1":        `no setting "beta"; there are rate, batch, seed, alpha`,
		"neggradplus:-1":            "is no cost",
		"neggrad:epochs=0":          "epochs: ",
		"salun:0.1:seed=0":          "no seed from 1",
		"salun:0.1:batch=1:batch=2": "batch", // set twice
	} {
		_, err := unlearning.ByName(notation)
		require.ErrorContains(t, err, want, notation)
	}
}

// TestBadSteps: what no method could use is an error that names the method.
func TestBadSteps(t *testing.T) {
	p := digits(t)
	nan := math.NaN()
	for _, m := range []unlearning.Method{
		baselines.NegGradPlus{Alpha: 1.1}, baselines.NegGradPlus{Alpha: nan}, baselines.NegGradPlus{Steps: baselines.Steps{Cost: nan}},
		baselines.NegGrad{Epochs: -1}, baselines.NegGrad{Steps: baselines.Steps{Batch: -1}}, baselines.NegGrad{Steps: baselines.Steps{LR: nets.ConstantRate(-1)}},
		baselines.RandomLabels{Steps: baselines.Steps{Rate: math.Inf(1)}}, baselines.SalUn{Share: 2}, baselines.SalUn{Share: -1},
		baselines.SCRUB{Alpha: -1}, baselines.SCRUB{Temperature: nan}, baselines.SCRUB{Rounds: -1}, baselines.SCRUB{Gamma: 1, NoLabels: true}, baselines.SCRUB{Climbs: 1, NoClimb: true},
		baselines.SCRUB{Steps: baselines.Steps{Cost: 0.02}}, baselines.BadTeacher{Share: 2}, baselines.BadTeacher{Temperature: -1}, baselines.L1Sparse{Alpha: nan}, baselines.SSD{Alpha: -1}, baselines.SSD{Lambda: nan},
		baselines.MSG{Share: 2}, baselines.MSG{Slow: -1}, baselines.SFRon{Alpha: nan}, baselines.SFRon{Every: -1}, baselines.SFRon{Clip: -1},
	} {
		_, err := m.Unlearn(t.Context(), p)
		require.ErrorContains(t, err, m.Name(), "%+v", m)
	}
	_, err := baselines.NegGrad{Steps: baselines.Steps{Cost: 5, LR: nets.ConstantRate(1e200)}}.Unlearn(t.Context(), p)
	var diverged *unlearning.DivergedError
	require.ErrorAs(t, err, &diverged)
	require.Equal(t, "neggrad", diverged.Method)
}
