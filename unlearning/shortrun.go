package unlearning

import (
	"cmp"
	"context"
	"fmt"
	"math"

	"github.com/miniunlearn/miniunlearn/data"
	"github.com/miniunlearn/miniunlearn/graph"
	"github.com/miniunlearn/miniunlearn/internal/purpose"
	"github.com/miniunlearn/miniunlearn/internal/vector"
	"github.com/miniunlearn/miniunlearn/nets"
	"github.com/miniunlearn/miniunlearn/unlearning/defaults"
	"github.com/miniunlearn/miniunlearn/unlearning/history"
)

// Short configures the steps of a short run, which has a learning-rate schedule
// and batches of its own.
type Short struct {
	// Cost is the budget as a share of replayed retraining's gradient
	// evaluations; 0 means defaults.Cost. All work counts.
	Cost float64
	// Batch is the number of retained examples a step; 0 means an eighth of
	// the run's, at least 16 and at most the run's.
	Batch int
	// LR is the schedule. Nil means a cosine with a tenth of warm-up. For runs that train
	// its peak is Rate·(b/B)·η(1−β')/(1−β), with η, β and B the peak rate, momentum and
	// batch of the recorded run, and b and β' = defaults.TrainingMomentum those of this
	// one: an example moves parameters Rate times as far as in the run.
	LR nets.LRSchedule
	// Rate is that of LR; 0 means defaults.TrainingRate. Erase, whose steps do not train,
	// takes none.
	Rate float64
}

// Check reports what no run could use.
func (s Short) Check() error {
	switch {
	case !(s.Cost >= 0 && s.Cost <= MaxCost):
		return fmt.Errorf("cost %g must be positive, and at most %g retrainings", s.Cost, MaxCost)
	case s.Batch < 0:
		return fmt.Errorf("batch %d must be positive", s.Batch)
	case !(s.Rate >= 0) || math.IsInf(s.Rate, 0):
		return fmt.Errorf("rate %g must be positive and finite", s.Rate)
	}
	return nil
}

// MaxCost is the largest Cost that a method takes, in retrainings: it keeps numbers of
// steps countable.
const MaxCost = 1e6

// complete checks s and fills in its defaults, but for the schedule, for a run of
// which some examples are retained.
func (s Short) complete(run *nets.Run, retained int) (Short, error) {
	if err := s.Check(); err != nil {
		return s, err
	}
	s.Cost, s.Rate = cmp.Or(s.Cost, defaults.Cost), cmp.Or(s.Rate, defaults.TrainingRate)
	if batch := run.Config.Batch; s.Batch == 0 {
		s.Batch = min(batch, max(defaults.ShortBatchLeast, int(defaults.ShortBatch*float64(batch))))
	}
	s.Batch = min(s.Batch, retained)
	return s, nil
}

// schedule returns that of a complete s.
func (s Short) schedule(run *nets.Run) nets.LRSchedule {
	if s.LR != nil {
		return s.LR
	}
	return nets.CosineRate{Peak: s.Rate * perExample(run) * float64(s.Batch) * (1 - defaults.TrainingMomentum), Warmup: defaults.Warmup}
}

// perExample is the learning time of one example in a step of a run at its peak rate.
func perExample(run *nets.Run) float64 {
	cfg := run.Config
	return nets.PeakRate(cfg.LR, run.Steps) / (1 - cfg.Momentum) / float64(min(cfg.Batch, run.Order.Len()))
}

// train trains from w on the retained examples for at most evals gradient
// evaluations.
func (s Short) train(ctx context.Context, req *Request, w *graph.Tensor, evals float64, seed uint64) (*graph.Tensor, error) {
	order := data.Order{Seed: seed, N: len(req.Retain), Batch: s.Batch}
	// The last batch of an epoch is smaller, so that an epoch costs less than
	// its number of steps says.
	epochs := math.Floor(evals / float64(order.N))
	steps := int(epochs)*order.StepsPerEpoch() + int((evals-epochs*float64(order.N))/float64(order.Batch))
	if steps < 1 {
		return nil, fmt.Errorf("%w: %.0f gradient evaluations, and a step takes %d", ErrBudget, evals, order.Batch)
	}
	cfg := req.Run.Config
	run, err := req.Model.Train(ctx, req.Run.Data, nets.Config{
		From: w, Only: req.Retain, Steps: steps, Batch: s.Batch, Seed: seed,
		LR: s.schedule(req.Run), Momentum: defaults.TrainingMomentum, WeightDecay: cfg.WeightDecay, Augment: cfg.Augment,
	})
	if err != nil {
		return nil, err
	}
	return run.Params, nil
}

// ShortRun trains shortly on the retained examples from a state of the recorded
// run. An early one has learned little from U, and the rest of the way is cheap to
// go again; a late one is closer to the goal but remembers U.
type ShortRun struct {
	Short
	// Start is where to start, as a share of the run: the first state from
	// there on that the record gives, or after the last step the final parameters.
	Start float64
	// Shrink, if positive, multiplies the parameters at the start, and Noise
	// adds that multiple of fresh initial parameters.
	Shrink, Noise float64
	// Back moves the start that share of the way back to the run's initial parameters.
	Back float64
	// Title names the method in results; "" means "short-run".
	Title string
}

// Name implements Method.
func (r ShortRun) Name() string { return cmp.Or(r.Title, "short-run") }

// History implements Method: the state to start from, and from the end of the
// run no record.
func (r ShortRun) History(Plan) history.Policy { return Checkpoint(r.Start) }

// Checkpoint is the policy that keeps the state after a share of the run. One
// that is none, or the end, needs no record: w_T is there.
func Checkpoint(share float64) history.Policy {
	if !(share >= 0 && share < 1) {
		return history.Policy{}
	}
	return history.At(share)
}

// Unlearn implements Method.
func (r ShortRun) Unlearn(ctx context.Context, p Problem) (*Result, error) {
	req, done, err := Begin(r, p)
	if err != nil || done != nil {
		return done, err
	}
	return r.solve(ctx, req)
}

func (r ShortRun) solve(ctx context.Context, req *Request) (*Result, error) {
	w, err := r.train(ctx, req)
	if err != nil {
		return req.Fail(err)
	}
	return req.Finish(w)
}

// train returns the parameters that the run ends with.
func (r ShortRun) train(ctx context.Context, req *Request) (*graph.Tensor, error) {
	s, err := r.Short.complete(req.Run, len(req.Retain))
	if err == nil && !(r.Start >= 0 && r.Shrink >= 0 && r.Noise >= 0 && r.Back >= 0 && r.Back <= 1) {
		err = fmt.Errorf("start %g, shrink %g and noise %g must not be negative, nor back %g outside of [0, 1]", r.Start, r.Shrink, r.Noise, r.Back)
	}
	if err != nil {
		return nil, err
	}
	w := req.Run.Params
	if t := history.StepAt(min(r.Start, 1), req.Run.Steps); t < req.Run.Steps {
		if _, w, _, err = req.State(t); err != nil {
			return nil, err
		}
	}
	mix := func(a float64, b float64, other *graph.Tensor) {
		mixed := req.Model.NewVector()
		vector.Combine(mixed, a, w, b, other)
		w = mixed
	}
	if r.Shrink > 0 || r.Noise > 0 {
		mix(cmp.Or(r.Shrink, 1), r.Noise, req.Model.Init(purpose.Seed(req.Run.Config.Seed, purpose.Perturb, 0)))
	}
	if r.Back > 0 {
		mix(1-r.Back, r.Back, req.Run.Initial)
	}
	return s.train(ctx, req, w, s.Cost*req.RetrainCost(), purpose.Seed(req.Run.Config.Seed, purpose.ShortRun, 0))
}
