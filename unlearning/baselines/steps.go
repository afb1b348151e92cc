package baselines

import (
	"cmp"
	"context"
	"fmt"
	"math"

	"github.com/miniunlearn/miniunlearn/data"
	"github.com/miniunlearn/miniunlearn/graph"
	"github.com/miniunlearn/miniunlearn/internal/purpose"
	"github.com/miniunlearn/miniunlearn/nets"
	"github.com/miniunlearn/miniunlearn/unlearning"
	"github.com/miniunlearn/miniunlearn/unlearning/defaults"
)

// Steps configures the steps of a method that trains on from w_T with a loss of its
// own. The zero value takes the method's published hyperparameters, as far as they can
// be told for any network and data: learning rates relative to that of the run.
type Steps struct {
	// Cost is the budget as a share of replayed retraining's gradient evaluations; 0
	// means defaults.Cost. All work counts.
	Cost float64
	// Batch is the number of retained examples a step; 0 means an eighth of the run's, at
	// least 16 and at most the run's, as for unlearning.Short.
	Batch int
	// LR is the schedule; nil means a cosine from Rate·(b/B)·η(1−β')/(1−β), with η, β and
	// B the peak rate, momentum and batch of the run, and b and β' =
	// defaults.TrainingMomentum those of these steps.
	LR nets.LRSchedule
	// Rate is how far an example moves parameters at the peak of LR, over how far it
	// moved them at the peak of the run; 0 means the method's.
	Rate float64
	// Seed is that of batches and of all that a method draws; 0 means the run's. Results
	// of one run vary with it as the method does.
	Seed uint64
}

// check reports what no method could use.
func (s Steps) check() error {
	return unlearning.Short{Cost: s.Cost, Batch: s.Batch, LR: s.LR, Rate: s.Rate}.Check()
}

// trainer is a method that trains on.
type trainer interface {
	unlearning.Method
	steps() Steps
	// forget returns the parameters that a task ends with. It must not change those that
	// the task starts from.
	forget(ctx context.Context, t *task) (*graph.Tensor, error)
}

// solve solves a problem by a method that trains on.
func solve(ctx context.Context, m trainer, p unlearning.Problem) (*unlearning.Result, error) {
	req, done, err := unlearning.Begin(m, p)
	if err != nil || done != nil {
		return done, err
	}
	s := m.steps()
	if err := s.check(); err != nil {
		return req.Fail(err)
	}
	u, err := m.forget(ctx, &task{
		Request: req, Validation: p.Validation, from: req.Run.Params, examples: p.Forget.Positions(),
		evals: cmp.Or(s.Cost, defaults.Cost) * req.RetrainCost(), seed: purpose.Seed(cmp.Or(s.Seed, req.Run.Config.Seed), purpose.ShortRun, 0),
	})
	if err != nil {
		return req.Fail(err)
	}
	return req.Finish(u)
}

// task is what a method that trains on is asked for: to forget some examples, all of U
// or a part of it, from given parameters on, within a budget.
type task struct {
	*unlearning.Request
	Validation *data.Dataset // as in unlearning.Problem
	from       *graph.Tensor
	examples   []int
	evals      float64 // of the request's Model, when the task ends
	seed       uint64
}

// left returns the gradient evaluations that are left.
func (t *task) left() float64 { return t.evals - t.Model.GradEvals() }

// batch returns the number of examples a step of n that are gone through.
func (t *task) batch(s Steps, n int) int {
	b := s.Batch
	if run := t.Run.Config.Batch; b == 0 {
		b = min(run, max(defaults.ShortBatchLeast, int(defaults.ShortBatch*float64(run))))
	}
	return min(b, n)
}

// stepsWithin returns how many steps the budget pays for, where step k costs cost(k).
func (t *task) stepsWithin(cost func(k int) float64) (steps int, err error) {
	left := t.left()
	for left -= cost(0); left >= 0; left -= cost(steps) {
		steps++
	}
	if steps == 0 {
		return 0, fmt.Errorf("%w: %.0f gradient evaluations are left, a step takes %.0f", unlearning.ErrBudget, max(0, t.left()), math.Ceil(cost(0)))
	}
	return steps, nil
}

// walk is a number of steps from given parameters.
type walk struct {
	*nets.Stepper
	task *task
	lr   nets.LRSchedule
	t, n int // steps taken, and in all
	g    *graph.Tensor
	// frozen are parameters that stay where they are, in ascending order.
	frozen []int
	at     *graph.Tensor // where
	// adjust, if not nil, changes the gradient g at w before a step.
	adjust func(w, g *graph.Tensor)
}

// walk begins n steps from w, of examples in batches of b, where rate is the method's.
func (t *task) walk(s Steps, rate float64, w *graph.Tensor, n, b int) (*walk, error) {
	cfg := t.Run.Config
	lr := s.LR
	if lr == nil {
		perExample := peakRate(t.Run) / (1 - cfg.Momentum) / float64(min(cfg.Batch, t.Run.Data.Len()))
		lr = nets.Cosine(cmp.Or(s.Rate, rate) * perExample * float64(b) * (1 - defaults.TrainingMomentum))
	}
	if err := nets.CheckRates(lr, n); err != nil {
		return nil, err
	}
	stepper, err := t.Model.NewStepper(defaults.TrainingMomentum, cfg.WeightDecay, w, nil)
	if err != nil {
		return nil, err
	}
	return &walk{Stepper: stepper, task: t, lr: lr, n: n, g: t.Model.NewVector(), at: w}, nil
}

// step moves along the gradient of an objective.
func (w *walk) step(ctx context.Context, o nets.Objective, ex nets.Examples) error {
	ex.Data = w.task.Run.Data
	w.show(ctx, o, ex)
	err := w.task.Step(ctx, w.t, w.Stepper, w.lr.Rate(w.t, w.n), w.g, func(at, g *graph.Tensor) error {
		if _, err := w.task.Model.ObjectiveGradient(o, at, ex, g); err != nil {
			return err
		}
		if w.adjust != nil {
			w.adjust(at, g)
		}
		return nil
	})
	if len(w.frozen) > 0 {
		hold(w.frozen, w.W.Float32s(), w.at.Float32s(), w.P.Float32s())
		hold(w.frozen, w.W.Float64s(), w.at.Float64s(), w.P.Float64s())
	}
	w.t++
	return err
}

// hold puts parameters back where they were, at rest.
func hold[T graph.Float](frozen []int, w, at, p []T) {
	if w == nil {
		return // they are of the other type
	}
	for _, i := range frozen {
		w[i], p[i] = at[i], 0
	}
}

// batches hands out a list of examples in batches, in a new order each time that it
// is through.
type batches struct {
	ids        []int
	order      data.Order
	augment    nets.Augment
	t          int
	perm, cuts []int // of the epoch of step t
}

// batches returns those of a list, of at most size examples each.
func (t *task) batches(ids []int, size int, seed uint64) *batches {
	return &batches{ids: ids, order: data.Order{Seed: seed, N: len(ids), Batch: min(size, len(ids))}, augment: t.Run.Config.Augment}
}

// size returns the number of examples of batch k from now on.
func (b *batches) size(k int) int {
	per := b.order.StepsPerEpoch()
	if k = (b.t + k) % per; k == per-1 {
		return b.order.N - k*b.order.Batch
	}
	return b.order.Batch
}

// next returns a batch, and how to look at it.
func (b *batches) next() (ids []int, view nets.View) {
	per := b.order.StepsPerEpoch()
	e, k := b.t/per, b.t%per
	if k == 0 || b.perm == nil {
		b.perm, b.cuts = b.order.Epoch(e), b.order.Cuts(e)
	}
	b.t++
	for _, i := range b.perm[b.cuts[k]:b.cuts[k+1]] {
		ids = append(ids, b.ids[i])
	}
	if b.augment != (nets.Augment{}) {
		view = nets.View{Augment: b.augment, Seed: b.order.Seed, Epoch: e}
	}
	return ids, view
}
