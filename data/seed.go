package data

import (
	"math/bits"
	"math/rand/v2"
)

// purpose keeps the random streams of different uses of one seed apart: were
// they shared, RandomForget with the trainer's seed would pick exactly the
// first batches of epoch 0.
type purpose uint64

const (
	forOrder purpose = iota + 1
	forForget
	forStratify
	forSplit
)

// stream returns the generator of (seed, use, index). It is a value, so that a
// caller that keeps it on the stack does not allocate.
func stream(seed uint64, use purpose, index uint64) rand.PCG {
	var p rand.PCG
	p.Seed(mix(seed), mix(uint64(use))+index)
	return p
}

// mix spreads nearby seeds over all 64 bits: the SplitMix64 finaliser (Steele,
// Lea and Flood, "Fast splittable pseudorandom number generators", 2014).
func mix(z uint64) uint64 {
	z += 0x9e3779b97f4a7c15
	z = (z ^ z>>30) * 0xbf58476d1ce4e5b9
	z = (z ^ z>>27) * 0x94d049bb133111eb
	return z ^ z>>31
}

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
