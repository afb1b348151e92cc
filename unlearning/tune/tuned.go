package tune

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"math"
	"strconv"
	"strings"

	"github.com/miniunlearn/miniunlearn/unlearning"
	"github.com/miniunlearn/miniunlearn/unlearning/history"
)

// Tuned solves a problem by a method with the hyperparameters that do best in a
// Rehearsal. The result's cost is what the method takes; what choosing took is in
// TuningEvals, and its Route is the notation that was chosen. It needs what the method
// needs.
type Tuned struct {
	// Of is the notation of the method. Settings that it names are not tuned.
	Of string
	// Trials is the number of settings that are tried, the published defaults among
	// them; 0 means 16.
	Trials int
	Seed   uint64 // of the settings and the rehearsal; 0 means the run's
}

// trials is a choice, not a fit: eight settings spread over the ranges have one in their
// best third in 19 of 20 cases, 1 − (2/3)⁸ = 0.96, and as many refine it.
const trials = 16

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
	seed := cmp.Or(t.Seed, p.Run.Config.Seed)
	r, err := Rehearse(ctx, p, seed)
	if err != nil {
		return fail(err)
	}
	var best string
	var first error
	lowest, failed, n := math.Inf(1), 0, cmp.Or(t.Trials, trials)
	settings := newSearch(ranges, n, seed)
	for k := range n {
		notation := t.Of + settings.next(k)
		value, err := r.try(ctx, notation)
		if ctx.Err() != nil {
			return fail(ctx.Err())
		}
		if err != nil {
			failed++
			first = cmp.Or(first, err)
			continue
		}
		if settings.judged(k, value); value < lowest {
			best, lowest = notation, value
		}
	}
	if best == "" {
		return fail(fmt.Errorf("none of %d settings could be judged; the first: %w", n, first))
	}
	if m, err = unlearning.ByName(best); err != nil {
		return fail(err)
	}
	res, err := unlearning.Solve(ctx, m, p)
	if err != nil {
		return fail(err)
	}
	res.Route = unlearning.Route(best)
	res.RouteReason = fmt.Sprintf("the best of %d settings in a rehearsal, at a distance of %.4f", n, lowest)
	if failed > 0 {
		res.RouteReason += fmt.Sprintf("; %d of them could not run", failed)
	}
	res.TuningEvals = r.GradEvals
	return res, nil
}

// try solves the rehearsal with one setting, and returns how far that is from the answer.
func (r *Rehearsal) try(ctx context.Context, notation string) (float64, error) {
	m, err := unlearning.ByName(notation)
	if err != nil {
		return 0, err
	}
	res, err := unlearning.Solve(ctx, m, r.Problem)
	if err != nil {
		return 0, err
	}
	r.GradEvals += res.GradEvals
	value, err := r.Value(ctx, res.Params)
	if err == nil && math.IsNaN(value) {
		err = fmt.Errorf("%s: the distance is not a number", notation)
	}
	return value, err
}
