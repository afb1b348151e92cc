package contraction

import (
	"github.com/miniunlearn/miniunlearn/graph"
	"github.com/miniunlearn/miniunlearn/internal/vector"
	"github.com/miniunlearn/miniunlearn/nets"
	"github.com/miniunlearn/miniunlearn/unlearning/defaults"
)

// Reacher is a Disturber that knows how far it takes d: Reach is the length of d after step
// t where nothing but weight decay resists. Curvature can only make d shorter than that, so that a
// longer one has gone astray: the steps are too long for directions that no batch has shown. It is
// taken back to that length then, without its momentum, and the other steps have half the learning
// rate, and twice the disturbance, which GuardAstray counts.
type Reacher interface{ Reach(t int) float64 }

// trust is the region that a Reacher leaves to d.
type trust struct {
	Reacher
	slow  float64       // of the path's learning rate
	delta *graph.Tensor // a disturbance over slow, nil until there is one
}

// newTrust returns the region for a disturber, nil if it has none.
func newTrust(d Disturber) *trust {
	if r, ok := d.(Reacher); ok {
		return &trust{Reacher: r, slow: 1}
	}
	return nil
}

// pace returns the learning rate and the disturbance of a step.
func (r *trust) pace(rate float64, delta *graph.Tensor) (float64, *graph.Tensor) {
	if r == nil || r.slow == 1 {
		return rate, delta
	}
	if r.delta == nil {
		r.delta = delta.Clone()
	}
	vector.Combine(r.delta, 1/r.slow, delta, 0, delta)
	return r.slow * rate, r.delta
}

// keep takes back what has gone astray in step t.
func (r *trust) keep(s *System, t int, diff *nets.Stepper) {
	if r == nil {
		return
	}
	reach, length := r.Reach(t), vector.Norm(diff.W)
	if !(length > defaults.TrustReach*reach) {
		return
	}
	vector.Combine(diff.W, reach/length, diff.W, 0, diff.W)
	vector.Combine(diff.P, 0, diff.P, 0, diff.P)
	r.slow /= 2
	s.Guards[GuardAstray]++
}
