package unlearning

import (
	"context"
	"fmt"

	"github.com/miniunlearn/miniunlearn/graph"
)

// disturbances gives δ_t = m/(b−m)·(ḡ_U − g_t), the pull that U had on step t,
// from the smaller side of the split: g_t − ḡ_{B∖U} is the same vector.
type disturbances struct {
	q      *request
	window Window
	knots  []knot // epoch means, when only some epochs are kept
	time   []float64
	buf    *graph.Tensor
	kept   *graph.Tensor
	exact  bool // delta of the last step is δ_t itself
}

// knot is the mean disturbance of a kept epoch, at its middle in learning time.
type knot struct {
	time float64
	mean *graph.Tensor
}

func newDisturbances(ctx context.Context, q *request, w Window) (*disturbances, error) {
	s := &disturbances{q: q, window: w, buf: q.model.NewVector(), kept: q.model.NewVector()}
	if w.Every <= 1 {
		return s, nil
	}
	s.time = make([]float64, q.Run.Steps+1)
	for t := range q.Run.Steps {
		s.time[t+1] = s.time[t] + q.rate(t)
	}
	return s, s.findKnots(ctx)
}

// epochs returns the number of epochs of the run, the last one perhaps cut.
func (s *disturbances) epochs() int {
	per := s.q.Run.Order.StepsPerEpoch()
	return (s.q.Run.Steps + per - 1) / per
}

// findKnots computes the mean disturbance of every kept epoch, weighted by
// learning rates. All gradients are at recorded points.
func (s *disturbances) findKnots(ctx context.Context) error {
	first := s.window.first(s.q.Run)
	per, epochs := s.q.Run.Order.StepsPerEpoch(), s.epochs()
	delta := s.q.model.NewVector()
	for pt, err := range s.q.trajectory(first) {
		if err == nil {
			err = ctx.Err()
		}
		if err != nil {
			return err
		}
		e := pt.t / per
		if !s.window.keeps(e, epochs) || e == epochs-1 && len(s.knots) > 0 && pt.t < first {
			continue
		}
		if pt.t%per == 0 || pt.t == first {
			end := min((e+1)*per, s.q.Run.Steps)
			s.knots = append(s.knots, knot{(s.time[pt.t] + s.time[end]) / 2, s.q.model.NewVector()})
		}
		if len(pt.kept) == 0 || len(pt.gone) == 0 {
			continue
		}
		if err := s.compute(pt, delta); err != nil {
			return err
		}
		end := min((e+1)*per, s.q.Run.Steps)
		start := max(e*per, first)
		share := s.q.rate(pt.t) / (s.time[end] - s.time[start])
		m := s.knots[len(s.knots)-1].mean
		for i := range m.Len() {
			m.Set(i, m.At(i)+share*delta.At(i))
		}
	}
	return nil
}

// at sets delta to the disturbance of a step that keeps some examples.
func (s *disturbances) at(pt point, delta *graph.Tensor) error {
	lastEpoch := pt.t/s.q.Run.Order.StepsPerEpoch() == s.epochs()-1
	switch {
	case s.window.Every <= 1 || lastEpoch:
		s.exact = true
		if len(pt.gone) == 0 {
			delta.Zero()
			return nil
		}
		return s.compute(pt, delta)
	default:
		s.exact = false
		s.interpolate(pt.t, delta)
		return nil
	}
}

func (s *disturbances) interpolate(t int, delta *graph.Tensor) {
	now := (s.time[t] + s.time[t+1]) / 2
	k := 0
	for k+1 < len(s.knots) && s.knots[k+1].time <= now {
		k++
	}
	a := s.knots[k]
	if s.window.Hold || k+1 == len(s.knots) || now < a.time {
		delta.Copy(a.mean)
		return
	}
	b := s.knots[k+1]
	mix(delta, a.mean, b.mean, (now-a.time)/(b.time-a.time))
}

// compute sets delta to δ_t from the smaller side.
func (s *disturbances) compute(pt point, delta *graph.Tensor) error {
	if pt.g == nil {
		return fmt.Errorf("step %d has no recorded gradient; record with history.All, or history.EveryEpochs of the same period", pt.t)
	}
	m, b := float64(len(pt.gone)), float64(len(pt.gone)+len(pt.kept))
	ds := s.q.Run.Data
	if len(pt.gone) <= len(pt.kept) {
		if _, err := s.q.model.Gradient(pt.w, ds, pt.gone, s.buf); err != nil {
			return err
		}
		combine(delta, m/(b-m), s.buf, -m/(b-m), pt.g)
		return nil
	}
	if _, err := s.q.model.Gradient(pt.w, ds, pt.kept, s.buf); err != nil {
		return err
	}
	combine(delta, 1, pt.g, -1, s.buf)
	return nil
}

// keptGradient returns the mean gradient of the kept examples at w_t if it is
// known without work: g_t − δ_t.
func (s *disturbances) keptGradient(pt point, delta *graph.Tensor) *graph.Tensor {
	if !s.exact || pt.g == nil {
		return nil
	}
	combine(s.kept, 1, pt.g, -1, delta)
	return s.kept
}

// combine sets out to a·x + b·y.
func combine(out *graph.Tensor, a float64, x *graph.Tensor, b float64, y *graph.Tensor) {
	if o := out.Float32s(); o != nil {
		x, y, a, b := x.Float32s(), y.Float32s(), float32(a), float32(b)
		for i := range o {
			o[i] = a*x[i] + b*y[i]
		}
		return
	}
	o, xs, ys := out.Float64s(), x.Float64s(), y.Float64s()
	for i := range o {
		o[i] = a*xs[i] + b*ys[i]
	}
}
