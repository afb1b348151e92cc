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
	q, done, err := unlearning.Begin(r, p)
	if err != nil || done != nil {
		return done, err
	}
	r.Cost = r.cost()
	if !(r.Cost > 0 && r.Cost <= 1) {
		return q.Fail(fmt.Errorf("cost %g is outside (0, 1]", r.Cost))
	}
	from := history.StepAt(1-r.Cost, q.Run.Steps)
	if from >= q.Run.Steps {
		return q.Fail(fmt.Errorf("%w: a share of %g of %d steps", unlearning.ErrBudget, r.Cost, q.Run.Steps))
	}
	from, w, mom, err := q.State(from)
	if err != nil {
		return q.Fail(err)
	}
	s, err := q.Model.NewStepper(q.Run.Config.Momentum, q.Run.Config.WeightDecay, w, mom)
	if err != nil {
		return q.Fail(err)
	}
	g := q.Model.NewVector()
	var retain, forget []int
	for t, batch := range q.Run.Order.Steps(from, q.Run.Steps) {
		if retain, forget = p.Forget.Split(batch, retain[:0], forget[:0]); len(retain) == 0 {
			continue
		}
		err := q.Step(ctx, t, s, q.Rate(t), g, func(w, g *graph.Tensor) error {
			_, err := q.Model.GradientAs(q.Run.View(t), w, q.Run.Data, retain, g)
			return err
		})
		if err != nil {
			return q.Fail(err)
		}
	}
	return q.Finish(s.W)
}
