package unlearning

import (
	"context"
	"iter"

	"github.com/miniunlearn/miniunlearn/internal/parallel"
)

// visit is a step of a knot's epoch.
type visit struct {
	pt    point
	probe *probe
	err   error
}

// gather walks through the run and finds the gaps at the knots. Disturbances
// are taken at recorded points, so the desks compute them side by side; they are
// added in the order of steps.
func (s *disturbances) gather(ctx context.Context, first int, desks []*desk) error {
	per := s.q.Run.Order.StepsPerEpoch()
	e := newEpochSums(s.q)
	knot := 0
	for v := range parallel.Ordered(s.visits(ctx, first), len(desks), func(worker int, v *visit) {
		if v.probe != nil {
			desks[worker].compute(v.probe)
			v.err = v.probe.err
		}
	}) {
		if v.err != nil {
			return v.err
		}
		if s.add(e, v.pt, v.probe); v.probe != nil {
			s.deltas[v.pt.t] = v.probe.delta
		}
		if v.pt.t%per == per-1 {
			if e.m > 0 {
				combine(s.knots.gaps[knot], 1/float64(e.m), e.part, -1/float64(e.n), e.all)
			}
			e.clear()
			knot++
		}
	}
	return nil
}

// visits yields the steps of the knots' epochs, or an error last. They are
// valid beside each other.
func (s *disturbances) visits(ctx context.Context, first int) iter.Seq[*visit] {
	return func(yield func(*visit) bool) {
		per := s.q.Run.Order.StepsPerEpoch()
		knot := 0
		reader := *s.q // what it reads is read again
		for pt, err := range reader.trajectory(first) {
			if err == nil {
				err = ctx.Err()
			}
			if err != nil {
				yield(&visit{err: err})
				return
			}
			if knot == len(s.knots.epochs) {
				return
			}
			if pt.t/per != s.knots.epochs[knot] {
				continue
			}
			if pt.t%per == per-1 {
				knot++
			}
			pt.w, pt.g = pt.w.Clone(), pt.g.Clone()
			if !yield(&visit{pt: pt, probe: s.probe(pt)}) {
				return
			}
		}
	}
}
