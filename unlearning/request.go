package unlearning

import (
	"errors"
	"fmt"
	"time"

	"github.com/miniunlearn/miniunlearn/graph"
	"github.com/miniunlearn/miniunlearn/nets"
	"github.com/miniunlearn/miniunlearn/unlearning/history"
)

// request is a checked problem being solved.
type request struct {
	Problem
	method   string
	model    *nets.Model
	retained []int
	batches  *batches
	began    time.Time
	read     int64
	guards   map[Guard]int
	route    Route
	reason   string
}

// begin checks the problem. A nil request with a result means U = ∅.
func begin(m Method, p Problem) (*request, *Result, error) {
	began := time.Now()
	fail := func(err error) (*request, *Result, error) {
		return nil, nil, fmt.Errorf("unlearning: %s: %w", m.Name(), err)
	}
	if err := p.Run.Validate(); err != nil {
		return fail(err)
	}
	n := p.Run.Data.Len()
	if p.Forget.Len() == 0 {
		return nil, &Result{Method: m.Name(), Params: p.Run.Params.Clone(), Elapsed: time.Since(began)}, nil
	}
	if err := p.Forget.Validate(n); err != nil {
		return fail(err)
	}
	if p.Forget.Len() == n {
		return fail(fmt.Errorf("%w: all %d examples are to be forgotten", ErrNothingLeft, n))
	}
	if p.Run.Config.Drop.Len() > 0 || p.Run.Config.Only != nil {
		return fail(errors.New("the run itself left examples out; forget from a run on the whole data set"))
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
	model := p.Run.Model.Clone()
	return &request{
		Problem: p, method: m.Name(), model: model, retained: p.Forget.Retained(n),
		batches: newBatches(p.Run.Order, p.Forget), began: began, guards: map[Guard]int{},
	}, nil, nil
}

// end makes the result.
func (q *request) end(params *graph.Tensor) (*Result, error) {
	if !params.Finite() {
		return nil, &DivergedError{q.method, q.Run.Steps - 1}
	}
	res := &Result{
		Method: q.method, Params: params, GradEvals: q.model.GradEvals(),
		BytesRead: q.read, Route: q.route, RouteReason: q.reason, Elapsed: time.Since(q.began),
	}
	if q.read > 0 {
		res.BytesKept = q.History.Bytes()
	}
	if len(q.guards) > 0 {
		res.Guards = q.guards
	}
	return res, nil
}

// fail says which method an error is of, unless it says so itself.
func (q *request) fail(err error) (*Result, error) {
	var d *DivergedError
	if errors.As(err, &d) {
		return nil, d
	}
	return nil, fmt.Errorf("unlearning: %s: %w", q.method, err)
}

// rate returns the learning rate of step t of the recorded run.
func (q *request) rate(t int) float64 { return q.Run.Config.LR.Rate(t, q.Run.Steps) }
