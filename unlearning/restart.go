package unlearning

import (
	"context"
	"fmt"
	"math"

	"github.com/miniunlearn/miniunlearn/graph"
	"github.com/miniunlearn/miniunlearn/internal/purpose"
	"github.com/miniunlearn/miniunlearn/nets"
	"github.com/miniunlearn/miniunlearn/unlearning/defaults"
)

// restart trains on the retained examples from a point between w_T and w_0,
//
//	(1 − b) w_T + b w_0,
//
// for sets that are too large, or too unlike the others, to be taken back. w_T − w_0 is a sum
// over all examples, of which the others paid for 1 − r, so that b is r and more: of the rest of
// the way half of the run's mean error for a random set, three tenths at least for one that the record does
// not explain (see erasure.doubt), a half for sets unlike the others, and a
// fifth where that is because of labels that nobody but U has, whose logits are lowered, see
// untaught. A random set is taken back no further than the training brings back. For
// random sets, too, the logits go half of the way, in the logarithm, to the
// scale that they have after Erase: a model that is less sure of the right answers than
// retraining is must not be made as sure of its wrong ones.
func (e Erase) restart(ctx context.Context, req *Request, alpha *graph.Tensor, l learned, differs unlike) (*Result, error) {
	budget := newBudget(e.Cost * req.RetrainCost())
	e.NoScale = e.NoScale || differs.guard != ""
	check := req.newCheck(budget, e)
	// A sample tells how far an example moved its own logits in the run.
	sampling := sampling
	sampling.Least = int(min(defaults.KernelExamples, defaults.CheckCost*budget.total))
	sampling.Noise = math.Inf(1)
	d, err := sampling.Estimate(req.System, alpha, max(1, sampling.Least), req.Rand(purpose.Restart, 0))
	if err != nil {
		return req.Fail(err)
	}
	budget.spend(float64(d.Used))
	return e.train(ctx, req, l, differs, budget, check, d.Kernel)
}

// train is restart with what is left of a budget, where the kernel of a sample is known, see
// contraction.LogitSum.
func (e Erase) train(ctx context.Context, req *Request, l learned, differs unlike, budget *budget, check *check, kernel float64) (*Result, error) {
	untaught, err := req.newUntaught(budget)
	if err != nil {
		return req.Fail(err)
	}
	back := untaught.start(req.share(), l, differs)
	check.part = defaults.RestartScale
	short := e.Short
	if short.Batch == 0 {
		short.Batch = min(defaults.RestartBatch, req.Run.Config.Batch)
	}
	// How far a step of the run along the gradient of an example moved the example's own logits.
	step := perExample(req.Run) * kernel * 2 * defaults.Stiffness * l.curvature
	rate := short.Rate
	switch {
	case short.LR != nil:
		steps := max(1, int(budget.left())/short.Batch)
		rate = nets.PeakRate(short.LR, steps) / (perExample(req.Run) * float64(short.Batch) * (1 - defaults.TrainingMomentum))
	case rate == 0:
		rate = defaults.RestartRate
		if step > 0 { // steps that are longer than those of the contraction may swing
			rate = min(rate, defaults.DistilStep/step)
		}
	}
	if again := taughtAgain(budget.left()/req.RetrainCost()*epochs(req.Run), rate*step); differs.guard == "" && again < back {
		check.part *= again / back
		back = again
	}
	check.undone = back
	if short.Rate == 0 && short.LR == nil {
		// A run that had learned little must not learn more: no more learning time than
		// was taken back.
		short.Rate = min(rate, back/e.Cost)
	}
	if budget.left() < float64(short.Batch) {
		return req.Fail(fmt.Errorf("%w: %.0f gradient evaluations are left of %.0f, and a step takes %d", ErrBudget, max(0, budget.left()), budget.total, short.Batch))
	}
	short.Cost = budget.left() / req.RetrainCost()
	u, err := ShortRun{Short: short, Start: 1, Back: back}.train(ctx, req)
	if err != nil {
		return req.Fail(err)
	}
	if u, err = check.finish(u, l); err != nil {
		return req.Fail(err)
	}
	if u, err = untaught.lower(u); err != nil {
		return req.Fail(err)
	}
	return req.Finish(u)
}

// taughtAgain is the share of the way to w_0 that a training brings back which visits each
// example so often, and moves its own logits so far by each visit. What does not tell bounds nothing.
func taughtAgain(visits, step float64) float64 {
	if !(step > 0) {
		return math.Inf(1)
	}
	return defaults.RestartAgain * visits * step
}
