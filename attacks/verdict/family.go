package verdict

import (
	"math"
	"slices"
)

// family tests several statistics together. Each was computed as it came out, at
// index 0, and once more for each of many other deals that would have been as
// likely if there were nothing to find. Larger values speak for a difference.
//
// The values of one statistic turn into p-values among themselves, and the least
// p-value over the statistics of a deal is compared with those of all deals
// (Westfall & Young, Resampling-Based Multiple Testing, 1993): the probability that
// any statistic is found where nothing is, is at most alpha, exactly, however the
// statistics depend on each other.
type family struct {
	names []string
	stats [][]float64 // [statistic][deal]
}

func (f *family) add(name string, values []float64) {
	f.names, f.stats = append(f.names, name), append(f.stats, values)
}

// outcome is what a family found.
type outcome struct {
	raw      []float64 // p-value of each statistic by itself
	adjusted []float64 // within the family
	least    []float64 // over statistics, ascending, by deal
	critical float64   // a statistic is found if raw ≤ critical; 0 if nothing could be
}

func (f *family) test(alpha float64) outcome {
	deals := len(f.stats[0])
	o := outcome{least: make([]float64, deals)}
	for r := range o.least {
		o.least[r] = 1
	}
	for _, x := range f.stats {
		p := pValues(x)
		o.raw = append(o.raw, p[0])
		for r, v := range p {
			o.least[r] = min(o.least[r], v)
		}
	}
	slices.Sort(o.least)
	for _, p := range o.raw {
		o.adjusted = append(o.adjusted, shareAtMost(o.least, p))
	}
	// The largest p-value whose adjusted one is at most alpha.
	for _, p := range o.least {
		if shareAtMost(o.least, p) > alpha {
			break
		}
		o.critical = p
	}
	return o
}

// rounding is how far p-values of equal statistics, summed in another order, may
// lie apart.
const rounding = 1e-9

// shareAtMost is the share of ascending values that are at most v, but for
// rounding.
func shareAtMost(x []float64, v float64) float64 {
	v *= 1 + rounding
	n, _ := slices.BinarySearchFunc(x, v, func(a, b float64) int {
		if a <= b {
			return -1
		}
		return 1
	})
	return float64(n) / float64(len(x))
}

// tailShare is the share of deals beyond which a tail is smoothed, of no fewer than
// tailLeast.
const (
	tailShare = 0.05
	tailLeast = 10
)

// pValues returns the share of deals whose statistic is at least as large, and for
// the largest twentieth an exponential tail fitted to them, so that what lies far
// out is told from what is barely the largest. The fit treats all deals alike: what
// it gets wrong costs power, never the level.
func pValues(x []float64) []float64 {
	order := make([]int, len(x))
	for i := range order {
		order[i] = i
	}
	slices.SortStableFunc(order, func(a, b int) int {
		switch {
		case x[a] > x[b]:
			return -1
		case x[a] < x[b]:
			return 1
		}
		return 0
	})
	n := float64(len(x))
	p := make([]float64, len(x))
	for i := 0; i < len(order); {
		j := i
		limit := x[order[i]] - rounding*math.Abs(x[order[i]])
		for j < len(order) && x[order[j]] >= limit {
			j++
		}
		for k := i; k < j; k++ {
			p[order[k]] = float64(j) / n
		}
		i = j
	}
	k := max(int(math.Ceil(tailShare*n)), tailLeast)
	if 2*k > len(x) {
		return p
	}
	from, beta := x[order[k-1]], 0.0
	for _, r := range order[:k] {
		beta += (x[r] - from) / float64(k)
	}
	if !(beta > 0) || math.IsInf(beta, 1) {
		return p
	}
	share := p[order[k-1]]
	for _, r := range order[:k] {
		if x[r] > from {
			p[r] = share * math.Exp(-(x[r]-from)/beta)
		}
	}
	return p
}

// distances turns a two-sided statistic's values into distances from their mean in
// standard deviations, and returns both.
func distances(x []float64) (d []float64, mean, sd float64) {
	for _, v := range x {
		mean += v / float64(len(x))
	}
	for _, v := range x {
		sd += (v - mean) * (v - mean) / float64(len(x))
	}
	sd = math.Sqrt(sd)
	d = make([]float64, len(x))
	if sd <= 1e-12*math.Abs(mean) || sd == 0 {
		return d, mean, 0
	}
	for i, v := range x {
		d[i] = math.Abs(v-mean) / sd
	}
	return d, mean, sd
}
