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
	joins  joins           // the added examples
	counts map[int][]parts // of the batches, by epoch
	epoch  int             // of perm and cuts
	perm   []int
	cuts   []int   // where its batches begin and end
	added  [][]int // the added examples of its batches; nil where there are none
}

// parts are the numbers of the examples of a batch that are retained, or added, and
// forgotten.
type parts struct{ retain, forget int32 }

func newBatches(order data.Order, forget data.ForgetSet) *batches {
	return &batches{order: order, forget: forget, counts: map[int][]parts{}, epoch: -1, perm: make([]int, order.Len())}
}

// clone returns the batches for another goroutine, with the sizes that b knows.
func (b *batches) clone() *batches {
	c := newBatches(b.order, b.forget)
	c.counts, c.joins = maps.Clone(b.counts), b.joins
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
		if len(b.joins.ids) > 0 {
			b.added = b.joins.into(e, b.cuts)
		}
	}
	return b.perm[b.cuts[t%per]:b.cuts[t%per+1]]
}

// joined returns the added examples of the batch of step t.
func (b *batches) joined(t int) []int {
	if len(b.joins.ids) == 0 {
		return nil
	}
	b.of(t)
	return b.added[t%b.order.StepsPerEpoch()]
}

// sizes returns how many examples of the batch of step t are retained, or added, and
// forgotten.
func (b *batches) sizes(t int) (retain, forget int) {
	per := b.order.StepsPerEpoch()
	e := t / per
	if b.counts[e] == nil {
		counts := make([]parts, per)
		for k := range counts {
			batch := b.of(e*per + k)
			counts[k].forget = int32(b.forget.Count(batch))
			counts[k].retain = int32(len(batch)+len(b.joined(e*per+k))) - counts[k].forget
		}
		b.counts[e] = counts
	}
	c := b.counts[e][t%per]
	return int(c.retain), int(c.forget)
}

// split returns the parts of the batch of step t. They are the caller's.
func (b *batches) split(t int) (retain, forget []int) {
	k, m := b.sizes(t)
	retain, forget = b.forget.Split(b.of(t), make([]int, 0, k), make([]int, 0, m))
	return append(retain, b.joined(t)...), forget
}
