package contraction

import (
	"context"
	"iter"
	"maps"

	"github.com/miniunlearn/miniunlearn/graph"
	"github.com/miniunlearn/miniunlearn/internal/parallel"
	"github.com/miniunlearn/miniunlearn/internal/vector"
)

// overview is what is known of an epoch between the knots when all of its steps have
// been seen.
type overview struct {
	epoch int
	// contrast is the mean of ∇ℓ_i − g_t over the examples i of the smaller side that
	// the epoch's interpolated steps t meet; nil if all are computed.
	contrast *graph.Tensor
	deltas   map[int]*graph.Tensor // by step: those computed
	counts   []parts               // of its batches
	err      error
}

// ahead is a second walk through the run, one epoch ahead of the contraction.
type ahead struct {
	next func() (overview, bool)
	stop func()
	overview
}

// lookAhead begins the walk, beside the contraction if apart is set.
func (d *disturbances) lookAhead(ctx context.Context, first int, w *worker, apart bool) *ahead {
	epochs := d.between(ctx, first, w)
	if apart {
		epochs = parallel.Ahead(epochs, 1)
	}
	next, stop := iter.Pull(epochs)
	return &ahead{next, stop, overview{epoch: -1}}
}

// between yields the epochs that are neither knots nor cut.
func (d *disturbances) between(ctx context.Context, first int, w *worker) iter.Seq[overview] {
	reader := w.system.reader() // so that bytes are not counted twice: the contraction reads these steps again
	per, last := d.system.Run.Order.StepsPerEpoch(), d.system.Run.Steps-1
	return func(yield func(overview) bool) {
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
				yield(overview{err: err})
				return
			}
			if pt.T%per < per-1 && pt.T < last {
				continue
			}
			if !yield(overview{e, d.contrast(e, sums), deltas, reader.batches.counts[e], nil}) {
				return
			}
			sums.clear()
			deltas = map[int]*graph.Tensor{}
		}
	}
}

// contrast returns that of an epoch's interpolated steps, nil if all are computed.
func (d *disturbances) contrast(epoch int, k *epochSums) *graph.Tensor {
	if k.mRest == 0 {
		return nil
	}
	// With F the mean gradient of all data over the epoch and C the interpolated
	// contrast, Σ_i∈part ∇ℓ_i = m (F + C). The gradients that the computed steps have
	// found are taken off, and so are the m_t g_t that δ_t is measured from.
	c := d.system.Model.NewVector()
	d.knots.interpolate(epoch, c)
	vector.AddScaled(c, 1/float64(k.n), k.all)
	vector.Combine(c, float64(k.m), c, -1, k.rest)
	vector.Combine(c, 1/float64(k.mRest), c, -1/float64(k.mRest), k.part)
	return c
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
	d.ahead.overview = got
	maps.Copy(d.deltas, got.deltas)
	d.system.batches.counts[e] = got.counts
	return nil
}
