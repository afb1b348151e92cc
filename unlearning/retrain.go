package unlearning

import (
	"context"
	"errors"
	"fmt"

	"github.com/miniunlearn/miniunlearn/nets"
)

// Retrain is replayed retraining, the reference: initial parameters, batch
// order and learning rates of the run; U is dropped from every batch, which is
// not refilled. A batch with nothing left moves nothing.
type Retrain struct {
	// OtherSeed, if not nil, draws other initial parameters and another
	// order: one more sample of what retraining may give.
	OtherSeed *uint64
}

// Name implements Method.
func (r Retrain) Name() string {
	if r.OtherSeed != nil {
		return "retrain-other-seed"
	}
	return "retrain"
}

// Needs implements Method.
func (r Retrain) Needs() Needs { return NeedsNothing }

// Unlearn implements Method.
func (r Retrain) Unlearn(ctx context.Context, p Problem) (*Result, error) {
	q, done, err := begin(r, p)
	if err != nil {
		return nil, err
	}
	if done != nil && r.OtherSeed == nil {
		return done, nil
	}
	if done != nil { // another seed is another model even with U = ∅
		return nil, fmt.Errorf("unlearning: %s: the forget set is empty; train a run with the other seed instead", r.Name())
	}
	cfg := q.Run.Config
	cfg.Hooks, cfg.Drop, cfg.From = nil, p.Forget, q.Run.Initial
	if r.OtherSeed != nil {
		cfg.Seed, cfg.From = *r.OtherSeed, nil
	}
	run, err := q.model.Train(ctx, q.Run.Data, cfg)
	if err != nil {
		var d *nets.DivergedError
		if errors.As(err, &d) {
			err = &DivergedError{q.method, d.Step}
		}
		return q.fail(err)
	}
	return q.end(run.Params)
}

// RetrainCost returns the gradient evaluations of replayed retraining,
// Σ_t |B_t∖U|.
func RetrainCost(p Problem) float64 {
	order := p.Run.Order
	per := order.StepsPerEpoch()
	whole := p.Run.Steps / per // epochs, each of which meets every example once
	cost := whole * (order.N - p.Forget.Len())
	for _, batch := range order.Steps(whole*per, p.Run.Steps) {
		cost += len(batch) - p.Forget.Count(batch)
	}
	return float64(cost)
}

// FastRetrain trains from fresh initial parameters on the retained examples
// with the schedule of Short, spending a given number of gradient
// evaluations: what the same cost buys without any history.
type FastRetrain struct {
	Evals float64 // gradient evaluations to spend
	Seed  uint64
	Short // Cost is not used
}

// Name implements Method.
func (f FastRetrain) Name() string { return "fast-retrain" }

// Needs implements Method.
func (f FastRetrain) Needs() Needs { return NeedsNothing }

// Unlearn implements Method.
func (f FastRetrain) Unlearn(ctx context.Context, p Problem) (*Result, error) {
	q, done, err := begin(f, p)
	if err != nil || done != nil {
		return done, err
	}
	s, err := f.Short.complete(q.Run, len(q.retained))
	if err != nil {
		return q.fail(err)
	}
	if most := maxCost * RetrainCost(q.Problem); !(f.Evals <= most) { // NaN too
		return q.fail(fmt.Errorf("%g gradient evaluations, of at most %g", f.Evals, most))
	}
	w, err := q.retrainShortly(ctx, s, q.model.Init(f.Seed), f.Evals, f.Seed)
	if err != nil {
		return q.fail(err)
	}
	return q.end(w)
}
