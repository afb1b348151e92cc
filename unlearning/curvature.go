package unlearning

import (
	"fmt"
	"math"

	"github.com/miniunlearn/miniunlearn/data"
	"github.com/miniunlearn/miniunlearn/graph"
)

// Curvature is a way to find the product H_t d of the Hessian of the retained
// batch at w_t with the current difference.
type Curvature interface {
	// String is a notation for results.
	String() string
	start(q *request) (curve, error)
}

// curve computes products for one request. keptGrad is ∇L_{B∖U}(w_t) if it is
// known, else nil.
type curve interface {
	product(pt point, d, keptGrad, h *graph.Tensor) error
}

type curveFunc func(pt point, d, keptGrad, h *graph.Tensor) error

func (f curveFunc) product(pt point, d, keptGrad, h *graph.Tensor) error {
	return f(pt, d, keptGrad, h)
}

// NoCurvature takes H d for zero. It diverges or stands still over long
// windows, and is here for comparison.
type NoCurvature struct{}

func (NoCurvature) String() string { return "none" }

func (NoCurvature) start(*request) (curve, error) {
	return curveFunc(func(_ point, _, _, h *graph.Tensor) error {
		h.Zero()
		return nil
	}), nil
}

// Scalar takes H for a multiple of the identity: stable, and biased.
type Scalar struct{ Value float64 }

func (s Scalar) String() string { return fmt.Sprintf("scalar:%g", s.Value) }

func (s Scalar) start(*request) (curve, error) {
	return curveFunc(func(_ point, d, _, h *graph.Tensor) error {
		combine(h, s.Value, d, 0, d)
		return nil
	}), nil
}

// Exact is the difference of gradients ∇L(w_t+d) − ∇L(w_t) over all kept
// examples of the batch. The second gradient is known from the record.
type Exact struct{}

func (Exact) String() string { return "exact" }

func (Exact) start(q *request) (curve, error) {
	u, g := q.model.NewVector(), q.model.NewVector()
	return curveFunc(func(pt point, d, keptGrad, h *graph.Tensor) error {
		kept, _ := pt.split()
		return q.difference(kept, pt, d, keptGrad, u, g, h)
	}), nil
}

// difference sets h to ∇L(w+d) − ∇L(w) over ids; grad is ∇L(w) if known.
func (q *request) difference(ids []int, pt point, d, grad, u, g, h *graph.Tensor) error {
	combine(u, 1, pt.w, 1, d)
	at, to := []*graph.Tensor{u}, []*graph.Tensor{h}
	if grad == nil {
		at, to, grad = append(at, pt.w), append(to, g), g
	}
	if err := q.model.GradientsAs(q.Run.View(pt.t), at, q.Run.Data, ids, to); err != nil {
		return err
	}
	combine(h, 1, h, -1, grad)
	return nil
}

// ExactHVP is the Hessian-vector product over all kept examples of the batch.
type ExactHVP struct{}

func (ExactHVP) String() string { return "exact-hvp" }

func (ExactHVP) start(q *request) (curve, error) {
	return curveFunc(func(pt point, d, _, h *graph.Tensor) error {
		kept, _ := pt.split()
		return q.model.HVPAs(q.Run.View(pt.t), pt.w, d, q.Run.Data, kept, h)
	}), nil
}

// Sampled is the difference of gradients, or with HVP set the Hessian-vector
// product, over a sample of the retained examples. Samples are consecutive
// pieces of a shuffled list of all of them, which is shuffled anew when less
// than a piece is left, so that up to that rest every example counts equally
// often: their errors then cancel along the trajectory, where independent
// samples of the same size would leave three to five times as much.
//
// A smaller last batch takes as long a step as any other, along the curvature
// of its own few examples. Its sample has the size of a whole batch's, or is
// the batch itself where that is at most twice as large. (MNIST, batches of
// 1024, r = 20%: with a last batch of 1, 16, 60 or 200 examples the errors were
// 0.46, 0.29, 0.16 and 0.10 by its share, and are 0.14, 0.11, 0.07 and 0.07;
// without a smaller batch 0.07.)
type Sampled struct {
	// Share is the sample size as a share of the kept batch; 0 means 0.03.
	Share float64
	// Size, if positive, is the sample size itself.
	Size int
	HVP  bool
	Seed uint64
}

func (s Sampled) String() string {
	kind := "difference"
	if s.HVP {
		kind = "hvp"
	}
	if s.Size > 0 {
		return fmt.Sprintf("sampled-%s:%d", kind, s.Size)
	}
	return fmt.Sprintf("sampled-%s:%g", kind, s.share())
}

func (s Sampled) share() float64 {
	if s.Share == 0 {
		return 0.03
	}
	return s.Share
}

func (s Sampled) start(q *request) (curve, error) {
	if s.Size < 0 || !(s.share() > 0) || math.IsInf(s.share(), 0) {
		return nil, fmt.Errorf("curvature: sample size %d and share %g must be positive and finite", s.Size, s.share())
	}
	draw := newSampler(q.retained, s.Seed)
	u, g := q.model.NewVector(), q.model.NewVector()
	return curveFunc(func(pt point, d, keptGrad, h *graph.Tensor) error {
		var ids []int
		kept, gone := pt.sizes()
		n, own := s.size(q, kept, kept+gone)
		if own {
			ids, _ = pt.split()
		} else {
			ids, keptGrad = draw.next(n), nil
		}
		if s.HVP {
			return q.model.HVPAs(q.Run.View(pt.t), pt.w, d, q.Run.Data, ids, h)
		}
		return q.difference(ids, pt, d, keptGrad, u, g, h)
	}), nil
}

// size returns the size of the sample for a batch of b examples, of which kept
// are retained, and whether it is these.
func (s Sampled) size(q *request, kept, b int) (n int, own bool) {
	of := func(kept float64) int {
		if s.Size > 0 {
			return s.Size
		}
		return int(min(math.Ceil(s.share()*kept), float64(len(q.retained))))
	}
	n = of(float64(kept))
	// A batch that holes have made somewhat smaller is like the others.
	order := q.Run.Order
	whole := float64(min(order.Batch, order.N)) * float64(order.Len()) / float64(order.N)
	if order.Holes == (data.Holes{}) && float64(b) < whole || 2*float64(b) < whole {
		n = max(n, of(whole*float64(len(q.retained))/float64(order.Len())))
		if kept <= 2*n {
			return kept, true
		}
	}
	return min(n, len(q.retained)), false
}
