package unlearning

import (
	"context"
	"errors"
	"fmt"
	"math"

	"github.com/miniunlearn/miniunlearn/graph"
	"github.com/miniunlearn/miniunlearn/internal/purpose"
	"github.com/miniunlearn/miniunlearn/unlearning/contraction"
	"github.com/miniunlearn/miniunlearn/unlearning/defaults"
	"github.com/miniunlearn/miniunlearn/unlearning/history"
)

// Mini is Mini-Unlearning with the defaults that docs/evidence supports. It chooses
// the way for the request at hand; Result.Route says which it took, and why.
//
//	request                                        way
//	a budget of retraining or more                 Retrain
//	a convex model                                 Recursion, along the recorded run
//	a network, U like the others                   Erase, a contraction at w_T
//	U unlike the others, or most of the data,      training from between w_T and w_0
//	or a record that does not tell what U did
//
// The first needs no record. Recursion wants every gradient (history.All, or at some
// loss history.EveryEpochs), with the disturbances of a few epochs and curvature on a
// sample, over the part of the run that weight decay has not made it forget. Where a
// record of every gradient would be large, and much larger than the data, Mini asks for logit
// gradients, and a convex model goes the way of networks.
//
// No recursion follows the trajectory of a network for long. Erase takes back what U
// did to the run while logits of the retained examples are distilled, from no more of
// the history than history.LogitGradients. The loss has to be the softmax cross-entropy.
//
// Logits of retained examples are not what they would be without U where U holds most
// of what was taught of a class, or far more than its share of all that was taught, as
// wrong labels do and examples that were learned by heart. Random sets of the same size
// tell how much of either is chance. For such a U (GuardClassLike, GuardConflicting), and
// for one that is most of the data, Mini trains shortly on the retained examples from a
// point between w_T and the initial parameters, and then lowers the labels that no
// retained example has. It does so, too, where what U taught has little in common with what
// the others did, or is longer than U's part of the run: then the run was no sum of what
// its examples taught, as after long training on noisy tables.
//
// Retained examples are not left worse than what is taken back accounts for, see
// HarmError.
type Mini struct {
	// Cost is the budget as a share of replayed retraining's gradient
	// evaluations; 0 means defaults.Cost for networks, and for the recursion what its
	// defaults take. A recursion's budget pays for the disturbances of a few epochs, of
	// more or all of them up to a third of it, and the rest is spent on curvature.
	Cost float64
	// Convex configures the recursion; zero fields take the defaults. Its
	// Curvature and Cost exclude each other.
	Convex Recursion
	// Network configures Erase, and the training as far as it can; zero fields take the
	// defaults. Its Cost and the one above exclude each other.
	Network Erase
}

// Name implements Method.
func (Mini) Name() string { return "mini" }

// History implements Method: every gradient where Mini follows the recursion,
// else the logit gradients, and nothing where it retrains.
func (m Mini) History(p Plan) history.Policy {
	switch {
	case m.Cost >= 1:
		return history.Policy{}
	case m.recursive(p):
		return history.All()
	}
	return history.LogitGradients()
}

// recursive reports whether Mini wants to follow the recursion for a run: whether the
// model is convex and a record of all gradients small, or not much larger than the data.
func (Mini) recursive(p Plan) bool {
	cfg := p.Config.WithDefaults()
	n := p.Data.Len()
	steps := cfg.Steps
	if steps == 0 {
		steps = cfg.Epochs * ((n + cfg.Batch - 1) / cfg.Batch)
	}
	record := float64(steps) * float64(p.Model.Size())
	return p.Model.Arch().Convex && record <= max(defaults.RecordLeast, defaults.RecordOfData*float64(n)*float64(p.Data.Features()))
}

// Unlearn implements Method.
func (m Mini) Unlearn(ctx context.Context, p Problem) (*Result, error) {
	req, done, err := Begin(m, p)
	if err != nil || done != nil {
		return done, err
	}
	if m.Cost >= 1 {
		req.Took(RouteRetrain, "the budget pays for it")
		return Retrain{}.solve(ctx, req)
	}
	follow := p.Run.Model.Arch().Convex && p.History != nil && len(p.History.Covered()) > 0
	var alpha *graph.Tensor
	if !follow {
		alpha, err = req.LogitGradients()
		if follow = errors.Is(err, history.ErrNoLogitGradients) && m.recursive(PlanOf(p.Run)); err != nil && !follow {
			return req.Fail(err)
		}
	}
	if follow {
		return m.follow(ctx, req)
	}
	e := m.Network
	if m.Cost != 0 && e.Cost != 0 {
		return req.Fail(errors.New("set Cost or Network.Cost, not both"))
	}
	e.Cost += m.Cost
	if e, err = e.complete(req); err != nil {
		return req.Fail(err)
	}
	learned := readLearned(req, alpha)
	if learned.nothing() {
		return req.nothing()
	}
	differs := compare(req.System, alpha)
	switch {
	case differs.guard != "":
		req.Guards[differs.guard]++
		req.Took(RouteRestart, differs.reason)
		return e.restart(ctx, req, alpha, learned, differs)
	case req.share() > learned.most(req.Run):
		req.Took(RouteRestart, fmt.Sprintf("U is %.0f%% of the data, after %.3g epochs with a mean error of %.2f", 100*req.share(), epochs(req.Run), learned.errors))
		return e.restart(ctx, req, alpha, learned, differs)
	}
	s, err := e.prepare(req, alpha, learned)
	if err != nil {
		return req.Fail(err)
	}
	if reason := s.doubt(req, learned); reason != "" {
		req.Took(RouteRestart, reason)
		differs.doubtful = true
		return e.train(ctx, req, learned, differs, s.budget, s.check, s.d.Kernel)
	}
	req.Took(RouteDistilled, "U is like the other examples")
	return s.follow(ctx, req, learned)
}

// follow follows the recursion. Where its curvature is that of samples, which may lead away
// from where whole batches would, the retained examples must be as good as they were.
func (m Mini) follow(ctx context.Context, req *Request) (*Result, error) {
	budget := math.Inf(1)
	if m.Cost != 0 {
		budget = m.Cost * req.RetrainCost()
	}
	check := &check{req: req, retain: draw(req.Rand(purpose.Check, 0), req.Retain, int(min(defaults.CheckExamples, defaults.CheckPart*budget)))}
	// A forward pass is a third of a gradient, and there are two over each.
	r, err := m.recursion(req, budget-2./3*float64(len(check.retain)))
	if err != nil {
		return req.Fail(err)
	}
	req.Took(RouteRecursion, "a convex model")
	u, err := r.find(ctx, req)
	if c, ok := r.Curvature.(contraction.Sampled); err == nil && ok && c.Share < 1 {
		err = check.harm(u)
	}
	if err != nil {
		return req.Fail(err)
	}
	return req.Finish(u)
}
