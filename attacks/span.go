package attacks

import "math"

// span is an interval [lo, hi] of scores cut into equal bins. Scores may be as
// far apart as ±1e308, where hi − lo overflows, and as close as two subnormal
// numbers, where a share of it underflows: every division by hi − lo is here.
type span struct{ lo, hi float64 }

// spanOf spans the finite values; a sample without any has lo > hi.
func spanOf(samples ...[]float64) span {
	s := span{math.Inf(1), math.Inf(-1)}
	for _, x := range samples {
		for _, v := range x {
			if !math.IsInf(v, 0) {
				s.lo, s.hi = min(s.lo, v), max(s.hi, v)
			}
		}
	}
	return s
}

// bin returns which of equal bins v falls into, both ends included. Values
// outside belong to the outermost bins, and all of a span without width to the
// first.
func (s span) bin(v float64, bins int) int {
	width, at := s.hi-s.lo, v-s.lo
	if math.IsInf(width, 0) {
		width, at = s.hi/2-s.lo/2, v/2-s.lo/2
	}
	if !(width > 0) {
		return 0
	}
	return min(max(int(at/width*float64(bins)), 0), bins-1)
}

// histogram returns the share of x in each of equal bins of the span.
func (s span) histogram(x []float64, bins int) []float64 {
	h := make([]float64, bins)
	for _, v := range x {
		h[s.bin(v, bins)]++
	}
	for b := range h {
		h[b] /= float64(len(x))
	}
	return h
}

// drawable widens a span that an axis cannot show: none, one without width, or
// one so narrow or so wide that ticks and densities leave the float64 numbers.
func (s span) drawable() span {
	if s.lo > s.hi {
		return span{-1, 1}
	}
	const most = 1e300
	s.lo, s.hi = min(max(s.lo, -most), most), min(max(s.hi, -most), most)
	size := max(math.Abs(s.lo), math.Abs(s.hi))
	if s.hi-s.lo <= 1e-9*size || s.hi-s.lo < 1/most {
		pad := 0.5 * max(1, size)
		s.lo, s.hi = s.lo-pad, s.hi+pad
	}
	return s
}
