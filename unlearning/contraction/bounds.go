package contraction

import (
	"github.com/miniunlearn/miniunlearn/graph"
	"github.com/miniunlearn/miniunlearn/internal/vector"
)

// bounds limit how much of a product h with a sample is kept, which stands for the curvature
// along d and may do harm in two ways. The sample may be steeper than the learning rate
// bears: with η ‖h‖² > 2 (1+β) dᵀh the step would lengthen d. And chance may add more to d than
// the product takes from it: with σ² the variance of h, and steps that momentum lets add up
// to η/(1−β), it does where η σ²/(1−β) > 2 dᵀh.
type bounds struct {
	momentum float64
	noise    float64 // what chance may add, as a part of what h takes
}

// keep returns the largest part of h, at most all of it, that keeps to both, for the
// learning rate η, dᵀh or what stands for it, ‖h‖² and σ².
func (b bounds) keep(rate, along, square, variance float64) float64 {
	keep, along := 1., max(along, 0)
	if steep, most := rate*square, 2*(1+b.momentum)*along; steep > most {
		keep = most / steep
	}
	if noise, most := rate/(1-b.momentum)*variance, 2*b.noise*along; keep*noise > most {
		keep = most / noise
	}
	return keep
}

// shorten multiplies a product by what is kept of it, which GuardStepShortened counts.
func (s *System) shorten(h *graph.Tensor, keep float64) {
	if keep < 1 {
		vector.Combine(h, keep, h, 0, h)
		s.Guards[GuardStepShortened]++
	}
}
