package contraction

import (
	"github.com/miniunlearn/miniunlearn/graph"
	"github.com/miniunlearn/miniunlearn/internal/vector"
	"github.com/miniunlearn/miniunlearn/nets"
	"github.com/miniunlearn/miniunlearn/unlearning/defaults"
)

// Reacher is a Disturber that knows how far it takes d: Reach is the greatest length of d up
// to step t where nothing but weight decay resists. Curvature that is nowhere negative makes d
// shorter than that, so that a longer one has gone astray: the steps are too long for directions
// that no batch has shown. On a Fixed path it is taken back to that length then, without its
// momentum, and the other steps have half the learning rate, and twice the disturbance, which
// GuardAstray counts. What wraps a Reacher has to be one, too, or nothing bounds d.
type Reacher interface{ Reach(t int) float64 }

// trust is the region that a Reacher leaves to d.
type trust struct {
	Reacher
	slow  float64       // of the path's learning rate
	delta *graph.Tensor // a disturbance over slow, nil until there is one
}

// leastSlow keeps what is multiplied by 1/slow in the range of a float32.
const leastSlow = 1. / 1024

// newTrust returns the region for a disturber on a way, nil if it has none.
func newTrust(d Disturber, w *Way) *trust {
	if r, ok := d.(Reacher); ok && !w.Recorded {
		return &trust{Reacher: r, slow: 1}
	}
	return nil
}

// slowed returns the learning rate and the disturbance of a step.
func (r *trust) slowed(rate float64, delta *graph.Tensor) (float64, *graph.Tensor) {
	if r == nil || r.slow == 1 {
		return rate, delta
	}
	if r.delta == nil {
		r.delta = delta.Clone()
	}
	vector.Combine(r.delta, 1/r.slow, delta, 0, delta)
	return r.slow * rate, r.delta
}

// confine takes back what has gone astray in step t.
func (r *trust) confine(s *System, t int, diff *nets.Stepper) {
	if r == nil {
		return
	}
	reach, length := r.Reach(t), vector.Norm(diff.W)
	if !(length > defaults.TrustReach*reach) { // and not if it is NaN
		return
	}
	vector.Combine(diff.W, reach/length, diff.W, 0, diff.W)
	diff.P.Zero()
	r.slow = max(r.slow/2, leastSlow)
	s.Guards[GuardAstray]++
}
