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
	// LR is the schedule. Nil means a cosine with a tenth of warm-up and the peak
	// ρ·(b/B)·η(1−β')/(1−β), with η, β and B the peak rate, momentum and batch of the
	// run, b and β' those of this one, and ρ its rate: an example moves parameters ρ
	// times as far as in the run. Runs that train have defaults.TrainingRate and
	// TrainingMomentum, Erase has DistilRate and DistilMomentum.
	LR nets.LRSchedule
}

// maxCost, in retrainings, keeps numbers of steps countable.
const maxCost = 1e6

// complete checks s and fills in its defaults, but for the schedule, for a run of
// which some examples are retained.
func (s Short) complete(run *nets.Run, retained int) (Short, error) {
	cfg := run.Config
	s.Cost = cmp.Or(s.Cost, defaults.Cost)
	if s.Batch == 0 {
		s.Batch = min(cfg.Batch, max(defaults.ShortBatchLeast, int(defaults.ShortBatch*float64(cfg.Batch))))
	}
	s.Batch = min(s.Batch, retained)
	switch {
	case !(s.Cost > 0 && s.Cost <= maxCost):
		return s, fmt.Errorf("cost %g must be positive, and at most %g retrainings", s.Cost, maxCost)
	case s.Batch < 0:
		return s, fmt.Errorf("batch %d must be positive", s.Batch)
	}
	return s, nil
}

// schedule returns that of a complete s, for steps of this momentum that move
// parameters rate times as far for each example as those of the run.
func (s Short) schedule(run *nets.Run, momentum, rate float64) nets.LRSchedule {
	if s.LR != nil {
		return s.LR
	}
	cfg := run.Config
	var peak float64
	for t := range run.Steps {
		peak = max(peak, cfg.LR.Rate(t, run.Steps))
	}
	perExample := peak / (1 - cfg.Momentum) / float64(min(cfg.Batch, run.Data.Len()))
	return nets.CosineRate{Peak: rate * perExample * float64(s.Batch) * (1 - momentum), Warmup: defaults.Warmup}
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
		return nil, fmt.Errorf("%w: %.0f gradient evaluations, a step takes %d", ErrBudget, evals, order.Batch)
	}
	cfg := req.Run.Config
	run, err := req.Model.Train(ctx, req.Run.Data, nets.Config{
		From: w, Only: req.Retain, Steps: steps, Batch: s.Batch, Seed: seed,
		LR:       s.schedule(req.Run, defaults.TrainingMomentum, defaults.TrainingRate),
		Momentum: defaults.TrainingMomentum, WeightDecay: cfg.WeightDecay, Augment: cfg.Augment,
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
	s, err := r.Short.complete(req.Run, len(req.Retain))
	if err == nil && !(r.Start >= 0 && r.Shrink >= 0 && r.Noise >= 0) {
		err = fmt.Errorf("start %g, shrink %g and noise %g must not be negative", r.Start, r.Shrink, r.Noise)
	}
	if err != nil {
		return req.Fail(err)
	}
	w := req.Run.Params
	if t := history.StepAt(min(r.Start, 1), req.Run.Steps); t < req.Run.Steps {
		if _, w, _, err = req.State(t); err != nil {
			return req.Fail(err)
		}
	}
	if r.Shrink > 0 || r.Noise > 0 {
		mixed := req.Model.NewVector()
		vector.Combine(mixed, cmp.Or(r.Shrink, 1), w, r.Noise, req.Model.Init(purpose.Seed(req.Run.Config.Seed, purpose.Perturb, 0)))
		w = mixed
	}
	if w, err = s.train(ctx, req, w, s.Cost*req.RetrainCost(), purpose.Seed(req.Run.Config.Seed, purpose.ShortRun, 0)); err != nil {
		return req.Fail(err)
	}
	return req.Finish(w)
}
