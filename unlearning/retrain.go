package unlearning

import (
	"context"
	"errors"
	"fmt"

	"github.com/miniunlearn/miniunlearn/nets"
	"github.com/miniunlearn/miniunlearn/unlearning/history"
)

// Retrain is replayed retraining, the reference: initial parameters, batch
// order and learning rates of the run; U is dropped from every batch, which is
// not refilled. A batch with nothing left moves nothing.
type Retrain struct {
	// Other, if not 0, retrains with other initial parameters and another order,
	// of the seed that the run's gives to this number: one more sample of what
	// retraining may give.
	Other uint64
}

// Numbers of retrainings with other seeds. Smaller ones are for those that bench
// compares these with.
const (
	otherRow = 6 // of the method "retrain-other-seed"
	fastRow  = 7 // of FastRetrain
)

// otherSeed returns the seed of retraining number k ≥ 1.
func otherSeed(run *nets.Run, k uint64) uint64 { return run.Config.Seed + 1000*k }

// Name implements Method.
func (r Retrain) Name() string {
	if r.Other != 0 {
		return "retrain-other-seed"
	}
	return "retrain"
}

// History implements Method: no record is needed.
func (Retrain) History(Plan) history.Policy { return history.Policy{} }

// Unlearn implements Method.
func (r Retrain) Unlearn(ctx context.Context, p Problem) (*Result, error) {
	q, done, err := begin(r, p)
	if err != nil {
		return nil, err
	}
	if done != nil && r.Other == 0 {
		return done, nil
	}
	if done != nil { // another seed is another model even with U = ∅
		return nil, fmt.Errorf("unlearning: %s: the forget set is empty; train a run with another seed instead", r.Name())
	}
	cfg := q.Run.Config
	cfg.Hooks, cfg.Drop, cfg.From = nil, p.Forget, q.Run.Initial
	if r.Other != 0 {
		cfg.Seed, cfg.From = otherSeed(q.Run, r.Other), nil
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
	cost := whole * (order.Len() - p.Forget.Len())
	for _, batch := range order.Steps(whole*per, p.Run.Steps) {
		cost += len(batch) - p.Forget.Count(batch)
	}
	return float64(cost)
}

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
	q, done, err := begin(f, p)
	if err != nil || done != nil {
		return done, err
	}
	if f.Evals != 0 && f.Cost != 0 {
		return q.fail(errors.New("set Cost or Evals, not both"))
	}
	s, err := f.Short.complete(q.Run, len(q.retained))
	if err != nil {
		return q.fail(err)
	}
	full := RetrainCost(q.Problem)
	if f.Evals == 0 {
		f.Evals = s.Cost * full
	}
	if !(f.Evals <= maxCost*full) { // NaN too
		return q.fail(fmt.Errorf("%g gradient evaluations, of at most %g", f.Evals, maxCost*full))
	}
	seed := otherSeed(q.Run, fastRow)
	w, err := q.retrainShortly(ctx, s, q.model.Init(seed), f.Evals, seed)
	if err != nil {
		return q.fail(err)
	}
	return q.end(w)
}
