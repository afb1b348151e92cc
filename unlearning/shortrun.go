package unlearning

import (
	"context"
	"fmt"
	"math"

	"github.com/miniunlearn/miniunlearn/graph"
	"github.com/miniunlearn/miniunlearn/nets"
)

// Short configures the steps of a short run, which has a learning-rate schedule
// and batches of its own.
type Short struct {
	// Cost is the budget as a share of replayed retraining's gradient
	// evaluations; 0 means 0.2. All work counts.
	Cost float64
	// Batch is the number of retained examples a step; 0 means an eighth of
	// the run's, at least 16 and at most the run's.
	Batch int
	// LR is the schedule. Nil means a cosine with a tenth of warm-up and the peak
	// pace·(b/B)·η(1−β')/(1−β), with η, β and B the peak rate, momentum and batch
	// of the run, and b and β' those of this one: an example moves parameters
	// pace times as far as in the run. Runs that train have pace 1.6 and β' = 0.5;
	// Erase has 3 and 0.9, and goes slower where the pushes have grown, see there.
	LR nets.LRSchedule
}

// maxCost, in retrainings, keeps numbers of steps countable.
const maxCost = 1e6

// gait is how a short run goes where Short leaves it open.
type gait struct {
	momentum float64
	pace     float64 // how much further a step per example goes than in the recorded run
}

var (
	// A run that trains makes many steps of small batches: it tolerates more
	// noise than a long one. With momentum from 0 to 0.9 nothing was seen to change
	// where the schedule's peak is scaled by 1 − β.
	trainingGait = gait{momentum: 0.5, pace: 1.6}
	// A run that holds answers has little noise, and is limited by the sharpest
	// directions: momentum lets it go further. Batches up to half of the run's
	// give the same where they are stable, which lenet5 is not above a quarter.
	holdingGait = gait{momentum: 0.9, pace: 3}
)

// complete checks s and fills in its defaults, but for the schedule, for a run of
// which some examples are retained.
func (s Short) complete(run *nets.Run, retained int) (Short, error) {
	cfg := run.Config
	if s.Cost == 0 {
		s.Cost = 0.2
	}
	if s.Batch == 0 {
		s.Batch = min(cfg.Batch, max(16, cfg.Batch/8))
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

// schedule returns that of a complete s.
func (s Short) schedule(run *nets.Run, g gait) nets.LRSchedule {
	if s.LR != nil {
		return s.LR
	}
	cfg := run.Config
	perExample := peakRate(run) / (1 - cfg.Momentum) / float64(min(cfg.Batch, run.Data.Len()))
	return nets.CosineRate{Peak: g.pace * perExample * float64(s.Batch) * (1 - g.momentum), Warmup: 0.1}
}

// view returns how a run of another seed would have seen its examples.
func (q *request) view(seed uint64, epoch int) nets.View {
	return nets.View{Augment: q.Run.Config.Augment, Seed: seed, Epoch: epoch}
}

// shortRun takes steps from w along the gradients that next finds at w.
func (q *request) shortRun(ctx context.Context, s Short, momentum float64, w *graph.Tensor, steps int, next func(t int, w, grad *graph.Tensor) error) (*graph.Tensor, error) {
	k, err := q.model.NewStepper(momentum, q.Run.Config.WeightDecay, w, nil)
	if err != nil {
		return nil, err
	}
	for t := range steps {
		if eta := s.LR.Rate(t, steps); !(eta >= 0) || math.IsInf(eta, 0) { // NaN too
			return nil, fmt.Errorf("learning rate %g of %s at step %d of %d must be finite and not negative", eta, s.LR, t, steps)
		}
	}
	g := q.model.NewVector()
	for t := range steps {
		if err := ctx.Err(); err != nil {
			return nil, fmt.Errorf("interrupted at step %d of %d: %w", t, steps, err)
		}
		if err = next(t, k.W, g); err == nil {
			err = k.Step(g, s.LR.Rate(t, steps))
		}
		if err != nil {
			return nil, fmt.Errorf("step %d: %w", t, err)
		}
		if !k.W.Finite() {
			return nil, &DivergedError{q.method, t}
		}
	}
	return k.W, nil
}
