package tune_test

import (
	"context"
	"fmt"
	"math"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/miniunlearn/miniunlearn/data"
	"github.com/miniunlearn/miniunlearn/graph"
	"github.com/miniunlearn/miniunlearn/nets"
	"github.com/miniunlearn/miniunlearn/unlearning"
	_ "github.com/miniunlearn/miniunlearn/unlearning/baselines"
	"github.com/miniunlearn/miniunlearn/unlearning/history"
	"github.com/miniunlearn/miniunlearn/unlearning/internal/testruns"
	"github.com/miniunlearn/miniunlearn/unlearning/tune"
)

// problem is a small network's run with unseen examples.
func problem(t testing.TB) unlearning.Problem {
	p := testruns.Digits(t, graph.Float64, history.LogitGradients())
	p.Forget, p.Validation = data.RandomForget(p.Run.Data, 0.1, 7), data.Digits().Validation
	return p
}

// TestTuned: one trial is the published defaults; more do no worse by the objective, and
// the notation that was chosen gives the result again.
func TestTuned(t *testing.T) {
	p := problem(t)
	for _, of := range []string{"neggradplus:0.3", "salun:0.3:share=0.4", "scrub:0.5"} {
		method := func(notation string) *unlearning.Result {
			m, err := unlearning.ByName(notation)
			require.NoError(t, err)
			res, err := unlearning.Solve(t.Context(), m, p)
			require.NoError(t, err, notation)
			return res
		}
		plain, once, more := method(of), method("tuned:"+of+":trials=1"), method("tuned:"+of)
		require.Equal(t, plain.Params.Float64s(), once.Params.Float64s())
		require.EqualValues(t, of, once.Route)
		require.Equal(t, plain.GradEvals, once.GradEvals)
		require.Greater(t, once.TuningEvals, once.GradEvals)
		require.Zero(t, plain.TuningEvals)

		o, err := tune.NewObjective(t.Context(), p)
		require.NoError(t, err)
		before, err := o.Value(t.Context(), plain.Params)
		require.NoError(t, err)
		after, err := o.Value(t.Context(), more.Params)
		require.NoError(t, err)
		require.LessOrEqual(t, after, before)
		require.Contains(t, more.RouteReason, fmt.Sprintf("the best of 8 settings by the objective on unseen examples, %.4f", after))
		require.Equal(t, method(string(more.Route)).Params.Float64s(), more.Params.Float64s())
		require.Greater(t, more.TuningEvals, 6*more.GradEvals)
		require.Equal(t, more.Params.Float64s(), method("tuned:"+of).Params.Float64s())
	}
}

// TestTunedAsIs: a method without ranges, one whose settings are all named, and an empty
// set are solved as they are.
func TestTunedAsIs(t *testing.T) {
	p := problem(t)
	p.Validation = nil
	for _, of := range []string{"mini:0.3", "random-labels:0.3:rate=0.2"} {
		m, err := unlearning.ByName(of)
		require.NoError(t, err)
		tuned, err := tune.Tuned{Of: of}.Unlearn(t.Context(), p)
		require.NoError(t, err)
		require.Equal(t, testruns.Solve(t, m, p).Float64s(), tuned.Params.Float64s())
		require.Equal(t, m.History(unlearning.PlanOf(p.Run)), tune.Tuned{Of: of}.History(unlearning.PlanOf(p.Run)))
	}
	p.Forget = data.ForgetSet{}
	res, err := tune.Tuned{Of: "scrub"}.Unlearn(t.Context(), p)
	require.NoError(t, err)
	require.Equal(t, p.Run.Params.Float64s(), res.Params.Float64s())
}

// TestObjective: at w_T it is the distance of the two distributions of logit gaps, by
// their definition; where a class is gone it is the probability of its label there; and
// flattening all answers is worse than leaving them.
func TestObjective(t *testing.T) {
	p := problem(t)
	z := func(w *graph.Tensor, ds *data.Dataset, ids []int) []float64 {
		out := make([]float64, 10*len(ids))
		require.NoError(t, p.Run.Model.LogitsAs(nets.View{}, w, ds, ids, out))
		return out
	}
	probability := func(row []float64, y int32) float64 {
		var sum float64
		for _, v := range row {
			sum += math.Exp(v - row[y])
		}
		return 1 / sum
	}
	o, err := tune.NewObjective(t.Context(), p)
	require.NoError(t, err)
	got, err := o.Value(t.Context(), p.Run.Params)
	require.NoError(t, err)

	ds, unseen, u := p.Run.Data, p.Validation, p.Forget.Positions()
	want, have := map[int32]int{}, map[int32][]int{}
	for _, i := range u {
		want[ds.Y[i]]++
	}
	for i, y := range unseen.Y {
		have[y] = append(have[y], i)
	}
	share := math.Inf(1)
	for y, n := range want {
		share = min(share, float64(len(have[y]))/float64(n))
	}
	var like []int
	for y := range int32(10) {
		like = append(like, have[y][:int(share*float64(want[y]))]...)
	}
	gaps := func(ds *data.Dataset, ids []int) (all []float64) {
		out := z(p.Run.Params, ds, ids)
		for i, id := range ids {
			q := probability(out[10*i:10*i+10], ds.Y[id])
			all = append(all, math.Log(q/(1-q)))
		}
		return all
	}
	a, b := gaps(ds, u), gaps(unseen, like)
	var ks float64
	for _, at := range append(append([]float64{}, a...), b...) {
		below := func(of []float64) (n float64) {
			for _, v := range of {
				if v <= at {
					n += 1 / float64(len(of))
				}
			}
			return n
		}
		ks = max(ks, math.Abs(below(a)-below(b)))
	}
	require.InDelta(t, ks, got, 1e-9)
	flat, err := o.Value(t.Context(), p.Run.Model.NewVector())
	require.NoError(t, err)
	require.Greater(t, flat, 3*got)

	p.Forget, err = data.ParseForget("class:3", ds, 1)
	require.NoError(t, err)
	o, err = tune.NewObjective(t.Context(), p)
	require.NoError(t, err)
	got, err = o.Value(t.Context(), p.Run.Params)
	require.NoError(t, err)
	var mean float64
	gone := p.Forget.Positions()
	for i, row := range gone {
		mean += probability(z(p.Run.Params, ds, gone)[10*i:10*i+10], ds.Y[row]) / float64(len(gone))
	}
	require.InDelta(t, mean, got, 1e-9)
}

// TestTunedErrors: what tuning needs, and what cannot be tuned.
func TestTunedErrors(t *testing.T) {
	p := problem(t)
	q := p
	q.Validation = nil
	_, err := tune.Tuned{Of: "scrub:0.3"}.Unlearn(t.Context(), q)
	require.ErrorContains(t, err, "tuned:scrub:0.3: it needs unseen examples")
	q.Validation = testruns.Gaussian(10, 3)
	_, err = tune.Tuned{Of: "scrub:0.3"}.Unlearn(t.Context(), q)
	require.ErrorContains(t, err, "validation: ")
	q.Validation = p.Validation.Subset([]int{0})
	_, err = tune.Tuned{Of: "scrub:0.3"}.Unlearn(t.Context(), q)
	require.ErrorContains(t, err, "too few of the classes")
	_, err = tune.Tuned{Of: "scrub:0.3", Trials: -1}.Unlearn(t.Context(), p)
	require.ErrorContains(t, err, "trials -1")
	_, err = tune.Tuned{Of: "neggradplus:0.000001"}.Unlearn(t.Context(), p)
	require.ErrorIs(t, err, unlearning.ErrBudget)
	require.ErrorContains(t, err, "none of 8 settings")
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err = tune.Tuned{Of: "neggradplus:0.3"}.Unlearn(ctx, p)
	require.ErrorIs(t, err, context.Canceled)
	for notation, want := range map[string]string{
		"tuned":                      "name the method to tune",
		"tuned:nothing":              "unknown method",
		"tuned:newton":               "between what newton is tuned",
		"tuned:neggradplus:trials=0": "no number from 1",
		"tuned:neggradplus:beta=1":   `no setting "beta"`,
	} {
		_, err := unlearning.ByName(notation)
		require.ErrorContains(t, err, want)
	}
}

// TestRegister: every range names a setting that its method takes; empty ranges and
// names that are taken are refused.
func TestRegister(t *testing.T) {
	for _, name := range []string{"neggrad", "neggradplus", "random-labels", "salun", "scrub", "scrub-rewind", "bad-teacher", "l1-sparse", "cf-k", "eu-k", "ct", "msg", "sfr-on", "ssd", "influence"} {
		ranges, known := tune.Space(name)
		require.True(t, known)
		require.NotEmpty(t, ranges)
		for _, r := range ranges {
			for _, v := range []float64{r.Low, r.High} {
				_, err := unlearning.ByName(fmt.Sprintf("%s:%s=%g", name, r.Name, v))
				require.NoError(t, err)
			}
		}
	}
	require.PanicsWithValue(t, `tune: the ranges of "scrub" are registered twice`, func() { tune.Register("scrub") })
	require.Panics(t, func() { tune.Register("other", tune.Range{Name: "a", Low: 1, High: 1}) })
	require.Panics(t, func() { tune.Register("other", tune.Range{Name: "a", High: 1, Log: true}) })
	_, known := tune.Space("other")
	require.False(t, known)
}
