package contraction

import (
	"maps"

	"github.com/miniunlearn/miniunlearn/data"
)

// batches are the batches of a run, each in two parts: what is retained and what
// is forgotten. Most steps of a contraction ask for the sizes of the parts only.
// An epoch's permutation, which costs more than such a step, is drawn once as
// long as steps are asked for in the order of the run, by however many walks of
// one goroutine.
type batches struct {
	order  data.Order
	forget data.ForgetSet
	counts map[int][]parts // of the batches, by epoch
	epoch  int             // of perm and cuts
	perm   []int
	cuts   []int // where its batches begin and end
}

// parts are the numbers of the examples of a batch that are retained and forgotten.
type parts struct{ retain, forget int32 }

func newBatches(order data.Order, forget data.ForgetSet) *batches {
	return &batches{order: order, forget: forget, counts: map[int][]parts{}, epoch: -1, perm: make([]int, order.Len())}
}

// clone returns the batches for another goroutine, with the sizes that b knows.
func (b *batches) clone() *batches {
	c := newBatches(b.order, b.forget)
	c.counts = maps.Clone(b.counts)
	return c
}

// of returns the batch of step t, until another step is asked for.
func (b *batches) of(t int) []int {
	per := b.order.StepsPerEpoch()
	if e := t / per; e != b.epoch {
		b.order.EpochInto(b.perm, e)
		if b.cuts == nil || b.order.Holes != (data.Holes{}) {
			b.cuts = b.order.Cuts(e)
		}
		b.epoch = e
	}
	return b.perm[b.cuts[t%per]:b.cuts[t%per+1]]
}

// sizes returns how many examples of the batch of step t are retained and
// forgotten.
func (b *batches) sizes(t int) (retain, forget int) {
	per := b.order.StepsPerEpoch()
	e := t / per
	if b.counts[e] == nil {
		counts := make([]parts, per)
		for k := range counts {
			batch := b.of(e*per + k)
			counts[k].forget = int32(b.forget.Count(batch))
			counts[k].retain = int32(len(batch)) - counts[k].forget
		}
		b.counts[e] = counts
	}
	c := b.counts[e][t%per]
	return int(c.retain), int(c.forget)
}

// split returns the parts of the batch of step t. They are the caller's.
func (b *batches) split(t int) (retain, forget []int) {
	k, m := b.sizes(t)
	return b.forget.Split(b.of(t), make([]int, 0, k), make([]int, 0, m))
}
