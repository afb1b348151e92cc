package contraction

import (
	"math"
	"math/rand/v2"
	"slices"
	"sort"
)

// bySize draws systematic samples of a list of items: item j with probability
// min(1, c·sizes[j]), where c makes the expected number m, so that every
// stretch of the list gets its share, and a sorted list is stratified. Items of
// size zero are never drawn; all others are where there are at most m.
type bySize struct {
	sizes  []float64
	sorted []float64 // those above zero, ascending
	sums   []float64 // sums[i] is that of the i smallest
}

func newBySize(sizes []float64) *bySize {
	b := &bySize{sizes: sizes, sums: []float64{0}}
	for _, s := range sizes {
		if s > 0 {
			b.sorted = append(b.sorted, s)
		}
	}
	slices.Sort(b.sorted)
	for i, s := range b.sorted {
		b.sums = append(b.sums, b.sums[i]+s)
	}
	return b
}

// scale returns the c for which min(1, c·size) add up to m, +Inf if there are no
// more than m sizes above zero.
func (b *bySize) scale(m int) float64 {
	n := len(b.sorted)
	if n <= m {
		return math.Inf(1)
	}
	c := func(certain int) float64 { return float64(m-certain) / b.sums[n-certain] }
	// The k largest are certain, with k the least for which the next is not.
	k := sort.Search(m, func(k int) bool { return c(k)*b.sorted[n-1-k] <= 1 })
	return c(min(k, m-1))
}

// draw returns the positions of a sample, ascending, and the inverse of their
// probabilities, with which sums over the sample are unbiased (Horvitz and
// Thompson, 1952).
func (b *bySize) draw(m int, r *rand.Rand) (drawn []int, weights []float64) {
	c := b.scale(m)
	at := -r.Float64()
	for j, s := range b.sizes {
		if s == 0 {
			continue
		}
		p := min(1, c*s)
		// An item is drawn if a whole number is in (at, at+p].
		next := at + p
		if p == 1 || math.Floor(next) > math.Floor(at) {
			drawn = append(drawn, j)
			weights = append(weights, 1/p)
		}
		if p < 1 {
			at = next
		}
	}
	return drawn, weights
}

// noise returns the variance of a sum that is estimated from a sample of m items,
// over the sum of the squares of its terms, as if the terms had these sizes and
// independent directions and each were drawn for itself. The systematic sample of a
// sorted list, which draw returns, has less. Of four terms of size 1, two drawn, it is 1.
func (b *bySize) noise(m int) float64 {
	c := b.scale(m)
	var noise, squares float64
	for _, s := range b.sorted {
		squares += s * s
		if p := c * s; p < 1 {
			noise += s * s * (1/p - 1)
		}
	}
	if squares == 0 {
		return 0
	}
	return noise / squares
}

// quieter returns the smallest m, at most most, whose noise is below a limit.
func (b *bySize) quieter(limit float64, most int) int {
	return 1 + sort.Search(most-1, func(less int) bool { return b.noise(less+1) < limit })
}
