package data

import (
	"math/bits"
	"math/rand/v2"
)

// below returns a uniform number in 0 … n−1, n > 0, by multiplication with
// rejection (Lemire, "Fast random integer generation in an interval", 2019).
// rand.Rand would move the generator to the heap, and its shuffle is not
// promised to stay the same; recorded runs depend on this one.
func below(p *rand.PCG, n int) int {
	u := uint64(n)
	hi, lo := bits.Mul64(p.Uint64(), u)
	if lo < u {
		for reject := -u % u; lo < reject; {
			hi, lo = bits.Mul64(p.Uint64(), u)
		}
	}
	return int(hi)
}

// shuffle puts a uniform choice without replacement, in uniform order, into
// s[:k]; k = len(s) shuffles all of s.
func shuffle(p *rand.PCG, s []int, k int) {
	for i := range k {
		j := i + below(p, len(s)-i)
		s[i], s[j] = s[j], s[i]
	}
}

// countUp fills s with 0, 1, 2 …
func countUp(s []int) {
	for i := range s {
		s[i] = i
	}
}
