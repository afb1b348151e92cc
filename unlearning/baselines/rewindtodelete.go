package baselines

import (
	"cmp"
	"context"
	"fmt"

	"github.com/miniunlearn/miniunlearn/graph"
	"github.com/miniunlearn/miniunlearn/unlearning"
	"github.com/miniunlearn/miniunlearn/unlearning/defaults"
	"github.com/miniunlearn/miniunlearn/unlearning/history"
)

// RewindToDelete goes back to a recorded state before the end and replays the steps
// from there without U (Rewind-to-Delete: Mu and Klabjan, NeurIPS 2025, there
// with noise and full batches).
type RewindToDelete struct {
	// Cost is the share of the steps to replay; 0 means defaults.Cost. If the record
	// cannot give the state before them, the replay starts at the next one that
	// it can give.
	Cost float64
}

func (r RewindToDelete) cost() float64 {
	return cmp.Or(r.Cost, defaults.Cost)
}

// Name implements unlearning.Method.
func (RewindToDelete) Name() string { return "rewind" }

// History implements unlearning.Method: the state to go back to.
func (r RewindToDelete) History(unlearning.Plan) history.Policy {
	return unlearning.Checkpoint(1 - r.cost())
}

// Unlearn implements unlearning.Method.
func (r RewindToDelete) Unlearn(ctx context.Context, p unlearning.Problem) (*unlearning.Result, error) {
	req, done, err := unlearning.Begin(r, p)
	if err != nil || done != nil {
		return done, err
	}
	r.Cost = r.cost()
	if !(r.Cost > 0 && r.Cost <= 1) {
		return req.Fail(fmt.Errorf("cost %g is outside (0, 1]", r.Cost))
	}
	from := history.StepAt(1-r.Cost, req.Run.Steps)
	if from >= req.Run.Steps {
		return req.Fail(fmt.Errorf("%w: a share of %g of %d steps", unlearning.ErrBudget, r.Cost, req.Run.Steps))
	}
	from, w, mom, err := req.State(from)
	if err != nil {
		return req.Fail(err)
	}
	s, err := req.Model.NewStepper(req.Run.Config.Momentum, req.Run.Config.WeightDecay, w, mom)
	if err != nil {
		return req.Fail(err)
	}
	g := req.Model.NewVector()
	var retain, forget []int
	for t, batch := range req.Run.Order.Steps(from, req.Run.Steps) {
		if retain, forget = p.Forget.Split(batch, retain[:0], forget[:0]); len(retain) == 0 {
			continue
		}
		err := req.Step(ctx, t, s, req.Rate(t), g, func(w, g *graph.Tensor) error {
			_, err := req.Model.GradientAs(req.Run.View(t), w, req.Run.Data, retain, g)
			return err
		})
		if err != nil {
			return req.Fail(err)
		}
	}
	return req.Finish(s.W)
}
