package contraction

import "sort"

// LargestSample returns the largest share of c, at most 1, with which a contraction
// along the recorded run takes no more than budget gradient evaluations. It returns 0
// where least, the smallest share, takes more, and how much that is. Every step is
// counted as it will be computed, since samples are whole examples.
func LargestSample(s *System, window Window, disturbance Interpolated, c Sampled, least, budget float64) (share, leastCost float64, err error) {
	first, err := window.first(s.Run)
	if err != nil {
		return 0, 0, err
	}
	plan, err := disturbance.plan(s, first)
	if err != nil {
		return 0, 0, err
	}
	fixed, steps := plan.steps(s, first)
	cost := func(share float64) float64 {
		c.Share = share
		of, sum := c.costs(s), float64(fixed)
		for _, st := range steps {
			sum += of(st.retain, st.b, st.known)
		}
		return sum
	}
	if leastCost = cost(least); !(leastCost <= budget) { // NaN too
		return 0, leastCost, nil
	}
	const grid = 10000
	low := int(least * grid)
	i := sort.Search(grid-low, func(i int) bool { return cost(float64(low+i+1)/grid) > budget })
	return float64(low+i) / grid, leastCost, nil
}

// DisturbanceCost is what the disturbances of a way along the recorded run take, in
// gradient evaluations.
func DisturbanceCost(s *System, window Window, disturbance Interpolated) (float64, error) {
	first, err := window.first(s.Run)
	if err != nil {
		return 0, err
	}
	plan, err := disturbance.plan(s, first)
	if err != nil {
		return 0, err
	}
	fixed, _ := plan.steps(s, first)
	return float64(fixed), nil
}

// plannedStep is a step of a way at which a product is taken: the sizes of its batch and
// of what is retained of it, and whether the gradient over that is known.
type plannedStep struct {
	retain, b int
	known     bool
}

// steps returns the steps of a way at which something is retained, once a step has met U,
// and what their disturbances cost.
func (d *disturbances) steps(s *System, first int) (cost int, steps []plannedStep) {
	var met bool
	for t := first; t < s.Run.Steps; t++ {
		retain, forget := s.batches.sizes(t)
		if met = met || forget > 0; retain == 0 || !met {
			continue
		}
		computed := d.computed(t)
		if computed {
			cost += min(retain, forget)
		}
		steps = append(steps, plannedStep{retain, retain + forget, (computed || forget == 0) && s.recorded(t, t+1)})
	}
	return cost, steps
}
