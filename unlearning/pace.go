package unlearning

import (
	"fmt"
	"math"

	"github.com/miniunlearn/miniunlearn/nets"
	"github.com/miniunlearn/miniunlearn/unlearning/contraction"
	"github.com/miniunlearn/miniunlearn/unlearning/defaults"
)

// pace is how fast a contraction at w_T goes.
type pace struct {
	batch, steps int
	lr           nets.LRSchedule
	// runStep is how far a step of the recorded run along the gradient of one example
	// moved the example's own logits, at its peak rate, as a part of what would have undone
	// a deviation of them: 1 would, 2 would make them swing.
	runStep float64
	// taught is how far all steps of the run would have moved them, and undone how far all of
	// the contraction do, in the same measure.
	taught, undone float64
}

// pace chooses the steps of a contraction, of which each moves an example's own logits
// by DistilStep of the way back. With D the sample of K̄, the mean ‖Jᵀc‖² for logit
// directions c of length 1, and γ and h the curvature of distillation in the logits,
// of its stiffness and of the softmax, a learning time of t for an example moves them
// by t K̄ (γ + h).
//
// Where examples have much in common a batch of them moves the common direction as
// many times as it has examples. A few products of the curvature with D find the
// sharpest such direction, and the batch is as large as it bears, since larger ones
// are faster, or slower steps are taken.
func (e Erase) pace(req *Request, d *contraction.LogitSum, l learned, b *budget) (pace, error) {
	run := req.Run
	own := d.Kernel * (e.Stiffness + defaults.Stiffness*l.curvature)
	p := pace{batch: e.Batch, runStep: perExample(run) * own}
	p.taught = req.LearningTime() * own / float64(run.Order.Len())
	if !(p.runStep > 0) || math.IsInf(p.runStep, 0) {
		return p, fmt.Errorf("the record does not tell how far its steps moved (%g): a peak learning time of %g an example, %g for its own logits", p.runStep, perExample(run), own)
	}
	most := min(run.Config.Batch, len(req.Retain))
	if p.batch == 0 {
		p.batch = min(defaults.DistilBatchLeast, most)
	}
	p.batch = min(p.batch, len(req.Retain))
	distilled := contraction.Distilled{Batch: p.batch, Stiffness: e.Stiffness}
	cost := func(steps int) float64 {
		return contraction.Distilled{Batch: p.batch}.Cost(steps, len(req.Retain))
	}
	p.lr = e.LR
	if e.LR == nil {
		// Few examples are steeper than many, so that a smaller batch errs to the safe side.
		for distilled.Batch > 1 && contraction.SharpnessCost(distilled.Batch) > defaults.SharpnessCost*b.total {
			distilled.Batch /= 2
		}
		sharp, spent, err := distilled.Sharpness(req.System, d.Sum)
		if err != nil {
			return p, err
		}
		b.spend(spent)
		const free = 1 - defaults.DistilMomentum
		limit := defaults.DistilEdge * 2 * (1 + defaults.DistilMomentum)
		rate := defaults.DistilStep / own // learning time for an example
		if sharp > 0 {
			rate = min(rate, limit/(free*sharp*float64(p.batch)))
		}
		if e.Batch == 0 {
			for next := 2 * p.batch; next <= min(most, defaults.DistilBatchMost) && float64(next)*rate*free*sharp <= limit &&
				b.left() > float64(next*defaults.DistilSteps); next *= 2 {
				p.batch = next
			}
		}
		for e.Batch == 0 && p.batch > 1 && cost(1) > b.left() {
			p.batch /= 2 // of a budget that pays for no whole batch
		}
		// What many visits would undo again is as much as a few would with larger steps.
		p.steps = b.stepsFor(p.batch, cost)
		rate /= max(1, p.visits(req)/defaults.DistilVisits)
		p.lr = nets.CosineRate{Peak: rate * float64(p.batch) * free, Warmup: defaults.Warmup}
	}
	if p.steps = b.stepsFor(p.batch, cost); p.steps < 1 {
		return p, fmt.Errorf("%w: %.0f gradient evaluations are left of %.0f, and a step takes %.0f", ErrBudget, b.left(), b.total, math.Ceil(cost(1)))
	}
	time := nets.LearningTime(p.lr, 0, p.steps)
	if !(time > 0) {
		return p, fmt.Errorf("the learning rates of %s sum to %g: nothing would move", p.lr, time)
	}
	p.undone = time / (1 - defaults.DistilMomentum) * own / float64(len(req.Retain))
	return p, nil
}

// visits is how often the contraction sees each of as many examples as the run had.
func (p pace) visits(req *Request) float64 {
	return float64(p.steps*p.batch) / float64(req.Run.Order.Len())
}
