package unlearning

import (
	"context"
	"errors"
	"fmt"

	"github.com/miniunlearn/miniunlearn/internal/purpose"
	"github.com/miniunlearn/miniunlearn/unlearning/history"
)

// FastRetrain trains from fresh initial parameters on the retained examples
// with the schedule of Short: what the same cost buys without any history.
type FastRetrain struct {
	Short
	// Evals, if not 0, is the budget in gradient evaluations, in place of Cost.
	Evals float64
}

// Name implements Method.
func (f FastRetrain) Name() string { return "fast-retrain" }

// History implements Method: no record is needed.
func (FastRetrain) History(Plan) history.Policy { return history.Policy{} }

// Unlearn implements Method.
func (f FastRetrain) Unlearn(ctx context.Context, p Problem) (*Result, error) {
	req, done, err := Begin(f, p)
	if err != nil || done != nil {
		return done, err
	}
	if f.Evals != 0 && f.Cost != 0 {
		return req.Fail(errors.New("set Cost or Evals, not both"))
	}
	s, err := f.Short.complete(req.Run, len(req.Retain))
	if err != nil {
		return req.Fail(err)
	}
	full := req.RetrainCost()
	if f.Evals == 0 {
		f.Evals = s.Cost * full
	}
	if !(f.Evals <= MaxCost*full) { // NaN too
		return req.Fail(fmt.Errorf("%g gradient evaluations, of at most %g", f.Evals, MaxCost*full))
	}
	seed := purpose.Seed(req.Run.Config.Seed, purpose.FastRetrain, 0)
	w, err := s.train(ctx, req, req.Model.Init(seed), f.Evals, seed)
	if err != nil {
		return req.Fail(err)
	}
	return req.Finish(w)
}
