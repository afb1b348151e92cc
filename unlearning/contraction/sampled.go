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
// With Own set the sample is a part of the batch's own retained examples, those that
// have waited longest, so that in 1/Share epochs each example counts once. Small
// batches differ from each other more than they have in common, and of any batch a
// large part is nearer to the whole than as many others are: half of it leaves half
// of the error.
//
// A smaller last batch takes as long a step as any other, along the curvature
// of its own few examples. Its sample has the size of a whole batch's, or is
// the batch itself where that is at most twice as large. (MNIST, batches of
// 1024, r = 20%: with a last batch of 1, 16, 60 or 200 examples the errors were
// 0.46, 0.29, 0.16 and 0.10 by its share, and are 0.14, 0.11, 0.07 and 0.07;
// without a smaller batch 0.07.)
//
// Where logits are affine in the parameters, as those of convex models with the
// softmax cross-entropy are, the difference of gradients is that of distillation from
// the logits at the point: a forward pass and a gradient in place of two gradients.
//
// A sample is not the batch, and a product h with it is shortened where it would do harm
// (GuardStepShortened): where η ‖h‖² > 2 (1+β) dᵀh, since the step would lengthen d, and where
// η σ²/(1−β) > 2 θ dᵀh, θ = defaults.CurvatureNoise, since chance, of the variance σ² of h, would
// add too much of what h takes. The two halves of the sample tell σ². A
// sample that is the batch is followed wherever it leads, as the run without U does.
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
	p := product{Sampled: c, system: s, way: w, diff: newDifference(s), half: s.Model.NewVector()}
	return Linear(func(pt Point, d, retained, h *graph.Tensor) error {
		ids, whole := draw(pt)
		if whole {
			return p.over(ids, pt, d, retained, h)
		}
		return p.sample(ids, pt, d, h)
	}), nil
}

// product computes products over samples.
type product struct {
	Sampled
	system *System
	way    *Way
	diff   *difference
	half   *graph.Tensor
}

// over sets h to the product over examples; retained is the gradient over them at the
// point, or nil.
func (p *product) over(ids []int, pt Point, d, retained, h *graph.Tensor) error {
	s := p.system
	switch {
	case p.HVP:
		return s.Model.HVPAs(pt.View, pt.W, d, s.Run.Data, ids, h)
	case retained == nil && s.affine():
		return p.diff.affine(ids, pt, d, h)
	}
	return p.diff.at(ids, pt, d, retained, h)
}

// sample sets h to the product over a sample, within the limits of Sampled.
func (p *product) sample(ids []int, pt Point, d, h *graph.Tensor) error {
	n := len(ids)
	if err := p.over(ids[:(n+1)/2], pt, d, nil, h); err != nil {
		return err
	}
	// A part of the batch is nearer to it than chance alone would have it, the more so the
	// larger it is.
	chance := 1.
	if p.Own {
		retain, _ := pt.Sizes()
		chance -= float64(n) / float64(retain)
	}
	var variance float64
	if n == 1 {
		variance = vector.Dot(h, h) // nothing tells it, and no product is longer
	} else {
		if err := p.over(ids[(n+1)/2:], pt, d, nil, p.half); err != nil {
			return err
		}
		first := float64((n+1)/2) / float64(n)
		apart := vector.Distance(h, p.half)
		variance = apart * apart * first * (1 - first)
		vector.Combine(h, first, h, 1-first, p.half)
	}
	p.system.shorten(h, bounds{p.way.Momentum, defaults.CurvatureNoise}.keep(pt.Rate, vector.Dot(d, h), vector.Dot(h, h), chance*variance))
	return nil
}

// affine reports whether logits are affine in the parameters.
func (s *System) affine() bool { a := s.Model.Arch(); return a.Convex && a.Loss == nil }

// drawer returns what draws the sample of a point and says whether it is the whole
// retained part of the batch.
func (c Sampled) drawer(s *System) func(pt Point) (ids []int, whole bool) {
	size := c.sizes(s)
	var turns *turns
	var deck *deck
	if c.Own {
		turns = newTurns(s, c.Draw)
	} else {
		deck = newDeck(s.Retain, s.Rand(purpose.Curvature, c.Draw))
	}
	return func(pt Point) ([]int, bool) {
		retain, forget := pt.Sizes()
		n, whole := size(retain, retain+forget)
		if !whole && deck != nil {
			return deck.next(n), false
		}
		ids, _ := pt.Split()
		if turns != nil {
			ids = turns.draw(ids, n)
		}
		return ids, whole
	}
}

// sizes returns what says of batch after batch, of b examples of which some are
// retained, how large the sample is, and whether it is these.
func (c Sampled) sizes(s *System) func(retain, b int) (n int, whole bool) {
	of := func(retain float64) float64 {
		if c.Size > 0 {
			return float64(c.Size)
		}
		return c.share() * retain
	}
	// A batch that holes have made somewhat smaller is like the others.
	order := s.Run.Order
	usual := float64(min(order.Batch, order.N)) * float64(order.Len()) / float64(order.N)
	var owed float64 // what rounding down has left out of samples
	return func(retain, b int) (int, bool) {
		want := of(float64(retain))
		if order.Holes == (data.Holes{}) && float64(b) < usual || 2*float64(b) < usual {
			want = max(want, of(usual*float64(len(s.Retain))/float64(order.Len())))
			if float64(retain) <= 2*math.Ceil(want) {
				return retain, true
			}
		}
		if !c.Own {
			return int(min(math.Ceil(want), float64(len(s.Retain)))), false
		}
		if want >= float64(retain) {
			return retain, true
		}
		n := max(1, math.Floor(want+owed+rounding))
		owed = max(0, want+owed-n)
		return int(n), int(n) == retain
	}
}

// rounding is what may be lacking of a whole number that is the sum of many parts.
const rounding = 1. / (1 << 20)

// costs returns what says of batch after batch how many gradient evaluations a product
// takes; known says whether the gradient over the retained part is.
func (c Sampled) costs(s *System) func(retain, b int, known bool) float64 {
	size := c.sizes(s)
	each := 2.
	if s.affine() && !c.HVP {
		each = 4. / 3
	}
	return func(retain, b int, known bool) float64 {
		n, whole := size(retain, b)
		if whole && known && !c.HVP {
			return float64(n)
		}
		return each * float64(n)
	}
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
