package data

import (
	"fmt"
	"iter"

	"github.com/miniunlearn/miniunlearn/internal/purpose"
)

// Order is the order in which a run reads its training examples: in every
// epoch a permutation of N positions, cut into batches of Batch. Where Batch
// does not divide N the last batch of an epoch is smaller, and is kept.
//
// Without Holes, position i is example i. With them, the examples are those
// at the other positions, counted from 0 on: the order of a training set from
// which some have been deleted, see [Order.Without].
//
// An Order is a pure function of its fields. Any epoch is available without
// the ones before it, so a record of a run stores the Order and no indices.
// Methods panic on an Order that [Order.Validate] refuses.
type Order struct {
	Seed  uint64
	N     int   // positions, at least 1
	Batch int   // positions a step, at least 1; above N every epoch is one batch
	Holes Holes `json:",omitzero"`
}

// Len returns the number of examples: N, less the holes.
func (o Order) Len() int { return o.N - o.Holes.Len() }

// Validate reports whether N and Batch are at least 1, and an example is left
// beside the holes, which must be among the N positions.
func (o Order) Validate() error {
	if o.N < 1 || o.Batch < 1 {
		return fmt.Errorf("data: order of %d examples in batches of %d; both must be at least 1", o.N, o.Batch)
	}
	if h := o.Holes; h != (Holes{}) {
		if at := h.Positions(); at[len(at)-1] >= o.N || len(at) >= o.N {
			return fmt.Errorf("data: order of %d positions with %d holes up to position %d; they must be fewer, and below", o.N, len(at), at[len(at)-1])
		}
	}
	return nil
}

func (o Order) check() {
	if err := o.Validate(); err != nil {
		panic(err)
	}
}

// StepsPerEpoch returns ⌈N/Batch⌉, the number of batches of one epoch.
func (o Order) StepsPerEpoch() int {
	o.check()
	return (o.N-1)/o.Batch + 1
}

// Epoch returns the examples in the order of epoch e ≥ 0: a permutation of
// 0 … Len()−1.
func (o Order) Epoch(e int) []int {
	o.check()
	p := make([]int, o.Len())
	o.EpochInto(p, e)
	return p
}

// EpochInto writes the order of epoch e into dst, of length Len(); without
// holes it does not allocate.
func (o Order) EpochInto(dst []int, e int) {
	o.check()
	if len(dst) != o.Len() || e < 0 {
		panic(fmt.Sprintf("data: Order.EpochInto: buffer of %d for %d examples, epoch %d", len(dst), o.Len(), e))
	}
	if o.Holes == (Holes{}) {
		o.permute(dst, e)
		return
	}
	perm := make([]int, o.N)
	o.permute(perm, e)
	number := o.numbers()
	k := 0
	for _, at := range perm {
		if i := number[at]; i >= 0 {
			dst[k] = i
			k++
		}
	}
}

// permute writes the permutation of the positions of epoch e into dst.
func (o Order) permute(dst []int, e int) {
	p := purpose.Stream(o.Seed, purpose.Order, uint64(e))
	countUp(dst)
	shuffle(&p, dst, o.N)
}

// numbers returns for every position the number of the example there, −1 for a
// hole.
func (o Order) numbers() []int {
	number := make([]int, o.N)
	for i := range number {
		number[i] = -1
	}
	for i, at := range o.live() {
		number[at] = i
	}
	return number
}

// Cuts returns where the batches of epoch e begin and end in Epoch(e): batch k
// is Epoch(e)[cuts[k]:cuts[k+1]]. Without holes they are those of every epoch.
func (o Order) Cuts(e int) []int {
	cuts := make([]int, o.StepsPerEpoch()+1)
	if o.Holes == (Holes{}) {
		for k := range cuts {
			cuts[k] = min(k*o.Batch, o.N)
		}
		return cuts
	}
	perm := make([]int, o.N)
	o.permute(perm, e)
	for at, i := range perm {
		if !o.Holes.Contains(i) {
			cuts[at/o.Batch+1]++
		}
	}
	for k := range cuts[1:] {
		cuts[k+1] += cuts[k]
	}
	return cuts
}

// Step returns the batch of global step t ≥ 0, which is batch t mod
// StepsPerEpoch() of epoch t / StepsPerEpoch(). It builds that epoch's whole
// permutation; to walk over steps use [Order.Steps] or [Order.Batches].
func (o Order) Step(t int) []int {
	s := o.StepsPerEpoch()
	return cut(o.Epoch(t/s), o.Cuts(t/s), t%s)
}

// Batches yields the batches of one epoch with their global steps. Each batch
// is a view of the epoch's own permutation and stays valid.
func (o Order) Batches(epoch int) iter.Seq2[int, []int] {
	s := o.StepsPerEpoch()
	return o.Steps(epoch*s, (epoch+1)*s)
}

// Steps yields the global steps from … to−1 with their batches, building each
// epoch's permutation once. A batch of holes only is empty.
func (o Order) Steps(from, to int) iter.Seq2[int, []int] {
	s := o.StepsPerEpoch()
	return func(yield func(int, []int) bool) {
		var perm, cuts []int
		for t := from; t < to; t++ {
			if perm == nil || t%s == 0 {
				perm, cuts = o.Epoch(t/s), o.Cuts(t/s)
			}
			if !yield(t, cut(perm, cuts, t%s)) {
				return
			}
		}
	}
}

// cut returns batch k of an epoch; its capacity is its length, so appending to
// it cannot touch the next batch.
func cut(perm, cuts []int, k int) []int { return perm[cuts[k]:cuts[k+1]:cuts[k+1]] }
