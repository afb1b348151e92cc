package contraction

import (
	"context"
	"errors"
	"fmt"

	"github.com/miniunlearn/miniunlearn/graph"
	"github.com/miniunlearn/miniunlearn/internal/vector"
	"github.com/miniunlearn/miniunlearn/nets"
)

// ErrNoRecord: a part needs what the run recorded, and nothing was.
var ErrNoRecord = errors.New("the method needs a recorded history")

// Contraction is a choice of parts. The zero value is exact: replayed retraining.
type Contraction struct {
	Path        Path        // nil means Recorded{}
	Disturbance Disturbance // nil means PerStep{}
	Curvature   Curvature   // nil means Exact{}
}

// withDefaults returns c with its nil parts filled in.
func (c Contraction) withDefaults() Contraction {
	if c.Path == nil {
		c.Path = Recorded{}
	}
	if c.Disturbance == nil {
		c.Disturbance = PerStep{}
	}
	if c.Curvature == nil {
		c.Curvature = Exact{}
	}
	return c
}

func (c Contraction) String() string {
	c = c.withDefaults()
	return fmt.Sprintf("%s, %s, %s", c.Path, c.Disturbance, c.Curvature)
}

// DivergedError says that the difference of the two runs left the finite numbers.
type DivergedError struct {
	Step int
	Part string // the part of which the first number that is not finite came
}

// Error implements error.
func (e *DivergedError) Error() string {
	return fmt.Sprintf("contraction: diverged at step %d, in %s", e.Step, e.Part)
}

// Solve follows the difference d of the two runs over all steps of the path,
//
//	q ← β q + C(d) + λ d − δ,   d ← d − η q,
//
// and returns the path's last parameters with d added. A curvature may shorten steps, C(d) and
// δ alike, see Shortener, and a disturbance bound d, see Reacher. Until the path meets U the
// two runs are one, and nothing is computed. A batch that is wholly forgotten
// moves neither parameters nor momentum of the run without U: there d takes back
// what the step did.
func (c Contraction) Solve(ctx context.Context, s *System) (*graph.Tensor, error) {
	c = c.withDefaults()
	way, err := c.Path.Start(s)
	if err != nil {
		return nil, err
	}
	dist, err := c.Disturbance.Start(ctx, s, way)
	if err != nil {
		return nil, err
	}
	defer dist.Close()
	curve, err := c.Curvature.Start(s, way)
	if err != nil {
		return nil, err
	}
	zero := s.Model.NewVector()
	k, err := s.Model.NewStepper(way.Momentum, s.Run.Config.WeightDecay, zero, nil)
	if err != nil {
		return nil, err
	}
	l := &loop{Contraction: c, system: s, diff: k, disturber: dist, trust: newTrust(dist, way), product: curve, h: zero, retained: s.Model.NewVector()}
	if way.Recorded {
		l.watch = s.Watch
	}
	for pt, err := range way.Points {
		if err == nil {
			err = ctx.Err()
		}
		if err == nil {
			err = l.step(pt)
		}
		if err != nil {
			return nil, fmt.Errorf("step %d: %w", pt.T, err)
		}
	}
	u := way.End.Clone()
	for i := range u.Len() {
		u.Set(i, u.At(i)+l.diff.W.At(i))
	}
	return u, nil
}

// loop is a contraction on its way.
type loop struct {
	Contraction
	system      *System
	diff        *nets.Stepper // d and q
	moved       bool          // d ≠ 0
	disturber   Disturber
	trust       *trust // nil if the disturber is no Reacher
	product     Product
	h, retained *graph.Tensor
	short       *graph.Tensor       // part of a disturbance, nil until a step is shortened
	watch       func(Watched) error // nil if nobody does
}

// Watched is a step of a contraction before it is taken. The run without U stands at
// W + D, with the momentum P + Q where P is known, and its gradient there is
// G − Delta + H, where the step is not shortened.
type Watched struct {
	Point
	D, Q, Delta, H *graph.Tensor
}

// step takes one step.
func (l *loop) step(pt Point) error {
	delta, exact, err := l.disturber.At(pt)
	if err != nil {
		return err
	}
	switch retain, forget := pt.Sizes(); {
	case retain == 0:
		if forget > 0 { // and not a batch that has been empty before
			l.takeBack(pt)
		}
		return nil
	case forget == 0 && len(pt.Added()) == 0 && !l.moved:
		return l.show(pt, delta)
	}
	pt.Rate, delta = l.trust.slowed(pt.Rate, delta)
	var d, retained *graph.Tensor
	if l.moved {
		d = l.diff.W
		if exact && pt.G != nil {
			retained = l.retained
			vector.Combine(retained, 1, pt.G, -1, delta)
		}
	}
	if err := l.product.Product(pt, d, retained, l.h); err != nil {
		return err
	}
	if s, ok := l.product.(Shortener); ok && s.Kept() < 1 {
		if l.short == nil {
			l.short = delta.Clone()
		}
		vector.Combine(l.short, s.Kept(), delta, 0, delta)
		delta = l.short
	}
	if err := l.show(pt, delta); err != nil {
		return err
	}
	if err := l.diff.StepAgainst(l.h, delta, pt.Rate); err != nil {
		return err
	}
	l.moved = true
	l.trust.confine(l.system, pt.T, l.diff)
	if l.diff.W.Finite() {
		return nil
	}
	diverged := &DivergedError{Step: pt.T, Part: "the step itself"}
	switch {
	case !delta.Finite():
		diverged.Part = "the disturbance " + l.Disturbance.String()
	case !l.h.Finite():
		diverged.Part = "the curvature " + l.Curvature.String()
	}
	return diverged
}

// show shows a step to who watches.
func (l *loop) show(pt Point, delta *graph.Tensor) error {
	if l.watch == nil {
		return nil
	}
	return l.watch(Watched{pt, l.diff.W, l.diff.P, delta, l.h})
}

// takeBack is the step of a batch that is wholly forgotten. Where the momentum of
// the run is not recorded, the difference of momenta keeps its value.
func (l *loop) takeBack(pt Point) {
	d, q := l.diff.W, l.diff.P
	for i := range d.Len() {
		d.Set(i, d.At(i)+pt.W.At(i)-pt.WNext.At(i))
	}
	if pt.P != nil {
		for i := range q.Len() {
			q.Set(i, q.At(i)+pt.P.At(i)-pt.PNext.At(i))
		}
	}
	l.moved = true
}
