package unlearning

import "sort"

// afford returns the largest share for Sampled curvature with which r takes no
// more than budget gradient evaluations, at most 1. It returns 0 where the
// smallest share takes more, and how much that is. Every step is counted as it
// will be computed, since samples are rounded up.
func (r Recursion) afford(q *request, budget float64) (share, least float64, err error) {
	first, err := r.Window.first(q.Run)
	if err != nil {
		return 0, 0, err
	}
	dist, err := planDisturbances(q, first, r.Disturbance)
	if err != nil {
		return 0, 0, err
	}
	type step struct {
		kept, b int
		known   bool
	}
	var steps []step
	var fixed int
	var met bool // U, by some step
	for t := first; t < q.Run.Steps; t++ {
		kept, gone := q.batches.sizes(t)
		if met = met || gone > 0; kept == 0 || !met {
			continue
		}
		computed := dist.computed(t)
		if computed {
			fixed += min(kept, gone)
		}
		steps = append(steps, step{kept, kept + gone, (computed || gone == 0) && q.recorded(t, t+1)})
	}
	cost := func(share float64) float64 {
		sum := fixed
		for _, s := range steps {
			n, own := Sampled{Share: share}.size(q, s.kept, s.b)
			if sum += 2 * n; own && s.known {
				sum -= n
			}
		}
		return float64(sum)
	}
	if least = cost(miniCurvature); !(least <= budget) { // NaN too
		return 0, least, nil
	}
	const grid = 10000
	low := int(miniCurvature * grid)
	i := sort.Search(grid-low, func(i int) bool { return cost(float64(low+i+1)/grid) > budget })
	return float64(low+i) / grid, least, nil
}
