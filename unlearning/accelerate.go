package unlearning

import (
	"context"
	"fmt"
	"math"

	"github.com/miniunlearn/miniunlearn/graph"
	"github.com/miniunlearn/miniunlearn/nets"
)

// Accelerate is a short run on the retained examples from an early checkpoint:
// momentum, a learning-rate schedule of its own, full batches. A checkpoint
// from early in training has seen little of U, and the rest of the way is
// cheap to go again.
type Accelerate struct {
	// Cost is the budget as a share of replayed retraining's gradient
	// evaluations; 0 means 0.2.
	Cost float64
	// Start is the position of the checkpoint to start from as a share of the
	// run; the nearest one of the record is taken. 0 means the first.
	Start float64
	// LR is the schedule; nil means a cosine from the peak of the run's own.
	LR nets.LRSchedule
	// Momentum is β; 0 means 0.9.
	Momentum float64
	// Batch is the batch size; 0 means the run's.
	Batch int
}

func (a Accelerate) withDefaults(run *nets.Run) Accelerate {
	if a.Cost == 0 {
		a.Cost = 0.2
	}
	if a.Momentum == 0 {
		a.Momentum = 0.9
	}
	if a.Batch == 0 {
		a.Batch = run.Config.Batch
	}
	if a.LR == nil {
		peak := 0.0
		for t := range run.Steps {
			peak = max(peak, run.Config.LR.Rate(t, run.Steps))
		}
		// A run without momentum steps 1/(1−β) times less at equal rate.
		if run.Config.Momentum == 0 {
			peak *= 1 - a.Momentum
		}
		a.LR = nets.CosineRate{Peak: peak, Warmup: 0.1}
	}
	return a
}

// Name implements Method.
func (a Accelerate) Name() string { return "accelerate" }

// Needs implements Method.
func (a Accelerate) Needs() Needs { return NeedsCheckpoints }

// Unlearn implements Method.
func (a Accelerate) Unlearn(ctx context.Context, p Problem) (*Result, error) {
	q, done, err := begin(a, p)
	if err != nil || done != nil {
		return done, err
	}
	return a.solve(ctx, q)
}

func (a Accelerate) solve(ctx context.Context, q *request) (*Result, error) {
	a = a.withDefaults(q.Run)
	w, _, err := q.checkpoint(int(math.Round(a.Start * float64(q.Run.Steps))))
	if err != nil {
		return nil, err
	}
	run, err := a.run(ctx, q, w, a.Cost*RetrainCost(q.Problem), q.Run.Config.Seed+1)
	if err != nil {
		return nil, err
	}
	return q.end(run.Params)
}

// run trains from w on the retained examples for about evals gradient
// evaluations.
func (a Accelerate) run(ctx context.Context, q *request, w *graph.Tensor, evals float64, seed uint64) (*nets.Run, error) {
	a = a.withDefaults(q.Run)
	n := float64(len(q.retained))
	batch := math.Min(float64(a.Batch), n)
	// Whole epochs cost n each, and a part of one costs batch a step.
	perEpoch := math.Ceil(n / batch)
	epochs := math.Floor(evals / n)
	steps := int(epochs*perEpoch + math.Floor((evals-epochs*n)/batch))
	if steps < 1 {
		return nil, fmt.Errorf("unlearning: %s: a budget of %.0f gradient evaluations is less than one batch of %.0f", q.method, evals, batch)
	}
	run, err := q.model.Train(ctx, q.Run.Data, nets.Config{
		Steps: steps, Batch: a.Batch, LR: a.LR, Momentum: a.Momentum, WeightDecay: q.Run.Config.WeightDecay,
		Seed: seed, Only: q.retained, From: w,
	})
	if err != nil {
		return nil, fmt.Errorf("unlearning: %s: %w", q.method, err)
	}
	return run, nil
}

// checkpoint returns the parameters at the checkpoint nearest to step t, the
// earlier of two, and its step.
func (q *request) checkpoint(t int) (*graph.Tensor, int, error) {
	best := -1
	for _, c := range q.History.Checkpoints() {
		if best < 0 || abs(c-t) < abs(best-t) {
			best = c
		}
	}
	if best < 0 {
		return nil, 0, fmt.Errorf("unlearning: %s: %w: the record holds no checkpoints", q.method, ErrNoHistory)
	}
	w, _, read, err := q.History.Checkpoint(best)
	if err != nil {
		return nil, 0, fmt.Errorf("unlearning: %s: %w", q.method, err)
	}
	q.read += read
	return w, best, nil
}

func abs(x int) int { return max(x, -x) }
