package data

import (
	"fmt"
	"iter"
)

// Order is the order in which a run reads its N training examples: in every
// epoch a permutation of 0 … N−1, cut into batches of Batch. Where Batch does
// not divide N the last batch of an epoch is smaller, and is kept.
//
// An Order is a pure function of its fields. Any epoch is available without
// the ones before it, so a record of a run stores the Order and no indices.
// Methods panic on an Order that [Order.Validate] refuses.
type Order struct {
	Seed  uint64
	N     int // examples, at least 1
	Batch int // examples a step, at least 1; above N every epoch is one batch
}

// Validate reports whether N and Batch are at least 1.
func (o Order) Validate() error {
	if o.N < 1 || o.Batch < 1 {
		return fmt.Errorf("data: order of %d examples in batches of %d; both must be at least 1", o.N, o.Batch)
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

// Epoch returns the permutation of epoch e ≥ 0.
func (o Order) Epoch(e int) []int {
	o.check()
	p := make([]int, o.N)
	o.EpochInto(p, e)
	return p
}

// EpochInto writes the permutation of epoch e into dst, of length N, without
// allocating.
func (o Order) EpochInto(dst []int, e int) {
	o.check()
	if len(dst) != o.N || e < 0 {
		panic(fmt.Sprintf("data: Order.EpochInto: buffer of %d for %d examples, epoch %d", len(dst), o.N, e))
	}
	p := stream(o.Seed, forOrder, uint64(e))
	countUp(dst)
	shuffle(&p, dst, o.N)
}

// Step returns the batch of global step t ≥ 0, which is batch t mod
// StepsPerEpoch() of epoch t / StepsPerEpoch(). It builds that epoch's whole
// permutation; to walk over steps use [Order.Steps] or [Order.Batches].
func (o Order) Step(t int) []int {
	s := o.StepsPerEpoch()
	return o.cut(o.Epoch(t/s), t%s)
}

// Batches yields the batches of one epoch with their global steps. Each batch
// is a view of the epoch's own permutation and stays valid.
func (o Order) Batches(epoch int) iter.Seq2[int, []int] {
	s := o.StepsPerEpoch()
	return o.Steps(epoch*s, (epoch+1)*s)
}

// Steps yields the global steps from … to−1 with their batches, building each
// epoch's permutation once.
func (o Order) Steps(from, to int) iter.Seq2[int, []int] {
	s := o.StepsPerEpoch()
	return func(yield func(int, []int) bool) {
		var perm []int
		for t := from; t < to; t++ {
			if perm == nil || t%s == 0 {
				perm = o.Epoch(t / s)
			}
			if !yield(t, o.cut(perm, t%s)) {
				return
			}
		}
	}
}

// cut returns batch k of an epoch; its capacity is its length, so appending to
// it cannot touch the next batch.
func (o Order) cut(perm []int, k int) []int {
	lo := k * o.Batch
	hi := lo + min(o.Batch, o.N-lo)
	return perm[lo:hi:hi]
}
