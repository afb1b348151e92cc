package contraction

import (
	"cmp"
	"fmt"

	"github.com/miniunlearn/miniunlearn/graph"
	"github.com/miniunlearn/miniunlearn/internal/lbfgs"
)

// LBFGS is quasi-Newton curvature: every Period-th step computes the exact
// difference of gradients, which is also a new pair, and the steps between
// take the product with the L-BFGS matrix; until there is a pair every step is
// exact. Pairs without positive curvature are rejected, and products longer than
// Trust times the longest exact one, relative to ‖d‖, are shortened; both are
// counted among the guards.
type LBFGS struct {
	Memory int     // pairs; 0 means 2
	Period int     // 0 means 5
	Warm   int     // exact steps at first; 0 means 10
	Trust  float64 // 0 means 2
}

func (c LBFGS) String() string {
	c = c.withDefaults()
	return fmt.Sprintf("lbfgs:%d:%d:%d", c.Memory, c.Period, c.Warm)
}

func (c LBFGS) withDefaults() LBFGS {
	c.Memory, c.Period, c.Warm = cmp.Or(c.Memory, 2), cmp.Or(c.Period, 5), cmp.Or(c.Warm, 10)
	c.Trust = cmp.Or(c.Trust, 2)
	return c
}

// Start implements Curvature.
func (c LBFGS) Start(s *System, _ *Way) (Product, error) {
	c = c.withDefaults()
	if c.Memory < 0 || c.Period < 0 || c.Warm < 0 || !(c.Trust > 0) {
		return nil, fmt.Errorf("curvature: %+v: all fields must be positive", c)
	}
	b, region, diff, step := &lbfgs.Matrix{Memory: c.Memory}, lbfgs.Trust{Limit: c.Trust}, newDifference(s), 0
	return Linear(func(pt Point, d, retained, h *graph.Tensor) error {
		defer func() { step++ }()
		if step < c.Warm || (step-c.Warm)%c.Period == 0 || b.Empty() {
			ids, _ := pt.Split()
			if err := diff.at(ids, pt, d, retained, h); err != nil {
				return err
			}
			region.Saw(d, h)
			if !b.Push(d.Clone(), h.Clone()) {
				s.Guards[GuardPairRejected]++
			}
			return nil
		}
		if err := b.Product(d, h); err != nil {
			return err
		}
		if region.Shorten(d, h) {
			s.Guards[GuardProductShortened]++
		}
		return nil
	}), nil
}
