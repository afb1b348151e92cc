package unlearning

import (
	"context"
	"fmt"

	"github.com/miniunlearn/miniunlearn/unlearning/history"
)

// Rewind goes back to a recorded state before the end and replays the steps
// from there without U (Rewind-to-Delete: Mu and Klabjan, NeurIPS 2025, there
// with noise and full batches).
type Rewind struct {
	// Cost is the share of the steps to replay; 0 means 0.2. If the record
	// cannot give the state before them, the replay starts at the next one that
	// it can give.
	Cost float64
}

func (r Rewind) cost() float64 {
	if r.Cost == 0 {
		return 0.2
	}
	return r.Cost
}

// Name implements Method.
func (Rewind) Name() string { return "rewind" }

// History implements Method: the state to go back to.
func (r Rewind) History(Plan) history.Policy { return checkpoint(1 - r.cost()) }

// Unlearn implements Method.
func (r Rewind) Unlearn(ctx context.Context, p Problem) (*Result, error) {
	q, done, err := begin(r, p)
	if err != nil || done != nil {
		return done, err
	}
	r.Cost = r.cost()
	if !(r.Cost > 0 && r.Cost <= 1) {
		return q.fail(fmt.Errorf("cost %g is outside (0, 1]", r.Cost))
	}
	from := history.StepAt(1-r.Cost, q.Run.Steps)
	if from >= q.Run.Steps {
		return q.fail(fmt.Errorf("%w: a share of %g of %d steps", ErrBudget, r.Cost, q.Run.Steps))
	}
	from, w, mom, err := q.state(from)
	if err != nil {
		return q.fail(err)
	}
	s, err := q.model.NewStepper(q.Run.Config.Momentum, q.Run.Config.WeightDecay, w, mom)
	if err != nil {
		return q.fail(err)
	}
	g := q.model.NewVector()
	var kept, gone []int
	for t, batch := range q.Run.Order.Steps(from, q.Run.Steps) {
		if err := ctx.Err(); err != nil {
			return q.fail(fmt.Errorf("step %d: %w", t, err))
		}
		if kept, gone = p.Forget.Split(batch, kept[:0], gone[:0]); len(kept) == 0 {
			continue
		}
		if _, err = q.model.GradientAs(q.Run.View(t), s.W, q.Run.Data, kept, g); err == nil {
			err = s.Step(g, q.rate(t))
		}
		if err != nil {
			return q.fail(err)
		}
		if !s.W.Finite() {
			return nil, &DivergedError{q.method, t}
		}
	}
	return q.end(s.W)
}
