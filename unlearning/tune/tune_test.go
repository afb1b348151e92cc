package tune_test

import (
	"context"
	"fmt"
	"math"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/miniunlearn/miniunlearn/data"
	"github.com/miniunlearn/miniunlearn/graph"
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

// TestTuned: one trial is the published defaults; of more the chosen one comes closest to
// the answer of the rehearsal, and its notation gives the result again.
func TestTuned(t *testing.T) {
	p := problem(t)
	for _, of := range []string{"neggradplus:0.3", "salun:0.3:share=0.4", "scrub:0.5"} {
		method := func(notation string, p unlearning.Problem) *unlearning.Result {
			m, err := unlearning.ByName(notation)
			require.NoError(t, err)
			res, err := unlearning.Solve(t.Context(), m, p)
			require.NoError(t, err, notation)
			return res
		}
		plain, once, more := method(of, p), method("tuned:"+of+":trials=1", p), method("tuned:"+of, p)
		require.Equal(t, plain.Params.Float64s(), once.Params.Float64s())
		require.EqualValues(t, of, once.Route)
		require.Equal(t, plain.GradEvals, once.GradEvals)
		require.Zero(t, plain.TuningEvals)

		r, err := tune.Rehearse(t.Context(), p, p.Run.Config.Seed)
		require.NoError(t, err)
		at := func(notation string) float64 {
			v, err := r.Value(t.Context(), method(notation, r.Problem).Params)
			require.NoError(t, err)
			return v
		}
		require.LessOrEqual(t, at(string(more.Route)), at(of))
		require.Equal(t, more.RouteReason, fmt.Sprintf("the best of 16 settings in a rehearsal, at a distance of %.4f", at(string(more.Route))))
		require.Equal(t, method(string(more.Route), p).Params.Float64s(), more.Params.Float64s())
		require.Greater(t, more.TuningEvals, unlearning.RetrainCost(r.Problem)+15*more.GradEvals)
		require.Less(t, more.TuningEvals, 1.5*(unlearning.RetrainCost(r.Problem)+16*more.GradEvals))
		require.Equal(t, more.Params.Float64s(), method("tuned:"+of, p).Params.Float64s())
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

// TestRehearsal: the other set has as many examples of each class and none of U's;
// retraining without it is the answer, and what is further from that is worth less.
func TestRehearsal(t *testing.T) {
	p := problem(t)
	counts := func(u data.ForgetSet) []int { return p.Run.Data.Subset(u.Positions()).ClassCounts() }
	r, err := tune.Rehearse(t.Context(), p, 3)
	require.NoError(t, err)
	require.Equal(t, counts(p.Forget), counts(r.Problem.Forget))
	for i := range r.Problem.Forget.All() {
		require.False(t, p.Forget.Contains(i))
	}
	value := func(w *graph.Tensor) float64 {
		v, err := r.Value(t.Context(), w)
		require.NoError(t, err)
		return v
	}
	v := testruns.Solve(t, unlearning.Retrain{}, r.Problem)
	require.InDelta(t, 0, value(v), 1e-12)
	require.Greater(t, value(p.Run.Params), 1e-4)
	require.Greater(t, value(p.Run.Model.NewVector()), 10*value(p.Run.Params))
	other, err := tune.Rehearse(t.Context(), p, 4)
	require.NoError(t, err)
	require.NotEqual(t, r.Problem.Forget, other.Problem.Forget)

	// By the definition, on U' and on the validation part.
	var want float64
	for _, on := range []struct {
		ds  *data.Dataset
		ids []int
	}{{p.Run.Data, r.Problem.Forget.Positions()}, {p.Validation, nil}} {
		rows := on.ds
		if on.ids != nil {
			rows = on.ds.Subset(on.ids)
		}
		a, err := p.Run.Model.Logits(t.Context(), v, rows.X, rows.Len())
		require.NoError(t, err)
		b, err := p.Run.Model.Logits(t.Context(), p.Run.Params, rows.X, rows.Len())
		require.NoError(t, err)
		for i := 0; i < len(a); i += 10 {
			var sa, sb float64
			for c := range 10 {
				sa, sb = sa+math.Exp(a[i+c]), sb+math.Exp(b[i+c])
			}
			for c := range 10 {
				q := math.Exp(a[i+c]) / sa
				want += q * math.Log(q/(math.Exp(b[i+c])/sb)) / float64(rows.Len())
			}
		}
	}
	require.InDelta(t, want, value(p.Run.Params), 1e-12)

	// A class that is gone is rehearsed by another; of a set that is nearly all, and
	// of one that is half, some of what is left.
	p.Validation = nil
	p.Forget, err = data.ParseForget("class:9", p.Run.Data, 1)
	require.NoError(t, err)
	r, err = tune.Rehearse(t.Context(), p, 3)
	require.NoError(t, err)
	got := counts(r.Problem.Forget)
	require.Zero(t, got[9])
	require.Equal(t, slices.Max(got), r.Problem.Forget.Len(), "of one class")
	require.LessOrEqual(t, slices.Max(got), p.Forget.Len())
	require.Positive(t, slices.Max(got))
	for _, share := range []float64{0.5, 0.9} {
		p.Forget = data.RandomForget(p.Run.Data, share, 7)
		r, err = tune.Rehearse(t.Context(), p, 3)
		require.NoError(t, err)
		require.Positive(t, r.Problem.Forget.Len())
		require.Less(t, r.Problem.Forget.Len(), p.Run.Data.Len()-p.Forget.Len())
	}
	p.Forget, err = data.ForgetPositions(p.Run.Data.Len(), func() (all []int) {
		for i := range p.Run.Data.Len() - 1 {
			all = append(all, i)
		}
		return all
	}())
	require.NoError(t, err)
	_, err = tune.Rehearse(t.Context(), p, 3)
	require.ErrorContains(t, err, "no rehearsal")
}

// TestTunedErrors: what tuning needs, and what cannot be tuned.
func TestTunedErrors(t *testing.T) {
	p := problem(t)
	q := p
	q.Validation = testruns.Gaussian(10, 3)
	_, err := tune.Tuned{Of: "scrub:0.3"}.Unlearn(t.Context(), q)
	require.ErrorContains(t, err, "validation: ")
	_, err = tune.Tuned{Of: "scrub:0.3", Trials: -1}.Unlearn(t.Context(), p)
	require.ErrorContains(t, err, "trials -1")
	_, err = tune.Tuned{Of: "neggradplus:0.000001"}.Unlearn(t.Context(), p)
	require.ErrorIs(t, err, unlearning.ErrBudget)
	require.ErrorContains(t, err, "none of 16 settings")
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

// TestSearch: the settings that are spread meet every part of every range once, later
// ones are around the best of them, and no setting depends on what others were worth
// but for that.
func TestSearch(t *testing.T) {
	ranges := []tune.Range{{Name: "a", Low: 0, High: 8}, {Name: "b", Low: 1, High: 256, Log: true}, {Name: "c", Low: 1, High: 4, Whole: true}}
	read := func(settings string) (v [3]float64) {
		_, err := fmt.Sscanf(settings, ":a=%g:b=%g:c=%g", &v[0], &v[1], &v[2])
		require.NoError(t, err, settings)
		return v
	}
	worth := func(settings string) float64 { return math.Abs(read(settings)[0] - 5) } // the best has an a of 5
	all := tune.Settings(ranges, 17, 3, worth)
	require.Empty(t, all[0])
	a, b, c, best := map[int]int{}, map[int]int{}, map[float64]int{}, all[1]
	for _, s := range all[1:9] {
		v := read(s)
		a[int(v[0])]++
		b[int(math.Log2(v[1]))]++
		c[v[2]]++
		if worth(s) < worth(best) {
			best = s
		}
	}
	for i := range 8 {
		require.Equal(t, 1, a[i])
		require.Equal(t, 1, b[i])
	}
	require.Equal(t, map[float64]int{1: 2, 2: 2, 3: 2, 4: 2}, c)
	for k, s := range all[9:] {
		require.InDelta(t, read(best)[0], read(s)[0], 2+1e-2, "%d", k)
		if worth(s) < worth(best) {
			best = s
		}
	}
	require.Equal(t, all, tune.Settings(ranges, 17, 3, worth))
	require.Equal(t, all[:9], tune.Settings(ranges, 17, 3, func(string) float64 { return 1 })[:9])
	require.NotEqual(t, all, tune.Settings(ranges, 17, 4, worth))
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
