package contraction

import (
	"fmt"
	"math"
	"math/rand/v2"

	"github.com/miniunlearn/miniunlearn/data"
	"github.com/miniunlearn/miniunlearn/graph"
	"github.com/miniunlearn/miniunlearn/internal/purpose"
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
type Sampled struct {
	// Share is the sample size as a share of the retained part of a batch; 0 means
	// defaults.CurvatureSample.
	Share float64
	// Size, if positive, is the sample size itself.
	Size int
	HVP  bool
	// Draw numbers the samples of one run: those of different numbers are independent.
	Draw uint64
}

func (c Sampled) String() string {
	kind := "difference"
	if c.HVP {
		kind = "hvp"
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
func (c Sampled) Start(s *System, _ *Way) (Product, error) {
	if c.Size < 0 || !(c.share() > 0) || math.IsInf(c.share(), 0) {
		return nil, fmt.Errorf("curvature: sample size %d and share %g must be positive and finite", c.Size, c.share())
	}
	deck, diff := newDeck(s.Retain, s.Rand(purpose.Curvature, c.Draw)), newDifference(s)
	return Linear(func(pt Point, d, retained, h *graph.Tensor) error {
		var ids []int
		retain, forget := pt.Sizes()
		n, own := c.size(s, retain, retain+forget)
		if own {
			ids, _ = pt.Split()
		} else {
			ids, retained = deck.next(n), nil
		}
		if c.HVP {
			return s.Model.HVPAs(pt.View, pt.W, d, s.Run.Data, ids, h)
		}
		return diff.at(ids, pt, d, retained, h)
	}), nil
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
