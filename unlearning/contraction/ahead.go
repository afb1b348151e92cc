package contraction

import (
	"context"
	"iter"
	"maps"

	"github.com/miniunlearn/miniunlearn/graph"
	"github.com/miniunlearn/miniunlearn/internal/parallel"
	"github.com/miniunlearn/miniunlearn/internal/vector"
)

// shared is what the steps of an epoch between the knots share.
type shared struct {
	epoch  int
	gap    *graph.Tensor         // Σ_i∈part (∇ℓ_i − g_t) per example, over the steps not computed
	deltas map[int]*graph.Tensor // by step: those computed
	counts []parts               // of its batches
	err    error
}

// ahead is a second walk through the run, ahead of the contraction: what the
// steps of an epoch share is known when all of them have been seen.
type ahead struct {
	next func() (shared, bool)
	stop func()
	shared
}

// lookAhead begins the walk, beside the contraction if apart is set.
func (d *disturbances) lookAhead(ctx context.Context, first int, w *worker, apart bool) *ahead {
	epochs := d.between(ctx, first, w)
	if apart {
		epochs = parallel.Ahead(epochs, 1)
	}
	next, stop := iter.Pull(epochs)
	return &ahead{next, stop, shared{epoch: -1}}
}

// between yields the epochs that are neither knots nor cut.
func (d *disturbances) between(ctx context.Context, first int, w *worker) iter.Seq[shared] {
	reader := w.system.reader() // what it reads is read again
	per, last := d.system.Run.Order.StepsPerEpoch(), d.system.Run.Steps-1
	return func(yield func(shared) bool) {
		sums, deltas := newEpochSums(d.system), map[int]*graph.Tensor{}
		count := func(pt Point) error {
			p := d.probe(pt)
			if p != nil {
				if w.compute(p); p.err != nil {
					return p.err
				}
				deltas[pt.T] = p.delta
			}
			d.add(sums, pt, p)
			return nil
		}
		for pt, err := range reader.Trajectory(first) {
			e := pt.T / per
			if err == nil {
				err = ctx.Err()
			}
			if err == nil && d.knots.computed(e) {
				continue
			}
			if err == nil {
				err = count(pt)
			}
			if err != nil {
				yield(shared{err: err})
				return
			}
			if pt.T%per < per-1 && pt.T < last {
				continue
			}
			if !yield(shared{e, d.gap(e, sums), deltas, reader.batches.counts[e], nil}) {
				return
			}
			sums.clear()
			deltas = map[int]*graph.Tensor{}
		}
	}
}

// gap returns what the steps of an epoch share, nil if all are computed.
func (d *disturbances) gap(epoch int, k *epochSums) *graph.Tensor {
	if k.mRest == 0 {
		return nil
	}
	// Over the epoch Σ_i∈part ∇ℓ_i = m (F + gap). What the computed steps
	// took of it, and the m_t g_t that δ_t is measured from, is taken off.
	gap := d.system.Model.NewVector()
	d.knots.interpolate(epoch, gap)
	vector.AddScaled(gap, 1/float64(k.n), k.all)
	vector.Combine(gap, float64(k.m), gap, -1, k.rest)
	vector.Combine(gap, 1/float64(k.mRest), gap, -1/float64(k.mRest), k.part)
	return gap
}

// reach makes what is known of the epoch of step t ready. It is called for
// every step, in order.
func (d *disturbances) reach(t int) error {
	e := t / d.system.Run.Order.StepsPerEpoch()
	if d.ahead == nil || d.ahead.epoch == e || d.knots.computed(e) {
		return nil
	}
	got, ok := d.ahead.next()
	if got.err != nil {
		return got.err
	}
	if !ok || got.epoch != e {
		panic("contraction: the walk ahead left out an epoch")
	}
	d.ahead.shared = got
	maps.Copy(d.deltas, got.deltas)
	d.system.batches.counts[e] = got.counts
	return nil
}
