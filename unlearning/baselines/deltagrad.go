package baselines

import (
	"cmp"
	"context"
	"fmt"

	"github.com/miniunlearn/miniunlearn/graph"
	"github.com/miniunlearn/miniunlearn/internal/lbfgs"
	"github.com/miniunlearn/miniunlearn/internal/vector"
	"github.com/miniunlearn/miniunlearn/unlearning"
	"github.com/miniunlearn/miniunlearn/unlearning/contraction"
	"github.com/miniunlearn/miniunlearn/unlearning/history"
)

// DeltaGrad is the method of Wu, Dobriban and Davidson (ICML 2020). Retraining is
// replayed; where it would need the gradient of the whole batch at its own iterate u,
// most steps take
//
//	∇L_B(u) ≈ g_t + B (u − w_t)
//
// from the record, with an L-BFGS matrix B, and compute only the forgotten
// examples' gradient, at u:
//
//	∇L_{B∖U}(u) ≈ [b (g_t + B (u − w_t)) − m ∇L_U(u)] / (b − m).
//
// Steps before J0 and every T0-th one after compute the whole batch and add a
// pair. As in the published code, no pair is made where u = w_t. Three things
// differ from it: pairs without positive curvature are rejected and counted,
// weight decay is left out of the pairs, since it is known exactly, and a batch
// that is wholly forgotten is skipped without losing the place in the record. Its authors train without momentum; in a run with momentum the same gradients go
// through the run's own update, which is ours and not theirs.
//
// It also learns the examples A that a problem adds, as its authors do:
//
//	∇L_{B∪A}(u) ≈ [b (g_t + B (u − w_t)) + a ∇L_A(u)] / (b + a).
//
// On networks B is often wrong, above all with small batches. There set Trust,
// which guards the products as LBFGS does.
type DeltaGrad struct {
	T0     int // period of the explicit steps; 0 means 5
	J0     int // explicit steps at first; 0 means 10
	Memory int // pairs; 0 means 2
	// Trust, if positive, shortens products that are longer than Trust times
	// the longest exact one, relative to ‖u − w_t‖; 0 is as published.
	Trust float64
}

// Name implements unlearning.Method.
func (DeltaGrad) Name() string { return "deltagrad" }

// Learns implements unlearning.Learner.
func (DeltaGrad) Learns() {}

// History implements unlearning.Method: every gradient.
func (DeltaGrad) History(unlearning.Plan) history.Policy { return history.All() }

// Unlearn implements unlearning.Method.
func (d DeltaGrad) Unlearn(ctx context.Context, p unlearning.Problem) (*unlearning.Result, error) {
	req, done, err := unlearning.Begin(d, p)
	if err != nil || done != nil {
		return done, err
	}
	d.T0, d.J0, d.Memory = cmp.Or(d.T0, 5), cmp.Or(d.J0, 10), cmp.Or(d.Memory, 2)
	switch {
	case d.T0 < 0 || d.J0 < 0 || d.Memory < 0 || !(d.Trust >= 0):
		return req.Fail(fmt.Errorf("T0 %d, J0 %d, memory %d and trust %g must not be negative", d.T0, d.J0, d.Memory, d.Trust))
	}
	s, err := req.Model.NewStepper(req.Run.Config.Momentum, req.Run.Config.WeightDecay, req.Run.Initial, nil)
	if err != nil {
		return req.Fail(err)
	}
	v := req.Model.NewVector
	g := v()
	it := &iterate{Request: req, pairs: &lbfgs.Matrix{Memory: d.Memory}, region: &lbfgs.Trust{Limit: d.Trust}, forgotten: v(), added: v(), full: v()}
	for pt, err := range req.Trajectory(0) {
		if err == nil && pt.G == nil {
			err = req.Gap(pt.T, pt.T+1)
		}
		if err != nil {
			return req.Fail(err)
		}
		if retain, _ := pt.Sizes(); retain == 0 {
			continue
		}
		explicit := pt.T < d.J0 || (pt.T-d.J0)%d.T0 == 0
		err := req.Step(ctx, pt.T, s, pt.Rate, g, func(u, g *graph.Tensor) error { return it.gradient(pt, u, explicit, g) })
		if err != nil {
			return req.Fail(err)
		}
	}
	return req.Finish(s.W)
}

// iterate finds the gradients of a replay at its own iterates.
type iterate struct {
	*unlearning.Request
	pairs  *lbfgs.Matrix
	region *lbfgs.Trust
	// Gradients of U's part of a batch, of those that join it, and of all that it was.
	forgotten, added, full *graph.Tensor
}

// gradient sets g to the gradient of the retained and added examples of a batch at u, and
// an explicit one adds a pair.
func (it *iterate) gradient(pt contraction.Point, u *graph.Tensor, explicit bool, g *graph.Tensor) error {
	retain, forget := pt.Split()
	joined := pt.Added()
	k, m, a := float64(len(retain)), float64(len(forget)), float64(len(joined))
	it.forgotten.Zero()
	if a > 0 {
		if err := it.Gradient(pt, u, joined, it.added); err != nil {
			return err
		}
	}
	if m > 0 {
		if err := it.Gradient(pt, u, forget, it.forgotten); err != nil {
			return err
		}
	}
	step := it.Model.NewVector()
	vector.Combine(step, 1, u, -1, pt.W)
	if explicit {
		if err := it.Gradient(pt, u, retain, g); err != nil {
			return err
		}
		if vector.Norm(step) == 0 {
			return nil // no pair: always so at t = 0, and until U is met
		}
		vector.Combine(it.full, k/(k+m-a), g, m/(k+m-a), it.forgotten)
		if a > 0 {
			vector.AddScaled(it.full, -a/(k+m-a), it.added)
		}
		vector.Combine(it.full, 1, it.full, -1, pt.G)
		it.region.Saw(step, it.full)
		if !it.pairs.Push(step, it.full.Clone()) {
			it.Guards[contraction.GuardPairRejected]++
		}
		return nil
	}
	if err := it.pairs.Product(step, it.full); err != nil {
		return err
	}
	switch {
	case it.pairs.Empty() && vector.Norm(step) > 0:
		it.Guards[contraction.GuardNoPair]++ // B is zero
	case it.region.Shorten(step, it.full):
		it.Guards[contraction.GuardProductShortened]++
	}
	vector.AddScaled(it.full, 1, pt.G)
	vector.Combine(g, (k+m-a)/k, it.full, -m/k, it.forgotten)
	if a > 0 {
		vector.AddScaled(g, a/k, it.added)
	}
	return nil
}
