package unlearning

import (
	"context"
)

// Mini is Mini-Unlearning with the defaults that docs/evidence supports. For
// convex models it follows the contraction recursion with the disturbances of
// every fourth epoch and curvature on a sample; for networks, whose
// trajectories no recursion follows for long, it takes a short accelerated run
// from an early checkpoint.
type Mini struct {
	// Convex configures the recursion; the zero value takes the defaults.
	Convex Recursion
	// Network configures the accelerated iteration.
	Network Accelerate
}

// Name implements Method.
func (Mini) Name() string { return "mini" }

// Needs implements Method.
func (Mini) Needs() Needs { return NeedsCheckpoints }

// Unlearn implements Method.
func (m Mini) Unlearn(ctx context.Context, p Problem) (*Result, error) {
	q, done, err := begin(m, p)
	if err != nil || done != nil {
		return done, err
	}
	if !p.Run.Model.Arch().Convex {
		return m.Network.solve(ctx, q)
	}
	r := m.Convex
	r.Title = m.Name()
	if r.Disturbance.Knots == 0 {
		// A share r of U costs r/(1−r) of retraining per epoch visited: above a
		// third the smaller last batches cost more than they mend.
		r.Disturbance = Disturbance{Knots: 5, Tails: 3*p.Forget.Len() <= p.Run.Data.Len()}
	}
	if r.Curvature == nil {
		r.Curvature = Sampled{}
	}
	return r.solve(ctx, q)
}
