package data

import (
	"fmt"
	"iter"
	"math"
	"slices"
	"strconv"

	"github.com/miniunlearn/miniunlearn/internal/purpose"
)

// ForgetSet is U, the training examples to be forgotten: a set of positions in
// the training set. It is immutable and may be shared.
//
// The zero value is the empty set and fits every training set. A set may also
// hold the whole training set; what that means is for the method to say.
type ForgetSet struct {
	// Spec describes how the set was chosen, for reports: "random:0.2".
	Spec string

	n    int
	at   []int    // the positions, sorted
	bits []uint64 // bit i%64 of word i/64: is i in the set?
}

// ForgetPositions returns the set of the given positions, in any order, in a
// training set of n examples. No positions make an empty set. The first that
// is not in 0 … n−1 or was given before is reported by a [*PositionError].
//
// Positions are those in the very set that is trained on: after a split or a
// subset, and in the next version of a file, the same number is somebody else.
// What an owner of data asks for is [ForgetByID].
func ForgetPositions(n int, positions []int) (ForgetSet, error) {
	if n < 0 {
		return ForgetSet{}, fmt.Errorf("data: forget set of a training set of %d examples", n)
	}
	b := newForgetBuilder(n)
	for _, i := range positions {
		if err := b.add(i); err != nil {
			return ForgetSet{}, fmt.Errorf("data: forget set: %w", err)
		}
	}
	return b.set("positions"), nil
}

// RandomForget returns round(share × n) examples of ds, chosen uniformly
// without replacement by the seed. It panics unless 0 ≤ share ≤ 1; use
// [ParseForget] for a share that comes from a user.
func RandomForget(ds *Dataset, share float64, seed uint64) ForgetSet {
	if !(share >= 0 && share <= 1) { // NaN fails too
		panic(fmt.Sprintf("data: RandomForget: share %v is not in [0, 1]", share))
	}
	n := ds.Len()
	k := int(math.Round(share * float64(n)))
	at := make([]int, n)
	countUp(at)
	p := purpose.Stream(seed, purpose.Forget, 0)
	shuffle(&p, at, k)
	return mustForget(n, at[:k], "random:"+strconv.FormatFloat(share, 'g', -1, 64))
}

// Len returns the number of examples to forget.
func (f ForgetSet) Len() int { return len(f.at) }

// N returns the size of the training set that the set was made for, 0 for the
// zero value.
func (f ForgetSet) N() int { return f.n }

// Contains reports whether training example i is to be forgotten; it is false
// for an i outside the training set.
func (f ForgetSet) Contains(i int) bool {
	return i >= 0 && i < f.n && f.bits[i/64]>>(i%64)&1 == 1
}

// Positions returns a sorted copy of the positions in the training set.
// [Dataset.Key] has the ids that belong to them.
func (f ForgetSet) Positions() []int { return slices.Clone(f.at) }

// All yields the positions in increasing order.
func (f ForgetSet) All() iter.Seq[int] { return slices.Values(f.at) }

// Retained returns the sorted positions of a training set of n examples that
// are not in the set. It panics if the set was made for another n.
func (f ForgetSet) Retained(n int) []int {
	if err := f.Validate(n); err != nil {
		panic(err)
	}
	r := make([]int, 0, n-len(f.at))
	for i := range n {
		if !f.Contains(i) {
			r = append(r, i)
		}
	}
	return r
}

// Split appends the examples of a batch that stay to retain, and those in the set to
// forget, each in the batch's order, and returns the two.
func (f ForgetSet) Split(batch, retain, forget []int) ([]int, []int) {
	for _, i := range batch {
		if f.Contains(i) {
			forget = append(forget, i)
		} else {
			retain = append(retain, i)
		}
	}
	return retain, forget
}

// Count returns how many examples of a batch are to be forgotten.
func (f ForgetSet) Count(batch []int) int {
	n := 0
	for _, i := range batch {
		if i >= 0 && i < f.n {
			n += int(f.bits[i/64] >> (i % 64) & 1) // a sum: whether one is to be forgotten is chance, and no branch predicts it
		}
	}
	return n
}

// Validate reports whether the set can be used with a training set of n
// examples: it was made for that n, or it is the zero value.
func (f ForgetSet) Validate(n int) error {
	if f.n != n && f.n != 0 {
		return fmt.Errorf("data: forget set %q was made for %d training examples, not %d; make it from the set that was trained on", f.Spec, f.n, n)
	}
	return nil
}

// forgetBuilder collects positions one by one, so that a reader can name the
// line of the first bad one. Its memory is bounded by n: repeats are refused.
type forgetBuilder struct{ f ForgetSet }

func newForgetBuilder(n int) *forgetBuilder {
	return &forgetBuilder{ForgetSet{n: n, bits: make([]uint64, (n+63)/64)}}
}

func (b *forgetBuilder) add(i int) error {
	if i < 0 || i >= b.f.n {
		return &PositionError{Position: i, N: b.f.n}
	}
	if b.f.Contains(i) {
		return &PositionError{Position: i, N: b.f.n, Duplicate: true}
	}
	b.f.bits[i/64] |= 1 << (i % 64)
	b.f.at = append(b.f.at, i)
	return nil
}

// set ends the building.
func (b *forgetBuilder) set(spec string) ForgetSet {
	slices.Sort(b.f.at)
	b.f.Spec = spec
	return b.f
}

// mustForget is ForgetPositions for positions that are valid by construction.
func mustForget(n int, positions []int, spec string) ForgetSet {
	f, err := ForgetPositions(n, positions)
	if err != nil {
		panic(err)
	}
	f.Spec = spec
	return f
}
