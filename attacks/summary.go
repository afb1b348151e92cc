package attacks

import (
	"math"
	"slices"
)

// sorted returns an ascending copy.
func sorted(x []float64) []float64 {
	s := slices.Clone(x)
	slices.Sort(s)
	return s
}

// variance is the unbiased sample variance. The values are summed in sorted
// order so that the caller's order of examples cannot change a bit.
func variance(x []float64) float64 {
	s := sorted(x)
	m, ss := mean(s), 0.0
	for _, v := range s {
		ss += (v - m) * (v - m)
	}
	return ss / float64(len(s)-1)
}

// sum adds in the given order.
func sum(x []float64) float64 {
	s := 0.0
	for _, v := range x {
		s += v
	}
	return s
}

// mean sums in the given order; sort first where that order is the caller's. Values
// whose sum leaves the float64 numbers are divided first.
func mean(x []float64) float64 {
	n := float64(len(x))
	if s := sum(x); !math.IsInf(s, 0) && !math.IsNaN(s) {
		return s / n
	}
	m := 0.0
	for _, v := range x {
		m += v / n
	}
	return m
}

// quantile interpolates the p quantile of an ascending sample.
func quantile(x []float64, p float64) float64 {
	h := p * float64(len(x)-1)
	lo := min(max(int(math.Floor(h)), 0), len(x)-1)
	hi := min(lo+1, len(x)-1)
	if x[lo] == x[hi] { // also keeps infinities whole
		return x[lo]
	}
	f := h - float64(lo)
	return x[lo]*(1-f) + x[hi]*f // x[hi] − x[lo] may overflow
}
