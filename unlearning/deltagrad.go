package unlearning

import (
	"context"
	"errors"
	"fmt"

	"github.com/miniunlearn/miniunlearn/graph"
	"github.com/miniunlearn/miniunlearn/unlearning/history"
)

// DeltaGrad is the method of Wu, Dobriban and Davidson (ICML 2020), for runs
// without momentum. Retraining is replayed; where it would need the gradient
// of the whole batch at its own iterate u, most steps take
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
// that is wholly forgotten is skipped without losing the place in the record.
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

// Name implements Method.
func (DeltaGrad) Name() string { return "deltagrad" }

// History implements Method: every gradient.
func (DeltaGrad) History(Plan) history.Policy { return history.All() }

// Unlearn implements Method.
func (d DeltaGrad) Unlearn(ctx context.Context, p Problem) (*Result, error) {
	q, done, err := begin(d, p)
	if err != nil || done != nil {
		return done, err
	}
	d.T0, d.J0, d.Memory = orInt(d.T0, 5), orInt(d.J0, 10), orInt(d.Memory, 2)
	switch {
	case d.T0 < 0 || d.J0 < 0 || d.Memory < 0 || !(d.Trust >= 0):
		return q.fail(fmt.Errorf("T0 %d, J0 %d, memory %d and trust %g must not be negative", d.T0, d.J0, d.Memory, d.Trust))
	case q.Run.Config.Momentum != 0:
		return q.fail(errors.New("it is defined for plain SGD, and the run has momentum; use mini or the recursion"))
	}
	s, err := q.model.NewStepper(0, q.Run.Config.WeightDecay, q.Run.Initial, nil)
	if err != nil {
		return q.fail(err)
	}
	v := q.model.NewVector
	gKept, gGone, full := v(), v(), v()
	b, region := &secants{memory: d.Memory}, &trust{limit: d.Trust}
	for pt, err := range q.trajectory(0) {
		if err == nil {
			err = ctx.Err()
		}
		if err == nil && pt.g == nil {
			err = q.gap(pt.t, pt.t+1)
		}
		if err != nil {
			return q.fail(err)
		}
		if kept, _ := pt.sizes(); kept == 0 {
			continue
		}
		explicit := pt.t < d.J0 || (pt.t-d.J0)%d.T0 == 0
		if err := q.atIterate(pt, s.W, explicit, b, region, gKept, gGone, full); err != nil {
			return q.fail(err)
		}
		if err := s.Step(gKept, q.rate(pt.t)); err != nil {
			return q.fail(err)
		}
		if !s.W.Finite() {
			return nil, &DivergedError{q.method, pt.t}
		}
	}
	return q.end(s.W)
}

// atIterate sets kept to the gradient of the kept examples at u.
func (q *request) atIterate(pt point, u *graph.Tensor, explicit bool, b *secants, region *trust, kept, gone, full *graph.Tensor) error {
	ds, view := q.Run.Data, q.Run.View(pt.t)
	keptIDs, goneIDs := pt.split()
	nk, m := float64(len(keptIDs)), float64(len(goneIDs))
	gone.Zero()
	if m > 0 {
		if _, err := q.model.GradientAs(view, u, ds, goneIDs, gone); err != nil {
			return err
		}
	}
	step := q.model.NewVector()
	combine(step, 1, u, -1, pt.w)
	if explicit {
		if _, err := q.model.GradientAs(view, u, ds, keptIDs, kept); err != nil {
			return err
		}
		if norm(step) == 0 {
			return nil // no pair: always so at t = 0, and until U is met
		}
		combine(full, nk/(nk+m), kept, m/(nk+m), gone)
		combine(full, 1, full, -1, pt.g)
		region.saw(step, full)
		if !b.push(step, full.Clone()) {
			q.guards[GuardPairRejected]++
		}
		return nil
	}
	if err := b.product(step, full); err != nil {
		return err
	}
	switch {
	case len(b.s) == 0 && norm(step) > 0:
		q.guards[GuardNoPair]++ // B is zero
	case region.shorten(step, full):
		q.guards[GuardProductShortened]++
	}
	addScaled(full, 1, pt.g)
	combine(kept, (nk+m)/nk, full, -m/nk, gone)
	return nil
}
