package unlearning

import (
	"context"
	"fmt"
	"math"

	"github.com/miniunlearn/miniunlearn/data"
	"github.com/miniunlearn/miniunlearn/graph"
	"github.com/miniunlearn/miniunlearn/nets"
)

// Accelerate is a short run on the retained examples from a checkpoint: small
// batches, hence many steps for the same work, and a learning-rate schedule of
// its own. An early checkpoint has learned little from U, and the rest of the
// way is cheap to go again; a late one is closer to the goal but remembers U,
// and Repel then pushes that memory out.
type Accelerate struct {
	// Cost is the budget as a share of replayed retraining's gradient
	// evaluations; 0 means 0.2. All steps count, those on U too.
	Cost float64
	// Start is where to start, as a share of the run: the nearest checkpoint
	// of the record, or the final parameters. 0 means the first checkpoint.
	Start float64
	// Batch is the number of retained examples a step; 0 means an eighth of
	// the run's, at least 16 and at most the run's.
	Batch int
	// Momentum is β; 0 means 0.5.
	Momentum float64
	// LR is the schedule; nil means a cosine with a tenth of warm-up whose
	// peak moves parameters per example 1.6 times as far as the run's peak.
	LR nets.LRSchedule
	// Erase, if positive, takes back part of what the recorded run pushed into
	// U: every step also climbs the loss of RepelBatch examples of U, with
	// such a weight that the sum over the run is Erase times what descent on
	// U was in the recorded run up to the start, per example and in learning
	// time Σ η/(1−β). Examples whose label has become no more likely than
	// chance are let go. The weight is capped at 0.4, which is counted among the
	// guards; beyond it a step climbs more than it descends.
	Erase float64
	// RepelBatch is the number of examples of U a step; 0 means as many as
	// visit each of U once, at most a quarter of Batch.
	RepelBatch int
	// Shrink, if positive, multiplies the parameters at the start, and Noise
	// adds that multiple of fresh initial parameters.
	Shrink, Noise float64
	// Title names the method in results; "" means "accelerate".
	Title string
}

// maxRepel caps the weight of the ascent on U.
const maxRepel = 0.4

// pace is how much further a step per example may go than in the recorded run:
// a short run tolerates more noise than a long one.
const pace = 1.6

func (a Accelerate) withDefaults(run *nets.Run) Accelerate {
	cfg := run.Config
	if a.Cost == 0 {
		a.Cost = 0.2
	}
	if a.Batch == 0 {
		a.Batch = min(cfg.Batch, max(16, cfg.Batch/8))
	}
	if a.Momentum == 0 {
		a.Momentum = 0.5
	}
	if a.LR == nil {
		perExample := peakRate(run) / (1 - cfg.Momentum) / float64(cfg.Batch)
		a.LR = nets.CosineRate{Peak: pace * perExample * float64(a.Batch) * (1 - a.Momentum), Warmup: 0.1}
	}
	return a
}

// peakRate returns the largest learning rate of a run.
func peakRate(run *nets.Run) (peak float64) {
	for t := range run.Steps {
		peak = max(peak, run.Config.LR.Rate(t, run.Steps))
	}
	return peak
}

// Name implements Method.
func (a Accelerate) Name() string {
	if a.Title != "" {
		return a.Title
	}
	return "accelerate"
}

// Needs implements Method: from the end of the run no record is needed.
func (a Accelerate) Needs() Needs {
	if a.Start >= 1 {
		return NeedsNothing
	}
	return NeedsCheckpoints
}

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
	w, start, err := q.checkpoint(a.Start)
	if err != nil {
		return nil, err
	}
	if a.Shrink > 0 || a.Noise > 0 {
		noise := q.model.Init(q.Run.Config.Seed + 2)
		mixed := w.Clone()
		shrink := a.Shrink
		if shrink == 0 {
			shrink = 1
		}
		combine(mixed, shrink, w, a.Noise, noise)
		w = mixed
	}
	w, err = a.run(ctx, q, w, start, a.Cost*RetrainCost(q.Problem), q.Run.Config.Seed+1)
	if err != nil {
		return nil, err
	}
	return q.end(w)
}

// run trains from w, which has seen the first steps of the recorded run, for
// at most evals gradient evaluations.
func (a Accelerate) run(ctx context.Context, q *request, w *graph.Tensor, start int, evals float64, seed uint64) (*graph.Tensor, error) {
	fail := func(format string, args ...any) (*graph.Tensor, error) {
		return nil, fmt.Errorf("unlearning: %s: "+format, append([]any{q.method}, args...)...)
	}
	kept := data.Order{Seed: seed, N: len(q.retained), Batch: min(a.Batch, len(q.retained))}
	perStep := kept.Batch
	forget := q.Forget.IDs()
	var gone []int
	if a.Erase > 0 {
		if a.RepelBatch == 0 {
			once := math.Ceil(float64(len(forget)*kept.Batch) / evals)
			a.RepelBatch = max(1, min(int(once), kept.Batch/4))
		}
		perStep += min(a.RepelBatch, len(forget))
	}
	// The last batch of an epoch is smaller, so that an epoch costs less than
	// its number of steps says.
	perEpoch := kept.StepsPerEpoch()
	epochCost := float64(kept.N + perEpoch*(perStep-kept.Batch))
	epochs := math.Floor(evals / epochCost)
	steps := int(epochs)*perEpoch + int((evals-epochs*epochCost)/float64(perStep))
	if steps < 1 {
		return fail("%w: %.0f gradient evaluations, a step takes %d", ErrBudget, evals, perStep)
	}
	s, err := q.model.NewStepper(a.Momentum, q.Run.Config.WeightDecay, w, nil)
	if err != nil {
		return fail("%w", err)
	}
	repel := a.repel(q, start, steps)
	// An example whose label is no more likely than chance has been forgotten;
	// to push it further would be visible too.
	u := q.model.WithLoss(nets.Capped(math.Log(float64(q.Run.Data.Classes))))
	repelled := newSampler(forget, seed)
	g, pull := q.model.NewVector(), q.model.NewVector()
	ids := make([]int, 0, kept.Batch)
	for t, batch := range kept.Steps(0, steps) {
		if err := ctx.Err(); err != nil {
			return fail("interrupted at step %d of %d: %w", t, steps, err)
		}
		ids = ids[:0]
		for _, i := range batch {
			ids = append(ids, q.retained[i])
		}
		loss, err := q.model.Gradient(s.W, q.Run.Data, ids, g)
		if err == nil && repel > 0 {
			gone = repelled.next(perStep - kept.Batch)
			if _, err = u.Gradient(s.W, q.Run.Data, gone, pull); err == nil {
				addScaled(g, -repel, pull)
			}
		}
		if err == nil {
			err = s.Step(g, a.LR.Rate(t, steps))
		}
		if err != nil {
			return fail("step %d: %w", t, err)
		}
		if math.IsNaN(loss) || math.IsInf(loss, 0) {
			return nil, &DivergedError{q.method, t}
		}
	}
	return s.W, nil
}

// repel returns the weight of the ascent on U.
func (a Accelerate) repel(q *request, start, steps int) float64 {
	if a.Erase <= 0 || start == 0 {
		return 0
	}
	var run, mine float64
	for t := range start {
		run += q.rate(t)
	}
	for t := range steps {
		mine += a.LR.Rate(t, steps)
	}
	run /= (1 - q.Run.Config.Momentum) * float64(q.Run.Data.Len())
	mine /= (1 - a.Momentum) * float64(q.Forget.Len())
	w := a.Erase * run / mine
	if w > maxRepel {
		q.guards["repel capped"]++
		return maxRepel
	}
	return w
}

// checkpoint returns the parameters at the checkpoint nearest to a share of the
// run, the earlier of two, and its step; share 1 is the end of the run, which
// needs none.
func (q *request) checkpoint(share float64) (*graph.Tensor, int, error) {
	if share >= 1 {
		return q.Run.Params, q.Run.Steps, nil
	}
	points := q.History.Checkpoints()
	if len(points) == 0 {
		return nil, 0, fmt.Errorf("unlearning: %s: %w: the record (%s) holds no checkpoint; record with history.Spaced", q.method, ErrNoHistory, q.History.Policy())
	}
	want := share * float64(q.Run.Steps)
	best := points[0]
	for _, c := range points {
		if math.Abs(float64(c)-want) < math.Abs(float64(best)-want) {
			best = c
		}
	}
	w, _, read, err := q.History.Checkpoint(best)
	if err != nil {
		return nil, 0, fmt.Errorf("unlearning: %s: %w", q.method, err)
	}
	q.read += read
	return w, best, nil
}
