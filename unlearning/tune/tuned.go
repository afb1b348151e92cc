package tune

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"math"
	"strconv"
	"strings"

	"github.com/miniunlearn/miniunlearn/internal/purpose"
	"github.com/miniunlearn/miniunlearn/unlearning"
	"github.com/miniunlearn/miniunlearn/unlearning/history"
)

// Tuned solves a problem by a method with the hyperparameters that do best by Objective.
// The result is that of the best trial: its cost is what the method takes, and what all
// trials and their evaluation took is in Result.TuningEvals. Its Route is the notation
// that was chosen. It needs Problem.Validation, and what the method needs.
type Tuned struct {
	// Of is the notation of the method. Settings that it names are not tuned.
	Of string
	// Trials is the number of settings that are tried, the published defaults among
	// them; 0 means 8.
	Trials int
	Seed   uint64 // of the settings that are drawn; 0 means the run's
}

// trials are enough for one of them to be among the best third of the settings in 19 of
// 20 cases: 1 − (2/3)⁸ = 0.96. A choice, not a fit.
const trials = 8

func init() {
	unlearning.Register("tuned", "METHOD:trials=T", func(arg string) (unlearning.Method, error) {
		var t Tuned
		var of []string
		for _, item := range strings.Split(arg, ":") {
			text, is := strings.CutPrefix(item, "trials=")
			if !is {
				of = append(of, item)
				continue
			}
			n, err := strconv.Atoi(text)
			if err != nil || n < 1 {
				return nil, fmt.Errorf("trials: %q is no number from 1", text)
			}
			t.Trials = n
		}
		t.Of = strings.Join(of, ":")
		_, err := t.method()
		return t, err
	})
}

// method returns the one that is tuned, with the settings of its notation.
func (t Tuned) method() (unlearning.Method, error) {
	if t.Of == "" {
		return nil, errors.New("name the method to tune, as in tuned:neggradplus:0.2")
	}
	m, err := unlearning.ByName(t.Of)
	if err != nil {
		return nil, err
	}
	if _, is := Space(t.Of); !is {
		return nil, fmt.Errorf("nobody has said between what %s is tuned; see Register", t.Of)
	}
	return m, nil
}

// Name implements unlearning.Method.
func (t Tuned) Name() string { return "tuned:" + t.Of }

// History implements unlearning.Method: what the method needs.
func (t Tuned) History(p unlearning.Plan) history.Policy {
	m, err := t.method()
	if err != nil {
		return history.Policy{} // Unlearn says so
	}
	return m.History(p)
}

// Unlearn implements unlearning.Method.
func (t Tuned) Unlearn(ctx context.Context, p unlearning.Problem) (*unlearning.Result, error) {
	fail := func(err error) (*unlearning.Result, error) {
		return nil, fmt.Errorf("unlearning: %s: %w", t.Name(), err)
	}
	m, err := t.method()
	if err != nil {
		return fail(err)
	}
	if t.Trials < 0 {
		return fail(fmt.Errorf("trials %d must be positive", t.Trials))
	}
	ranges, _ := Space(t.Of)
	if p.Forget.Len() == 0 || len(ranges) == 0 {
		return m.Unlearn(ctx, p) // there is nothing to choose between
	}
	o, err := NewObjective(ctx, p)
	if err != nil {
		return fail(err)
	}
	var best *unlearning.Result
	var first error
	lowest, evals, failed, n := math.Inf(1), 0.0, 0, cmp.Or(t.Trials, trials)
	for k := range n {
		notation := t.Of
		if k > 0 {
			rng := purpose.Rand(cmp.Or(t.Seed, p.Run.Config.Seed), purpose.Trial, uint64(k))
			for _, r := range ranges {
				notation += ":" + r.draw(rng)
			}
		}
		res, value, err := t.try(ctx, o, notation, p)
		if ctx.Err() != nil {
			return fail(ctx.Err())
		}
		if err != nil {
			failed++
			first = cmp.Or(first, err)
			continue
		}
		evals += res.GradEvals
		if value < lowest {
			best, lowest = res, value
			best.Route = unlearning.Route(notation)
		}
	}
	if best == nil {
		return fail(fmt.Errorf("none of %d settings could be judged; the first: %w", n, first))
	}
	best.RouteReason = fmt.Sprintf("the best of %d settings by the objective on unseen examples, %.4f", n, lowest)
	if failed > 0 {
		best.RouteReason += fmt.Sprintf("; %d of them could not run", failed)
	}
	best.TuningEvals = evals + o.Model.GradEvals()
	return best, nil
}

// try solves the problem with one setting, and judges the result.
func (t Tuned) try(ctx context.Context, o *Objective, notation string, p unlearning.Problem) (*unlearning.Result, float64, error) {
	m, err := unlearning.ByName(notation)
	if err != nil {
		return nil, 0, err
	}
	res, err := unlearning.Solve(ctx, m, p)
	if err != nil {
		return nil, 0, err
	}
	value, err := o.Value(ctx, res.Params)
	if err == nil && math.IsNaN(value) {
		err = fmt.Errorf("%s: the objective is not a number", notation)
	}
	return res, value, err
}
