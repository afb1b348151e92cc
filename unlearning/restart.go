package unlearning

import (
	"context"
	"fmt"
	"math"

	"github.com/miniunlearn/miniunlearn/graph"
	"github.com/miniunlearn/miniunlearn/internal/purpose"
	"github.com/miniunlearn/miniunlearn/unlearning/defaults"
)

// restart trains on the retained examples from a point between w_T and w_0,
//
//	(1 − b) w_T + b w_0,
//
// for sets that are too large, or too unlike the others, to be taken back. w_T − w_0 is a sum
// over all examples, of which the others paid for 1 − r, so that b is r and more: of the rest of
// the way half of the run's mean error for a random set, a half for sets unlike the others, and a
// fifth where that is because of labels that nobody but U has, whose logits are lowered, see
// untaught. For random sets the logits go half of the way, in the logarithm, to the
// scale that they have after Erase: a model that is less sure of the right answers than
// retraining is must not be made as sure of its wrong ones.
func (e Erase) restart(ctx context.Context, req *Request, alpha *graph.Tensor, l learned, differs unlike) (*Result, error) {
	budget := newBudget(e.Cost * req.RetrainCost())
	e.NoScale = e.NoScale || differs.guard != ""
	check := req.newCheck(budget, e)
	var kernel float64
	if e.Rate == 0 {
		// A sample tells how far an example moved its own logits in the run.
		sampling := sampling
		sampling.Least = int(min(defaults.KernelExamples, defaults.CheckCost*budget.total))
		sampling.Noise = math.Inf(1)
		d, err := sampling.Estimate(req.System, alpha, max(1, sampling.Least), req.Rand(purpose.Restart, 0))
		if err != nil {
			return req.Fail(err)
		}
		budget.spend(float64(d.Used))
		kernel = d.Kernel
	}
	return e.train(ctx, req, l, differs, budget, check, kernel)
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
	if short.Rate == 0 {
		short.Rate = defaults.RestartRate
		// Steps that move an example's own logits further than those of the contraction may swing.
		step := perExample(req.Run) * kernel * 2 * defaults.Stiffness * l.curvature
		if step > 0 {
			short.Rate = min(short.Rate, defaults.DistilStep/step)
		}
		if differs.guard == "" {
			// No more may be taken back than can be taught again: so many visits, of which each moves an
			// example's own logits so far of the way.
			if again := defaults.RestartAgain * e.Cost * epochs(req.Run) * short.Rate * step; again < back {
				check.part *= again / back
				back = again
			}
		}
		// A run that had learned little must not learn more: no more learning time than
		// was taken back.
		short.Rate = min(short.Rate, back/e.Cost)
	}
	check.undone = back
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
