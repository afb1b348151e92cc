package contraction

import (
	"fmt"

	"github.com/miniunlearn/miniunlearn/graph"
	"github.com/miniunlearn/miniunlearn/internal/vector"
)

// Curvature is a way to find C(d), the force that brings the two runs back
// together: about H d, with H the Hessian of the mean loss over the retained part
// of a batch.
type Curvature interface {
	// String is a notation for results.
	String() string
	// Start prepares for one way of a system.
	Start(s *System, w *Way) (Product, error)
}

// Product computes C(d) along one way.
type Product interface {
	// Product sets h to C(d) at a point. The difference d is nil as long as it is
	// zero, and retained is the gradient over the retained part of the batch at the
	// point where that is known, else nil.
	Product(pt Point, d, retained, h *graph.Tensor) error
}

// Shortener is a Product that may shorten a step: the disturbance is then taken in the same
// part as C(d) is, since what it would move further C(d) would not bring back.
type Shortener interface {
	Product
	// Kept is the part of the last product that is left, at most 1.
	Kept() float64
}

// Linear makes a Product of a function for which C(0) = 0: it is not called for a
// d that is zero.
type Linear func(pt Point, d, retained, h *graph.Tensor) error

// Product implements Product.
func (f Linear) Product(pt Point, d, retained, h *graph.Tensor) error {
	if d == nil {
		h.Zero()
		return nil
	}
	return f(pt, d, retained, h)
}

// None takes C(d) for zero. It diverges or stands still over long windows, and is
// here for comparison.
type None struct{}

func (None) String() string { return "none" }

// Start implements Curvature.
func (None) Start(*System, *Way) (Product, error) {
	return Linear(func(_ Point, _, _, h *graph.Tensor) error {
		h.Zero()
		return nil
	}), nil
}

// Scalar takes H for a multiple of the identity: stable, and biased.
type Scalar struct{ Value float64 }

func (s Scalar) String() string { return fmt.Sprintf("scalar:%g", s.Value) }

// Start implements Curvature.
func (s Scalar) Start(*System, *Way) (Product, error) {
	return Linear(func(_ Point, d, _, h *graph.Tensor) error {
		vector.Combine(h, s.Value, d, 0, d)
		return nil
	}), nil
}

// Exact is the difference of gradients ∇L(w+d) − ∇L(w) over the retained part of
// the batch. The second gradient is known from the record.
type Exact struct{}

func (Exact) String() string { return "exact" }

// Start implements Curvature.
func (Exact) Start(s *System, _ *Way) (Product, error) {
	diff := newDifference(s)
	return Linear(func(pt Point, d, retained, h *graph.Tensor) error {
		ids, _ := pt.Split()
		return diff.at(ids, pt, d, retained, h)
	}), nil
}

// HVP is the Hessian-vector product over the retained part of the batch.
type HVP struct{}

func (HVP) String() string { return "exact-hvp" }

// Start implements Curvature.
func (HVP) Start(s *System, _ *Way) (Product, error) {
	return Linear(func(pt Point, d, _, h *graph.Tensor) error {
		ids, _ := pt.Split()
		return s.Model.HVPAs(pt.View, pt.W, d, s.Run.Data, ids, h)
	}), nil
}

// difference computes differences of gradients.
type difference struct {
	system *System
	u, g   *graph.Tensor
}

func newDifference(s *System) *difference {
	return &difference{s, s.Model.NewVector(), s.Model.NewVector()}
}

// at sets h to ∇L(w+d) − ∇L(w) over ids; grad is ∇L(w) if known.
func (f *difference) at(ids []int, pt Point, d, grad, h *graph.Tensor) error {
	vector.Combine(f.u, 1, pt.W, 1, d)
	at, to := []*graph.Tensor{f.u}, []*graph.Tensor{h}
	if grad == nil {
		at, to, grad = append(at, pt.W), append(to, f.g), f.g
	}
	if err := f.system.Model.GradientsAs(pt.View, at, f.system.Run.Data, ids, to); err != nil {
		return err
	}
	vector.Combine(h, 1, h, -1, grad)
	return nil
}

// affine sets h to the same where logits are affine in the parameters and the loss is
// the softmax cross-entropy. Jacobians are then one at w and w+d, so that it is the
// gradient at w+d of distillation from the logits at w.
func (f *difference) affine(ids []int, pt Point, d, h *graph.Tensor) error {
	m := f.system.Model
	z := make([]float64, len(ids)*m.Arch().Classes)
	if err := m.LogitsAs(pt.View, pt.W, f.system.Run.Data, ids, z); err != nil {
		return err
	}
	vector.Combine(f.u, 1, pt.W, 1, d)
	_, err := m.DistilGradient(pt.View, f.u, f.system.Run.Data, ids, z, 0, h)
	return err
}
