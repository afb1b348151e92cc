package unlearning

import (
	"maps"

	"github.com/miniunlearn/miniunlearn/data"
)

// batches are the batches of a run, each in two parts: what is kept and what is
// gone. Most steps of a recursion ask for the sizes of the parts only. An
// epoch's permutation, which costs more than such a step, is drawn once as long
// as steps are asked for in the order of the run, by however many walks of one
// goroutine.
type batches struct {
	order  data.Order
	forget data.ForgetSet
	gone   map[int][]int // by epoch: the number of gone examples of its batches
	epoch  int           // of perm
	perm   []int
}

func newBatches(order data.Order, forget data.ForgetSet) *batches {
	return &batches{order: order, forget: forget, gone: map[int][]int{}, epoch: -1, perm: make([]int, order.N)}
}

// clone returns the batches for another goroutine, with the sizes that b knows.
func (b *batches) clone() *batches {
	c := newBatches(b.order, b.forget)
	c.gone = maps.Clone(b.gone)
	return c
}

// of returns the batch of step t, until another step is asked for.
func (b *batches) of(t int) []int {
	per := b.order.StepsPerEpoch()
	if e := t / per; e != b.epoch {
		b.order.EpochInto(b.perm, e)
		b.epoch = e
	}
	lo := t % per * b.order.Batch
	return b.perm[lo:min(lo+b.order.Batch, b.order.N)]
}

// sizes returns how many examples of the batch of step t are kept and gone.
func (b *batches) sizes(t int) (kept, gone int) {
	per := b.order.StepsPerEpoch()
	e := t / per
	if b.gone[e] == nil {
		counts := make([]int, per)
		for k := range counts {
			counts[k] = b.forget.Count(b.of(e*per + k))
		}
		b.gone[e] = counts
	}
	gone = b.gone[e][t%per]
	return min(b.order.Batch, b.order.N-t%per*b.order.Batch) - gone, gone
}

// split returns the parts of the batch of step t. They are the caller's.
func (b *batches) split(t int) (kept, gone []int) {
	k, m := b.sizes(t)
	return b.forget.Split(b.of(t), make([]int, 0, k), make([]int, 0, m))
}
