package contraction

import (
	"context"
	"iter"

	"github.com/miniunlearn/miniunlearn/internal/parallel"
	"github.com/miniunlearn/miniunlearn/internal/vector"
)

// visit is a step of a knot's epoch.
type visit struct {
	pt    Point
	probe *probe
	err   error
}

// gather walks through the run and finds the contrasts at the knots. Disturbances
// are taken at recorded points, so the workers compute them side by side; they are
// added in the order of steps.
func (d *disturbances) gather(ctx context.Context, first int, workers []*worker) error {
	per := d.system.Run.Order.StepsPerEpoch()
	e := newEpochSums(d.system)
	knot := 0
	for v := range parallel.Ordered(d.visits(ctx, first), len(workers), func(i int, v *visit) {
		if v.probe != nil {
			workers[i].compute(v.probe)
			v.err = v.probe.err
		}
	}) {
		if v.err != nil {
			return v.err
		}
		if d.add(e, v.pt, v.probe); v.probe != nil {
			d.deltas[v.pt.T] = v.probe.delta
		}
		if v.pt.T%per == per-1 {
			if e.m > 0 {
				vector.Combine(d.knots.values[knot], 1/float64(e.m), e.part, -1/float64(e.n), e.all)
			}
			e.clear()
			knot++
		}
	}
	return nil
}

// visits yields the steps of the knots' epochs, or an error last. A visit has copies
// of its vectors, so that several may be worked on at a time.
func (d *disturbances) visits(ctx context.Context, first int) iter.Seq[*visit] {
	return func(yield func(*visit) bool) {
		per := d.system.Run.Order.StepsPerEpoch()
		knot := 0
		reader := *d.system // so that bytes are not counted twice: the contraction reads these steps again
		for pt, err := range reader.Trajectory(first) {
			if err == nil {
				err = ctx.Err()
			}
			if err != nil {
				yield(&visit{err: err})
				return
			}
			if knot == len(d.knots.epochs) {
				return
			}
			if pt.T/per != d.knots.epochs[knot] {
				continue
			}
			if pt.T%per == per-1 {
				knot++
			}
			pt.W, pt.G = pt.W.Clone(), pt.G.Clone()
			if !yield(&visit{pt: pt, probe: d.probe(pt)}) {
				return
			}
		}
	}
}
