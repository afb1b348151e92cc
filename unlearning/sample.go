package unlearning

import (
	"math"
	"math/rand/v2"
	"slices"
)

// sampleBySize draws a systematic sample of items from a list: item j with
// probability min(1, c·sizes[j]), where c makes the expected number m, and
// every stretch of the list gets its share, so that a sorted list is
// stratified. It returns the positions drawn, ascending, and the inverse of
// their probabilities, with which sums over the sample are unbiased (Horvitz
// and Thompson, 1952). Items of size zero are never drawn; all others are where
// there are at most m.
func sampleBySize(sizes []float64, m int, r *rand.Rand) (drawn []int, weights []float64) {
	c := scale(sizes, float64(m))
	at := -r.Float64()
	for j, s := range sizes {
		p := min(1, c*s)
		if s == 0 || p == 0 {
			continue
		}
		// The first multiple of 1 in (at, at+p] selects the item.
		if next := at + p; p == 1 || math.Floor(next) > math.Floor(at) {
			drawn = append(drawn, j)
			weights = append(weights, 1/p)
		}
		if p < 1 {
			at += p
		}
	}
	return drawn, weights
}

// scale returns the c for which min(1, c·size) add up to m, +Inf if there are no
// more than m sizes above zero.
func scale(sizes []float64, m float64) float64 {
	var sorted []float64
	var rest float64
	for _, s := range sizes {
		if s > 0 {
			sorted = append(sorted, s)
			rest += s
		}
	}
	if float64(len(sorted)) <= m {
		return math.Inf(1)
	}
	slices.Sort(sorted)
	c := m / rest
	for j := len(sorted) - 1; j > 0 && c*sorted[j] > 1; j-- {
		rest -= sorted[j]
		m--
		c = m / rest
	}
	return c
}

// sampleNoise returns the variance of a sum over terms of the given sizes and
// independent directions that is estimated from a sample of m by size, over the
// sum of their squares: what Poisson sampling makes, which systematic sampling
// stays close to.
func sampleNoise(sizes []float64, m int) float64 {
	c := scale(sizes, float64(m))
	var noise, squares float64
	for _, s := range sizes {
		squares += s * s
		if p := c * s; s > 0 && p < 1 {
			noise += s * s * (1/p - 1)
		}
	}
	if squares == 0 {
		return 0
	}
	return noise / squares
}
