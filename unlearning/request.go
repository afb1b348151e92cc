package unlearning

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/miniunlearn/miniunlearn/graph"
	"github.com/miniunlearn/miniunlearn/nets"
	"github.com/miniunlearn/miniunlearn/unlearning/contraction"
	"github.com/miniunlearn/miniunlearn/unlearning/history"
)

// Request is a problem that has been checked and is being solved. A method begins
// one, computes with the Request's own Model, which counts, and ends with Finish or
// Fail. It is for one goroutine.
type Request struct {
	// System holds the run, U, the record, the retained examples and the counts of
	// guards.
	*contraction.System

	method string
	began  time.Time
	route  Route
	reason string
}

// Begin checks a problem for a method. A result without a Request means that
// U = ∅ and nothing is added, of which the run's own parameters are the solution.
func Begin(m Method, p Problem) (*Request, *Result, error) {
	began := time.Now()
	fail := func(err error) (*Request, *Result, error) {
		return nil, nil, fmt.Errorf("unlearning: %s: %w", m.Name(), err)
	}
	if err := p.Run.Validate(); err != nil {
		return fail(err)
	}
	n := p.Run.Data.Len()
	if p.adds() {
		if _, can := m.(Learner); !can {
			return fail(ErrAdd)
		}
		if p.Rewrite != nil {
			return fail(errors.New("the record of a run that examples are added to cannot be rewritten; forget first, then add"))
		}
	} else if p.Forget.Len() == 0 {
		return nil, &Result{Method: m.Name(), Params: p.Run.Params.Clone(), Elapsed: time.Since(began)}, nil
	}
	if err := p.Forget.Validate(n); err != nil && p.Forget.Len() > 0 {
		return fail(err)
	}
	if p.Forget.Len() == n {
		return fail(fmt.Errorf("%w: all %d examples are to be forgotten", ErrNothingLeft, n))
	}
	if p.Run.Config.Drop.Len() > 0 || p.Run.Config.Only != nil {
		return fail(errors.New("the run itself left examples out; forget from a run on the whole data set"))
	}
	if p.Validation != nil && p.Validation.Len() > 0 {
		if err := p.Run.Model.Arch().Fits(p.Validation); err != nil {
			return fail(fmt.Errorf("validation: %w", err))
		}
	}
	needed := !m.History(PlanOf(p.Run)).Empty()
	if needed && p.History == nil {
		return fail(fmt.Errorf("%w; train with a history.Recorder among the hooks", ErrNoHistory))
	}
	if p.History != nil {
		// Also where the method does not look at it: that a record is another run's
		// says that the run is not what the caller takes it for.
		switch err := p.History.Check(p.Run); {
		case errors.Is(err, history.ErrEngine) && (p.OtherEngine || !needed):
		case errors.Is(err, history.ErrEngine):
			return fail(fmt.Errorf("%w; use that engine, or set Problem.OtherEngine for a close result", err))
		case err != nil:
			return fail(err)
		}
	}
	q := &Request{System: contraction.NewSystem(p.Run, p.Forget, p.History), method: m.Name(), began: began}
	if p.adds() {
		if err := q.Add(p.Add); err != nil {
			return fail(fmt.Errorf("to add: %w", err))
		}
	}
	if p.Rewrite != nil {
		q.Watch = rewriting(p.Rewrite, q.Model)
	}
	return q, nil, nil
}

// Finish makes the result.
func (req *Request) Finish(params *graph.Tensor) (*Result, error) {
	if !params.Finite() {
		return nil, &DivergedError{Method: req.method, Step: req.Run.Steps - 1}
	}
	res := &Result{
		Method: req.method, Params: params, GradEvals: req.Model.GradEvals(),
		BytesRead: req.BytesRead, Route: req.route, RouteReason: req.reason, Elapsed: time.Since(req.began),
	}
	if req.BytesRead > 0 {
		res.BytesKept = req.Record.Bytes()
	}
	if len(req.Guards) > 0 {
		res.Guards = req.Guards
	}
	return res, nil
}

// Fail says which method an error is of.
func (req *Request) Fail(err error) (*Result, error) {
	var own *DivergedError
	var parts *contraction.DivergedError
	var training *nets.DivergedError
	switch {
	case errors.As(err, &own):
		return nil, &DivergedError{req.method, own.Step, own.Part}
	case errors.As(err, &parts):
		return nil, &DivergedError{req.method, parts.Step, parts.Part}
	case errors.As(err, &training):
		return nil, &DivergedError{req.method, training.Step, training.Where}
	}
	return nil, fmt.Errorf("unlearning: %s: %w", req.method, err)
}

// Took notes the way that a method with several took, and why.
func (req *Request) Took(route Route, reason string) { req.route, req.reason = route, reason }

// share is r, the share of the run's examples that are forgotten.
func (req *Request) share() float64 {
	return float64(req.Forget.Len()) / float64(req.Run.Order.Len())
}

// logits are those of examples at w, [N, Classes], as they were shown last.
func (req *Request) logits(w *graph.Tensor, ids []int) ([]float64, error) {
	z := make([]float64, len(ids)*req.Model.Arch().Classes)
	return z, req.Model.LogitsAs(req.LastView(), w, req.Run.Data, ids, z)
}

// Step takes step t of a run of the method's own: s moves at learning rate eta along
// the gradient that find leaves in g. A step that leaves the finite numbers is a
// *DivergedError.
func (req *Request) Step(ctx context.Context, t int, s *nets.Stepper, eta float64, g *graph.Tensor, find func(w, g *graph.Tensor) error) error {
	err := ctx.Err()
	if err == nil {
		err = find(s.W, g)
	}
	if err == nil {
		err = s.Step(g, eta)
	}
	if err != nil {
		return fmt.Errorf("step %d: %w", t, err)
	}
	if !s.W.Finite() {
		return &DivergedError{Method: req.method, Step: t}
	}
	return nil
}
