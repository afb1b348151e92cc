package unlearning

import (
	"context"
	"iter"
	"maps"

	"github.com/miniunlearn/miniunlearn/graph"
	"github.com/miniunlearn/miniunlearn/internal/parallel"
)

// shared is what the steps of an epoch between the knots share.
type shared struct {
	epoch  int
	gap    *graph.Tensor         // Σ_i∈part (∇ℓ_i − g_t) per example, over the steps not computed
	deltas map[int]*graph.Tensor // by step: those computed
	counts []parts               // of its batches
	err    error
}

// ahead is a second walk through the run, ahead of the recursion: what the
// steps of an epoch share is known when all of them have been seen.
type ahead struct {
	next func() (shared, bool)
	stop func()
	shared
}

// lookAhead begins the walk, beside the recursion if apart is set.
func (s *disturbances) lookAhead(ctx context.Context, first int, d *desk, apart bool) *ahead {
	epochs := s.between(ctx, first, d)
	if apart {
		epochs = parallel.Ahead(epochs, 1)
	}
	next, stop := iter.Pull(epochs)
	return &ahead{next, stop, shared{epoch: -1}}
}

// between yields the epochs that are neither knots nor cut.
func (s *disturbances) between(ctx context.Context, first int, d *desk) iter.Seq[shared] {
	reader := *d.q // what it reads is read again
	reader.batches = s.q.batches.clone()
	per, last := s.q.Run.Order.StepsPerEpoch(), s.q.Run.Steps-1
	return func(yield func(shared) bool) {
		sums, deltas := newEpochSums(s.q), map[int]*graph.Tensor{}
		count := func(pt point) error {
			p := s.probe(pt)
			if p != nil {
				if d.compute(p); p.err != nil {
					return p.err
				}
				deltas[pt.t] = p.delta
			}
			s.add(sums, pt, p)
			return nil
		}
		for pt, err := range reader.trajectory(first) {
			e := pt.t / per
			if err == nil {
				err = ctx.Err()
			}
			if err == nil && s.knots.computed(e) {
				continue
			}
			if err == nil {
				err = count(pt)
			}
			if err != nil {
				yield(shared{err: err})
				return
			}
			if pt.t%per < per-1 && pt.t < last {
				continue
			}
			if !yield(shared{e, s.gap(e, sums), deltas, reader.batches.counts[e], nil}) {
				return
			}
			sums.clear()
			deltas = map[int]*graph.Tensor{}
		}
	}
}

// gap returns what the steps of an epoch share, nil if all are computed.
func (s *disturbances) gap(epoch int, k *epochSums) *graph.Tensor {
	if k.mRest == 0 {
		return nil
	}
	// Over the epoch Σ_i∈part ∇ℓ_i = m (F + gap). What the computed steps
	// took of it, and the m_t g_t that δ_t is measured from, is taken off.
	gap := s.q.model.NewVector()
	s.knots.interpolate(epoch, gap)
	addScaled(gap, 1/float64(k.n), k.all)
	combine(gap, float64(k.m), gap, -1, k.rest)
	combine(gap, 1/float64(k.mRest), gap, -1/float64(k.mRest), k.part)
	return gap
}

// reach makes what is known of the epoch of step t ready. It is called for
// every step, in order.
func (s *disturbances) reach(t int) error {
	e := t / s.q.Run.Order.StepsPerEpoch()
	if s.ahead == nil || s.ahead.epoch == e || s.knots.computed(e) {
		return nil
	}
	got, ok := s.ahead.next()
	if got.err != nil {
		return got.err
	}
	if !ok || got.epoch != e {
		panic("unlearning: the walk ahead left out an epoch")
	}
	s.ahead.shared = got
	maps.Copy(s.deltas, got.deltas)
	s.q.batches.counts[e] = got.counts
	return nil
}
