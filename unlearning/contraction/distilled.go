package contraction

import (
	"fmt"
	"math"
	"slices"

	"github.com/miniunlearn/miniunlearn/graph"
	"github.com/miniunlearn/miniunlearn/internal/purpose"
	"github.com/miniunlearn/miniunlearn/internal/vector"
	"github.com/miniunlearn/miniunlearn/unlearning/defaults"
)

// Distilled is distillation from the model's own logits at the end of the run:
// C(d) is the gradient, at w_T + d, of the distance of retained examples' logits z
// from ẑ, those of w_T,
//
//	mean over a batch of KL(softmax ẑ ‖ softmax z) + Stiffness/2 · ‖z − ẑ‖²,
//
// see nets.Model.DistilGradient. It is about H d, and zero at d = 0: a difference of
// gradients at the price of one, since the
// logits at w_T are computed once for each example that is drawn. It is for a Fixed
// path and the softmax cross-entropy.
//
// Batches differ, most of all where the network is sure of most examples: a few others have
// logits that are many times as stiff and move many times as far. A step is therefore
// shortened as one of Sampled is, with θ = defaults.DistilNoise, and what
// nets.Model.DistilGradient says of how far apart logits are in place of dᵀh. No variance is larger than ‖h‖²
// but by chance; after a batch for which that would be too much, and as
// long as it would, batches are computed in two halves, which is slower, and whose difference tells it.
type Distilled struct {
	Batch int // retained examples a step, pieces of a shuffled list
	// Stiffness resists where the network is sure, and probabilities alone do not.
	Stiffness float64
	// Draw numbers the orders in which examples are drawn for one run: those of different
	// numbers are independent.
	Draw uint64
}

func (c Distilled) String() string { return fmt.Sprintf("distilled:%d:%.3g", c.Batch, c.Stiffness) }

// Cost returns the gradient evaluations of so many steps: a gradient for every
// example of a batch, and a forward pass, a third, for each of the n retained ones
// that is drawn.
func (c Distilled) Cost(steps, n int) float64 {
	drawn := steps * c.Batch
	return float64(drawn) + float64(min(drawn, n))/3
}

// drawAhead is the number of steps whose examples are asked for their logits at
// once: one large batch is faster than many small ones, and has the same bits.
const drawAhead = 64

// Start implements Curvature.
func (c Distilled) Start(s *System, w *Way) (Product, error) {
	a := s.Model.Arch()
	n := s.Run.Data.Len()
	switch {
	case a.Loss != nil:
		return nil, fmt.Errorf("curvature: %s has a loss of its own, and only logits of the softmax cross-entropy can be distilled", a.Name)
	case w.Recorded:
		return nil, fmt.Errorf("curvature: logits are distilled at the end of the run; take a fixed path")
	case c.Batch < 1 || !(c.Stiffness >= 0) || math.IsInf(c.Stiffness, 0):
		return nil, fmt.Errorf("curvature: batch %d must be positive, and stiffness %g finite and not negative", c.Batch, c.Stiffness)
	}
	c.Batch = min(c.Batch, len(s.Retain))
	return &distiller{
		Distilled: c, system: s, end: w.To, deck: newDeck(s.Retain, s.Rand(purpose.Distil, c.Draw)),
		bounds: bounds{w.Momentum, defaults.DistilNoise}, logits: make([]float64, n*a.Classes), known: make([]bool, n), u: s.Model.NewVector(),
	}, nil
}

// distiller distils along one way.
type distiller struct {
	Distilled
	system *System
	end    int // of the way
	bounds bounds
	deck   *deck
	ahead  []int     // examples of the next steps
	logits []float64 // [n, K] at w_T, of those examples that were asked for
	known  []bool
	batch  []float64 // [Batch, K]
	u      *graph.Tensor
	half   *graph.Tensor // gradient over the second half of a batch, nil until there is one
	wary   bool          // compute the next batch in halves
	kept   float64       // part of the last product
}

// Kept implements Shortener.
func (d *distiller) Kept() float64 { return d.kept }

// Product implements Product.
func (d *distiller) Product(pt Point, diff, _, h *graph.Tensor) error {
	if len(d.ahead) == 0 {
		for range min(drawAhead, d.end-pt.T) {
			d.ahead = append(d.ahead, d.deck.next(d.Batch)...)
		}
		if err := d.ask(pt, d.ahead); err != nil {
			return err
		}
	}
	ids := d.ahead[:d.Batch]
	d.ahead = d.ahead[d.Batch:]
	u := pt.W
	if diff != nil {
		u = d.u
		vector.Combine(u, 1, pt.W, 1, diff)
	}
	k := d.system.Model.Arch().Classes
	d.batch = slices.Grow(d.batch[:0], k*len(ids))[:k*len(ids)]
	for j, i := range ids {
		copy(d.batch[j*k:], d.logits[i*k:i*k+k])
	}
	d.kept = 1
	apart, square, variance, err := d.gradient(pt, u, ids, h)
	if err == nil && diff != nil {
		d.kept = d.bounds.keep(pt.Rate, apart, square, variance)
		d.system.shorten(h, d.kept)
		d.wary = d.sampled(ids) && d.bounds.keep(pt.Rate, apart, square, square) < 1
	}
	return err
}

// sampled reports whether a batch is a sample, and not all there is.
func (d *distiller) sampled(ids []int) bool { return len(ids) < len(d.system.Retain) }

// gradient sets h to the gradient at u over a batch, and returns how far apart logits are,
// ‖h‖², and if computed in halves the variance of h that the choice of the batch makes.
func (d *distiller) gradient(pt Point, u *graph.Tensor, ids []int, h *graph.Tensor) (apart, square, variance float64, err error) {
	s, k, first := d.system, d.system.Model.Arch().Classes, len(ids)
	if d.wary && len(ids) > 1 {
		first = (len(ids) + 1) / 2
	}
	if apart, err = s.Model.DistilGradient(pt.View, u, s.Run.Data, ids[:first], d.batch[:first*k], d.Stiffness, h); err != nil {
		return 0, 0, 0, err
	}
	if first < len(ids) {
		if d.half == nil {
			d.half = s.Model.NewVector()
		}
		share := float64(first) / float64(len(ids))
		other, err := s.Model.DistilGradient(pt.View, u, s.Run.Data, ids[first:], d.batch[first*k:], d.Stiffness, d.half)
		if err != nil {
			return 0, 0, 0, err
		}
		apart = share*apart + (1-share)*other
		square, variance = vector.Join(h, d.half, share)
		chance := 1 - float64(len(ids))/float64(len(s.Retain)) // of a batch that is drawn without replacement
		return apart, square, chance * share * (1 - share) * variance, nil
	}
	square = vector.Dot(h, h)
	if len(ids) == 1 && d.sampled(ids) {
		variance = square // nothing tells it, and no gradient is longer
	}
	return apart, square, variance, nil
}

// ask computes the logits of those of ids that are not known.
func (d *distiller) ask(pt Point, ids []int) error {
	s, k := d.system, d.system.Model.Arch().Classes
	var unknown []int
	for _, i := range ids {
		if !d.known[i] {
			d.known[i] = true
			unknown = append(unknown, i)
		}
	}
	z := make([]float64, k*len(unknown))
	if err := s.Model.LogitsAs(pt.View, pt.W, s.Run.Data, unknown, z); err != nil {
		return err
	}
	for j, i := range unknown {
		copy(d.logits[i*k:i*k+k], z[j*k:])
	}
	return nil
}
