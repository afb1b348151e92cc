package unlearning

import (
	"context"
	"errors"
	"fmt"

	"github.com/miniunlearn/miniunlearn/graph"
	"github.com/miniunlearn/miniunlearn/internal/purpose"
	"github.com/miniunlearn/miniunlearn/unlearning/contraction"
	"github.com/miniunlearn/miniunlearn/unlearning/history"
)

// Retrain is replayed retraining, the reference: initial parameters, batch
// order and learning rates of the run; U is dropped from every batch, which is
// not refilled. A batch with nothing left moves nothing. Examples that a problem adds
// join the batches.
type Retrain struct {
	// Other, if not 0, retrains with other initial parameters and another order,
	// of the seed that the run's gives to this number: one more sample of what
	// retraining may give. The method "retrain-other-seed" has 1.
	Other uint64
}

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
	req, done, err := Begin(r, p)
	if err != nil {
		return nil, err
	}
	if done != nil && r.Other == 0 {
		return done, nil
	}
	if done != nil { // another seed is another model even with U = ∅
		return nil, fmt.Errorf("unlearning: %s: the forget set is empty; train a run with another seed instead", r.Name())
	}
	return r.solve(ctx, req)
}

func (r Retrain) solve(ctx context.Context, req *Request) (*Result, error) {
	if req.Adds() {
		return r.added(ctx, req)
	}
	cfg := req.Run.Config
	cfg.Hooks, cfg.Drop, cfg.From = nil, req.Forget, req.Run.Initial
	if r.Other != 0 {
		cfg.Seed, cfg.From = purpose.Seed(req.Run.Config.Seed, purpose.OtherSeed, r.Other), nil
	}
	run, err := req.Model.Train(ctx, req.Run.Data, cfg)
	if err != nil {
		return req.Fail(err)
	}
	return req.Finish(run.Params)
}

// added retrains step by step, since no order of a trainer has the added examples.
func (r Retrain) added(ctx context.Context, req *Request) (*Result, error) {
	if r.Other != 0 {
		return req.Fail(errors.New("with added examples it follows the batches of the run, and has no other seed"))
	}
	cfg := req.Run.Config
	s, err := req.Model.NewStepper(cfg.Momentum, cfg.WeightDecay, req.Run.Initial, nil)
	if err != nil {
		return req.Fail(err)
	}
	g := req.Model.NewVector()
	for t := range req.Run.Steps {
		pt := req.BatchPoint(t)
		left, _ := pt.Split()
		if len(left) == 0 {
			continue
		}
		if err := req.Step(ctx, t, s, pt.Rate, g, func(w, g *graph.Tensor) error { return req.Gradient(pt, w, left, g) }); err != nil {
			return req.Fail(err)
		}
	}
	return req.Finish(s.W)
}

// Learns implements Learner.
func (Retrain) Learns() {}

// RetrainCost returns the gradient evaluations of replayed retraining,
// Σ_t |B_t∖U|, and those of added examples.
func RetrainCost(p Problem) float64 {
	cost := contraction.RetrainCost(p.Run, p.Forget)
	if p.adds() {
		cost += contraction.AddedCost(p.Run, p.Add)
	}
	return cost
}
