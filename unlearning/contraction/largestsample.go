package contraction

import "sort"

// LargestSample returns the largest share of c, at most 1, with which a contraction
// along the recorded run takes no more than budget gradient evaluations. It returns 0
// where least, the smallest share, takes more, and how much that is. Every step is
// counted as it will be computed, since samples are rounded up, or on the average where
// they are parts of the batches.
func LargestSample(s *System, window Window, disturbance Interpolated, c Sampled, least, budget float64) (share, leastCost float64, err error) {
	first, err := window.first(s.Run)
	if err != nil {
		return 0, 0, err
	}
	plan, err := disturbance.plan(s, first)
	if err != nil {
		return 0, 0, err
	}
	type step struct {
		retain, b int
		known     bool
	}
	var steps []step
	var fixed int
	var met bool // U, by some step
	for t := first; t < s.Run.Steps; t++ {
		retain, forget := s.batches.sizes(t)
		if met = met || forget > 0; retain == 0 || !met {
			continue
		}
		computed := plan.computed(t)
		if computed {
			fixed += min(retain, forget)
		}
		steps = append(steps, step{retain, retain + forget, (computed || forget == 0) && s.recorded(t, t+1)})
	}
	cost := func(share float64) float64 {
		c.Share = share
		sum := float64(fixed)
		for _, st := range steps {
			sum += c.cost(s, st.retain, st.b, st.known)
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
