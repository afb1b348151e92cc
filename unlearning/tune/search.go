package tune

import (
	"math/rand/v2"

	"github.com/miniunlearn/miniunlearn/internal/purpose"
)

// search chooses the settings to try. The first is that of the notation alone. The first
// half of the others is a Latin hypercube (McKay, Beckman and Conover, 1979): each range
// is cut in as many parts, and each part is met once. The second half is drawn around
// the best of these, within a quarter of each range to either side and, in the end, an
// eighth.
type search struct {
	ranges []Range
	n      int // settings in all
	rng    *rand.Rand
	parts  [][]int // of each range, by trial
	places [][]float64
	best   []float64 // places of the best; nil before one was judged
	lowest float64
}

func newSearch(ranges []Range, n int, seed uint64) *search {
	s := &search{ranges: ranges, n: n, rng: purpose.Rand(seed, purpose.Trial, 0)}
	for range ranges {
		s.parts = append(s.parts, s.rng.Perm(s.spread()))
	}
	return s
}

// spread is the number of settings that are spread over the ranges.
func (s *search) spread() int { return s.n / 2 }

// next returns trial k as what it adds to the notation.
func (s *search) next(k int) (settings string) {
	places := make([]float64, len(s.ranges))
	for j := range places {
		u := s.rng.Float64() // drawn in any case: a trial does not depend on how others went
		switch {
		case k == 0:
			continue
		case k <= s.spread():
			places[j] = (float64(s.parts[j][k-1]) + u) / float64(s.spread())
		case s.best == nil:
			places[j] = u
		default:
			width := 1. / 4
			if k > s.n-s.n/4 {
				width /= 2
			}
			low, high := max(0, s.best[j]-width), min(1, s.best[j]+width)
			places[j] = low + (high-low)*u
		}
		settings += ":" + s.ranges[j].at(places[j])
	}
	s.places = append(s.places, places)
	return settings
}

// judged says what trial k is worth.
func (s *search) judged(k int, value float64) {
	if k > 0 && (s.best == nil || value < s.lowest) {
		s.best, s.lowest = s.places[k], value
	}
}
