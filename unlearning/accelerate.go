package unlearning

import (
	"context"
	"fmt"
	"iter"
	"math"

	"github.com/miniunlearn/miniunlearn/data"
	"github.com/miniunlearn/miniunlearn/graph"
	"github.com/miniunlearn/miniunlearn/unlearning/history"
)

// Accelerate is a short run on the retained examples from a state of the
// recorded run. An early one has learned little from U, and the rest of the way
// is cheap to go again; a late one is closer to the goal but remembers U.
type Accelerate struct {
	Short
	// Start is where to start, as a share of the run: the first state from
	// there on that the record gives, or after the last step the final parameters.
	Start float64
	// Shrink, if positive, multiplies the parameters at the start, and Noise
	// adds that multiple of fresh initial parameters.
	Shrink, Noise float64
	// Title names the method in results; "" means "accelerate".
	Title string
}

// Name implements Method.
func (a Accelerate) Name() string {
	if a.Title != "" {
		return a.Title
	}
	return "accelerate"
}

// History implements Method: the state to start from, and from the end of the
// run no record.
func (a Accelerate) History(Plan) history.Policy { return checkpoint(a.Start) }

// Unlearn implements Method.
func (a Accelerate) Unlearn(ctx context.Context, p Problem) (*Result, error) {
	q, done, err := begin(a, p)
	if err != nil || done != nil {
		return done, err
	}
	return a.solve(ctx, q)
}

func (a Accelerate) solve(ctx context.Context, q *request) (*Result, error) {
	s, err := a.Short.complete(q.Run, len(q.retained))
	if err == nil && !(a.Start >= 0 && a.Shrink >= 0 && a.Noise >= 0) {
		err = fmt.Errorf("start %g, shrink %g and noise %g must not be negative", a.Start, a.Shrink, a.Noise)
	}
	if err != nil {
		return q.fail(err)
	}
	w := q.Run.Params
	if t := history.StepAt(min(a.Start, 1), q.Run.Steps); t < q.Run.Steps {
		if _, w, _, err = q.state(t); err != nil {
			return q.fail(err)
		}
	}
	if a.Shrink > 0 || a.Noise > 0 {
		shrink := a.Shrink
		if shrink == 0 {
			shrink = 1
		}
		mixed := q.model.NewVector()
		combine(mixed, shrink, w, a.Noise, q.model.Init(q.Run.Config.Seed+2))
		w = mixed
	}
	if w, err = q.retrainShortly(ctx, s, w, s.Cost*RetrainCost(q.Problem), q.Run.Config.Seed+1); err != nil {
		return q.fail(err)
	}
	return q.end(w)
}

// retrainShortly trains from w on the retained examples for at most evals
// gradient evaluations.
func (q *request) retrainShortly(ctx context.Context, s Short, w *graph.Tensor, evals float64, seed uint64) (*graph.Tensor, error) {
	order := data.Order{Seed: seed, N: len(q.retained), Batch: s.Batch}
	// The last batch of an epoch is smaller, so that an epoch costs less than
	// its number of steps says.
	epochs := math.Floor(evals / float64(order.N))
	steps := int(epochs)*order.StepsPerEpoch() + int((evals-epochs*float64(order.N))/float64(order.Batch))
	if steps < 1 {
		return nil, fmt.Errorf("%w: %.0f gradient evaluations, a step takes %d", ErrBudget, evals, order.Batch)
	}
	batches, stop := iter.Pull2(order.Steps(0, steps))
	defer stop()
	ids := make([]int, 0, order.Batch)
	s.LR = s.schedule(q.Run, trainingGait)
	return q.shortRun(ctx, s, trainingGait.momentum, w, steps, func(t int, w, g *graph.Tensor) error {
		_, batch, _ := batches()
		ids = ids[:0]
		for _, i := range batch {
			ids = append(ids, q.retained[i])
		}
		_, err := q.model.GradientAs(q.view(seed, t/order.StepsPerEpoch()), w, q.Run.Data, ids, g)
		return err
	})
}
