package unlearning

import (
	"context"
	"errors"
	"fmt"

	"github.com/miniunlearn/miniunlearn/unlearning/defaults"
	"github.com/miniunlearn/miniunlearn/unlearning/history"
)

// Mini is Mini-Unlearning with the defaults that docs/evidence supports. It chooses
// the parts of the contraction for the request at hand; Result.Route says which.
//
// Convex models trained in large batches follow the contraction along the recorded
// run (Recursion), with the disturbances of a few epochs and curvature on a small
// sample; that needs a record of gradients (history.All, or at some loss
// history.EveryEpochs).
//
// Networks, whose trajectories no recursion follows for long, and convex
// models trained in batches so small that a sample of them carries no
// curvature, take the contraction at w_T (Erase): it takes back what U did to the
// run while logits of the retained examples are distilled. It needs no more of the
// history than history.LogitGradients. Their loss has to be the softmax
// cross-entropy.
//
// Where the logit gradients of some dozen examples or more are alike, and unlike
// those of the rest, as for a class, alone or among others, or one kind of wrong
// label, forgetting changes the logits of retained examples too, and they cannot be
// distilled. Mini then spends its cost on training from half of w_T on the retained
// examples (ShortRun), and counts GuardClassLike.
//
// Neither can they where U taught against the others, as wrong labels of all kinds
// do. The two sums that Erase starts from tell: where they point against each
// other, and much of all that was learned is U's, Mini spends what they left of its
// cost on training on from w_T, and counts GuardConflicting.
type Mini struct {
	// Cost is the budget as a share of replayed retraining's gradient
	// evaluations; 0 means 0.2 for networks, and for the recursion what its
	// defaults take. A recursion's budget pays for the knots first, then for
	// the smaller last batches, and the rest is spent on curvature.
	Cost float64
	// Convex configures the recursion; zero fields take the defaults. Its
	// Curvature and Cost exclude each other.
	Convex Recursion
	// Network configures Erase; zero fields take the defaults. Its Cost and the
	// one above exclude each other. For class-like sets only the cost counts, for
	// conflicting ones also the batch and the sample.
	Network Erase
}

// Name implements Method.
func (Mini) Name() string { return "mini" }

// History implements Method: every gradient where Mini follows the recursion,
// else the logit gradients.
func (m Mini) History(p Plan) history.Policy {
	if m.recursive(p) {
		return history.All()
	}
	return history.LogitGradients()
}

// recursive reports whether Mini follows the recursion for a run: whether the
// model is convex and batches are large, as such or as a share of the data.
func (Mini) recursive(p Plan) bool {
	large := min(defaults.RecursionBatch, defaults.RecursionShare*float64(p.Data.Len()))
	return p.Model.Arch().Convex && float64(p.Config.WithDefaults().Batch) >= large
}

// Unlearn implements Method.
func (m Mini) Unlearn(ctx context.Context, p Problem) (*Result, error) {
	req, done, err := Begin(m, p)
	if err != nil || done != nil {
		return done, err
	}
	n, batch := p.Run.Data.Len(), p.Run.Config.Batch
	if m.recursive(PlanOf(p.Run)) {
		r, err := m.recursion(req)
		if err != nil {
			return req.Fail(err)
		}
		req.Took(RouteRecursion, fmt.Sprintf("a convex model, batches of %d of %d examples", batch, n))
		return r.solve(ctx, req)
	}
	e := m.Network
	if m.Cost != 0 && e.Cost != 0 {
		return req.Fail(errors.New("set Cost or Network.Cost, not both"))
	}
	e.Cost += m.Cost
	alpha, err := req.LogitGradients()
	if err == nil {
		e, err = e.complete(req)
	}
	if err != nil {
		return req.Fail(err)
	}
	if classLike(req.System, alpha) {
		req.Guards[GuardClassLike]++
		req.Took(RouteShortRun, "the examples to forget are alike, and unlike the others")
		return ShortRun{Short: Short{Cost: e.Cost}, Start: 1, Shrink: defaults.ClassLikeShrink}.solve(ctx, req)
	}
	d, err := e.estimate(req, alpha)
	if err != nil {
		return req.Fail(err)
	}
	if conflicting(d) {
		req.Guards[GuardConflicting]++
		req.Took(RouteShortRun, fmt.Sprintf("the examples to forget taught against the others: a cosine of %.2f between their sums of logit gradients", d.Cosine))
		left := e.Cost - float64(d.Used)/req.RetrainCost()
		return ShortRun{Short: Short{Cost: left, Batch: e.Batch}, Start: 1}.solve(ctx, req)
	}
	if req.Took(RouteDistilled, "a network, whose trajectory no recursion follows for long"); req.Model.Arch().Convex {
		req.Took(RouteDistilled, fmt.Sprintf("a convex model, but batches of %d of %d examples: no sample of them carries curvature", batch, n))
	}
	return e.settle(ctx, req, alpha, d)
}
