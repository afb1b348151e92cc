package unlearning

import (
	"context"
	"errors"
	"fmt"

	"github.com/miniunlearn/miniunlearn/unlearning/history"
)

// Mini is Mini-Unlearning with the defaults that docs/evidence supports.
//
// Convex models trained in large batches follow the contraction recursion,
// with the disturbances of five epochs and curvature on a small sample; that
// needs a record of gradients (history.All, or at some loss history.EveryEpochs).
//
// Networks, whose trajectories no recursion follows for long, and convex
// models trained in batches so small that a sample of them carries no
// curvature, take back U's pushes while a short run holds the answers on the
// retained examples, see Erase; that needs no more of the history than
// history.LogitGradients. Their loss has to be the softmax cross-entropy.
//
// Where the pushes of some dozen examples or more are alike, and unlike those of the
// rest, as for a class, alone or among others, or one kind of wrong label,
// forgetting changes the answers on retained examples too, and they cannot be
// held. Mini then spends its cost on training from half of w_T on the retained
// examples (Accelerate, with its defaults), and counts the guard "coherent".
//
// Neither can they where U taught against the others, as wrong labels of all kinds
// do. The sums of J_iᵀ α̃_i over U and over the others, which Erase starts from,
// tell: where the cosine of their angle is below −½, and more than a tenth of
// Σ ‖α̃‖ is U's, Mini spends what they left of its cost on training on from w_T, and counts the
// guard "contrary".
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
	// one above exclude each other. For coherent sets only the cost counts, for
	// contrary ones also the batch and the sample.
	Network Erase
}

const (
	miniKnots = 5

	miniTails     = 0.05  // of retraining's cost, that last batches may always cost
	miniCurvature = 0.005 // smallest curvature sample, as a share of the batch
)

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
// model is convex and batches hold an eighth of the data or 1024 examples.
func (Mini) recursive(p Plan) bool {
	return p.Model.Arch().Convex && p.Config.WithDefaults().Batch >= min(1024, (p.Data.Len()+7)/8)
}

// Unlearn implements Method.
func (m Mini) Unlearn(ctx context.Context, p Problem) (*Result, error) {
	q, done, err := begin(m, p)
	if err != nil || done != nil {
		return done, err
	}
	if !m.recursive(PlanOf(p.Run)) {
		e := m.Network
		if m.Cost != 0 && e.Cost != 0 {
			return nil, errors.New("unlearning: mini: set Cost or Network.Cost, not both")
		}
		e.Cost += m.Cost
		e.Title = m.Name()
		alpha, err := q.logitGradients()
		if err == nil {
			e, err = e.complete(q)
		}
		if err != nil {
			return q.fail(err)
		}
		if q.coherent(alpha) {
			q.guards[GuardCoherent]++
			q.route, q.reason = RouteShortRun, "the examples to forget are alike, and unlike the others"
			return Accelerate{Short: Short{Cost: e.Cost}, Start: 1, Shrink: 0.5}.solve(ctx, q)
		}
		d, err := e.disturb(q, alpha)
		switch {
		case err != nil:
			return q.fail(err)
		case d.contrary():
			q.guards[GuardContrary]++
			q.route, q.reason = RouteShortRun, fmt.Sprintf("the examples to forget taught against the others: a cosine of %.2f between their sums of logit gradients", d.cosine)
			left := e.Cost - float64(d.used)/RetrainCost(p)
			return Accelerate{Short: Short{Cost: left, Batch: e.Batch}, Start: 1}.solve(ctx, q)
		}
		q.reason = "a network, whose trajectory no recursion follows for long"
		if q.model.Arch().Convex {
			q.reason = fmt.Sprintf("a convex model, but batches of %d of %d examples: no sample of them carries curvature", p.Run.Config.Batch, p.Run.Data.Len())
		}
		return e.contract(ctx, q, alpha, d)
	}
	q.reason = fmt.Sprintf("a convex model, batches of %d of %d examples", p.Run.Config.Batch, p.Run.Data.Len())
	r, err := m.recursion(q)
	if err != nil {
		return nil, err
	}
	return r.solve(ctx, q)
}

// recursion returns the recursion for a request.
func (m Mini) recursion(q *request) (Recursion, error) {
	r := m.Convex
	r.Title = m.Name()
	chosen := r.Disturbance != Disturbance{}
	if !chosen {
		// A share r of U costs r/(1−r) of retraining per epoch visited: above a
		// third larger last batches cost more than they mend. Smaller ones cost
		// little and pull hardest: for 4 examples beside batches of 1024 the
		// error at r = 0.5 is 0.79 without them and 0.22 with.
		n := float64(q.Run.Data.Len())
		share, tail := float64(q.Forget.Len())/n, float64(q.Run.Order.N%q.Run.Order.Batch)/float64(q.Run.Order.N)
		cheap := min(share, 1-share)/(1-share)*tail <= miniTails
		r.Disturbance = Disturbance{Knots: miniKnots, Tails: m.Cost > 0 || share <= 1.0/3 || cheap}
	}
	if m.Cost == 0 {
		if r.Curvature == nil {
			r.Curvature = Sampled{}
		}
		return r, nil
	}
	if r.Curvature != nil {
		return r, errors.New("unlearning: mini: set Cost or Convex.Curvature, not both: what Cost leaves is spent on curvature")
	}
	budget := m.Cost * RetrainCost(q.Problem)
	share, least, err := r.afford(q, budget)
	if err == nil && !chosen {
		// The smaller last batches are worth half of the curvature samples.
		var plain float64
		r.Disturbance.Tails = false
		if plain, least, err = r.afford(q, budget); share >= plain/2 {
			r.Disturbance.Tails = true
		} else {
			share = plain
		}
	}
	if err != nil {
		return r, fmt.Errorf("unlearning: mini: %w", err)
	}
	if share == 0 {
		return r, fmt.Errorf("unlearning: mini: %w: the disturbances and the smallest curvature samples cost %.3f of retraining, not %g",
			ErrBudget, least/RetrainCost(q.Problem), m.Cost)
	}
	r.Curvature = Sampled{Share: share}
	return r, nil
}
