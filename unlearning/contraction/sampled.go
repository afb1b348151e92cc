package contraction

import (
	"fmt"
	"math"
	"math/rand/v2"

	"github.com/miniunlearn/miniunlearn/data"
	"github.com/miniunlearn/miniunlearn/graph"
	"github.com/miniunlearn/miniunlearn/internal/purpose"
	"github.com/miniunlearn/miniunlearn/internal/vector"
	"github.com/miniunlearn/miniunlearn/unlearning/defaults"
)

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
//
// Small batches differ from each other more than they have in common. With Own set the
// sample is a part of the batch's own retained examples, another part in each epoch, so
// that in 1/Share epochs each example counts once.
//
// Where logits are affine in the parameters, as those of convex models with the
// softmax cross-entropy are, the difference of gradients is that of distillation from
// the logits at the point: a forward pass and a gradient in place of two gradients.
//
// A sample may be steeper than all data are, and a step along it longer than the data
// bear. A product along which the step would lengthen d, with
// η ‖h‖² > 2 (1+β) dᵀh, is shortened until it does not, GuardStepShortened.
type Sampled struct {
	// Share is the sample size as a share of the retained part of a batch; 0 means
	// defaults.CurvatureSample.
	Share float64
	// Size, if positive, is the sample size itself. It excludes Own.
	Size int
	HVP  bool
	Own  bool
	// Draw numbers the samples of one run: those of different numbers are independent.
	Draw uint64
}

func (c Sampled) String() string {
	kind := "difference"
	if c.HVP {
		kind = "hvp"
	}
	if c.Own {
		kind = "own-" + kind
	}
	if c.Size > 0 {
		return fmt.Sprintf("sampled-%s:%d", kind, c.Size)
	}
	return fmt.Sprintf("sampled-%s:%g", kind, c.share())
}

func (c Sampled) share() float64 {
	if c.Share == 0 {
		return defaults.CurvatureSample
	}
	return c.Share
}

// Start implements Curvature.
func (c Sampled) Start(s *System, w *Way) (Product, error) {
	switch {
	case c.Size < 0 || !(c.share() > 0) || math.IsInf(c.share(), 0):
		return nil, fmt.Errorf("curvature: sample size %d and share %g must be positive and finite", c.Size, c.share())
	case c.Own && c.Size > 0:
		return nil, fmt.Errorf("curvature: a sample of %d and Own exclude each other; set Share", c.Size)
	}
	draw := c.drawer(s)
	diff := newDifference(s)
	return Linear(func(pt Point, d, retained, h *graph.Tensor) error {
		ids, own, scale := draw(pt)
		if len(ids) == 0 {
			h.Zero()
			return nil
		}
		if !own {
			retained = nil
		}
		var err error
		switch {
		case c.HVP:
			err = s.Model.HVPAs(pt.View, pt.W, d, s.Run.Data, ids, h)
		case retained == nil && s.affine():
			err = diff.affine(ids, pt, d, h)
		default:
			err = diff.at(ids, pt, d, retained, h)
		}
		if err != nil {
			return err
		}
		if scale != 1 {
			vector.Combine(h, scale, h, 0, h)
		}
		square, along := vector.Dot(h, h), vector.Dot(d, h)
		if most := 2 * (1 + w.Momentum) * along; pt.Rate*square > most && along > 0 {
			vector.Combine(h, most/(pt.Rate*square), h, 0, h)
			s.Guards[GuardStepShortened]++
		}
		return nil
	}), nil
}

// affine reports whether logits are affine in the parameters.
func (s *System) affine() bool { a := s.Model.Arch(); return a.Convex && a.Loss == nil }

// drawer returns what draws the sample of a point, says whether it is the whole
// retained part of the batch, and by what its mean is to be multiplied.
func (c Sampled) drawer(s *System) func(pt Point) (ids []int, whole bool, scale float64) {
	if !c.Own {
		deck := newDeck(s.Retain, s.Rand(purpose.Curvature, c.Draw))
		return func(pt Point) ([]int, bool, float64) {
			retain, forget := pt.Sizes()
			n, own := c.size(s, retain, retain+forget)
			if own {
				ids, _ := pt.Split()
				return ids, true, 1
			}
			return deck.next(n), false, 1
		}
	}
	// Example i is drawn in epoch e if a whole number is between e·share + φ_i and
	// (e+1)·share + φ_i, with φ_i the same for every epoch and spread evenly.
	share := min(1, c.share())
	phase := phases(s, c.Draw)
	per := s.Run.Order.StepsPerEpoch()
	var ids []int
	return func(pt Point) ([]int, bool, float64) {
		retained, _ := pt.Split()
		ids = ids[:0]
		from := float64(pt.T / per)
		for _, i := range retained {
			if at := from*share + phase[i]; math.Floor(at+share) > math.Floor(at) {
				ids = append(ids, i)
			}
		}
		return ids, len(ids) == len(retained), float64(len(ids)) / (share * float64(len(retained)))
	}
}

// phases returns the positions of the examples in a shuffled list, over its length.
func phases(s *System, draw uint64) []float64 {
	n := s.Run.Data.Len()
	r := s.Rand(purpose.Phase, draw)
	phase := make([]float64, n)
	for at, i := range r.Perm(n) {
		phase[i] = float64(at) / float64(n)
	}
	return phase
}

// size returns the size of the sample for a batch of b examples, of which some
// are retained, and whether it is these.
func (c Sampled) size(s *System, retain, b int) (n int, own bool) {
	of := func(retain float64) int {
		if c.Size > 0 {
			return c.Size
		}
		return int(min(math.Ceil(c.share()*retain), float64(len(s.Retain))))
	}
	n = of(float64(retain))
	// A batch that holes have made somewhat smaller is like the others.
	order := s.Run.Order
	whole := float64(min(order.Batch, order.N)) * float64(order.Len()) / float64(order.N)
	if order.Holes == (data.Holes{}) && float64(b) < whole || 2*float64(b) < whole {
		n = max(n, of(whole*float64(len(s.Retain))/float64(order.Len())))
		if retain <= 2*n {
			return retain, true
		}
	}
	return min(n, len(s.Retain)), false
}

// cost returns the gradient evaluations of a product at a batch, on the average where
// the sample is a part of it; known says whether the gradient over its retained part is.
func (c Sampled) cost(s *System, retain, b int, known bool) float64 {
	each := 2.
	if s.affine() {
		each = 4. / 3
	}
	if c.Own {
		if c.share() >= 1 && known {
			each = 1
		}
		return each * min(1, c.share()) * float64(retain)
	}
	n, own := c.size(s, retain, b)
	if own && known {
		each = 1
	}
	return each * float64(n)
}

// deck hands out consecutive pieces of a shuffled list, and shuffles it anew when
// less than a piece is left.
type deck struct {
	ids []int
	at  int
	r   *rand.Rand
}

func newDeck(ids []int, r *rand.Rand) *deck {
	d := &deck{ids: append([]int(nil), ids...), r: r}
	d.at = len(d.ids)
	return d
}

func (d *deck) next(n int) []int {
	n = min(n, len(d.ids))
	if d.at+n > len(d.ids) {
		d.r.Shuffle(len(d.ids), func(i, j int) { d.ids[i], d.ids[j] = d.ids[j], d.ids[i] })
		d.at = 0
	}
	d.at += n
	return d.ids[d.at-n : d.at]
}
