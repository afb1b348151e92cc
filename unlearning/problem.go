package unlearning

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/miniunlearn/miniunlearn/data"
	"github.com/miniunlearn/miniunlearn/graph"
	"github.com/miniunlearn/miniunlearn/nets"
	"github.com/miniunlearn/miniunlearn/unlearning/history"
)

// Problem is one request to forget.
type Problem struct {
	// Run is the training run whose examples are to be forgotten. Its data must
	// not have been changed since.
	Run *nets.Run
	// Forget is U. The empty set returns the run's parameters unchanged, at
	// no cost, but for retraining with another seed, where it is an error; the
	// whole training set is ErrNothingLeft.
	Forget data.ForgetSet
	// History is the record of Run; methods that need none accept nil.
	History *history.Record
	// OtherEngine accepts a record that another engine made, of which
	// history.ErrEngine would be the error. Results are then close to those of
	// one engine for both, not equal.
	OtherEngine bool
}

// Method is a way to forget. Methods are values: Unlearn changes neither the
// method nor the problem, and may be called concurrently for different runs.
type Method interface {
	// Name identifies the method in results.
	Name() string
	// Needs says what history the method uses.
	Needs() Needs
	// Unlearn solves the problem. It reads neither test data nor retrained
	// models. On an error nothing has changed.
	Unlearn(ctx context.Context, p Problem) (*Result, error)
}

// Needs says what a method wants from the history.
type Needs uint8

const (
	NeedsNothing     Needs = iota // works without a record
	NeedsCheckpoints              // parameters at some steps
	NeedsGradients                // gradients of steps, see history.All and history.EveryEpochs
	NeedsPushes                   // the pushes of the run, see history.Pushes
)

// Result is what a method found and what it cost.
type Result struct {
	Method string
	Params *graph.Tensor // [P]

	// GradEvals counts everything the request made the model compute, in
	// gradient evaluations; see nets.Model.GradEvals.
	GradEvals float64
	// BytesRead is the part of the history that was read.
	BytesRead int64
	// BytesKept is the size of the history; 0 if none was read.
	BytesKept int64
	// Elapsed is the time from the call on, the comparison of record and run
	// included.
	Elapsed time.Duration
	// Guards counts, by name, how often a safeguard changed what the method does:
	//
	//	coherent            requests that Mini answers by training, U having much in common
	//	contrary            requests that Mini answers by training, U having taught against the rest
	//	no pair yet         steps that L-BFGS took without curvature
	//	pair rejected       pairs that would have made L-BFGS indefinite
	//	product shortened   products of L-BFGS beyond the trust region
	//	negative curvature  iterations of Newton that ended early
	Guards map[string]int
}

// Errors that callers may branch on.
var (
	// ErrNothingLeft: U is the whole training set.
	ErrNothingLeft = errors.New("nothing is left to learn from")
	// ErrNoHistory: the method needs a record and the problem has none.
	ErrNoHistory = errors.New("the method needs a recorded history")
	// ErrBudget: the method was allowed less work than one step takes.
	ErrBudget = errors.New("the budget is less than one step")
)

// DivergedError says that a method left the finite numbers.
type DivergedError struct {
	Method string
	Step   int
}

// Error implements error.
func (e *DivergedError) Error() string {
	return fmt.Sprintf("unlearning: %s diverged at step %d; lower the learning rate or the share to take back, or give a recursion more curvature", e.Method, e.Step)
}

// request is a checked problem being solved.
type request struct {
	Problem
	method   string
	model    *nets.Model
	retained []int
	batches  *batches
	began    time.Time
	read     int64
	guards   map[string]int
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
	if m.Needs() != NeedsNothing {
		if p.History == nil {
			return fail(fmt.Errorf("%w; train with a history.Recorder among the hooks", ErrNoHistory))
		}
		switch err := p.History.Check(p.Run); {
		case errors.Is(err, history.ErrEngine) && p.OtherEngine:
		case errors.Is(err, history.ErrEngine):
			return fail(fmt.Errorf("%w; use that engine, or set Problem.OtherEngine for a close result", err))
		case err != nil:
			return fail(err)
		}
	}
	model := p.Run.Model.Clone()
	return &request{
		Problem: p, method: m.Name(), model: model, retained: p.Forget.Retained(n),
		batches: newBatches(p.Run.Order, p.Forget), began: began, guards: map[string]int{},
	}, nil, nil
}

// end makes the result.
func (q *request) end(params *graph.Tensor) (*Result, error) {
	if !params.Finite() {
		return nil, &DivergedError{q.method, q.Run.Steps - 1}
	}
	res := &Result{
		Method: q.method, Params: params, GradEvals: q.model.GradEvals(),
		BytesRead: q.read, Elapsed: time.Since(q.began),
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
