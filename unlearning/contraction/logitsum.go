package contraction

import (
	"cmp"
	"math"
	"math/rand/v2"
	"slices"

	"github.com/miniunlearn/miniunlearn/graph"
	"github.com/miniunlearn/miniunlearn/internal/vector"
)

// LogitSum is what U did to a run, in one vector, computed from the logit gradients
// α of the run (history.LogitGradients) and the Jacobians J at w_T.
type LogitSum struct {
	// Sum is D = Σ_{i∈U} J_iᵀ α_i − Σ_{j∉U} κ_y J_jᵀ α_j, with κ_y the ratio of Σ |α|₁
	// over the examples of U with the label y of j to that over the others with it:
	// what U taught, less as much of what the others taught about the same labels. It
	// comes from a sample drawn by the size of its terms.
	Sum  *graph.Tensor
	Used int // examples of the sample
	// Noise is the variance of Sum that sampling makes, over ‖D‖²: estimated, before
	// anything is computed, from the sizes of the terms.
	Noise float64
	// Kernel is the mean of ‖J_iᵀ c‖² over the sample, with c of length 1 in the
	// direction of α_i: how far the example's own logits move by a step along their own
	// gradient. NaN where nothing was drawn.
	Kernel float64
	// Common is the cosine of the two sums, as they are without the sign between them: how much
	// of what U taught the others taught, too. NaN where one of them is zero.
	Common float64
}

// LogitSampling says how a LogitSum is estimated from a sample.
type LogitSampling struct {
	// Noise is the variance over ‖D‖² below which no more examples are drawn, as
	// estimated for terms of independent directions; Stratified is the part of that
	// estimate which is left, since examples are sorted.
	Noise, Stratified float64
	Least             int // examples that are drawn whatever the noise
}

// Estimate computes the sum from at most a number of examples, fewer where that
// makes no difference.
func (c LogitSampling) Estimate(s *System, alpha *graph.Tensor, most int, r *rand.Rand) (*LogitSum, error) {
	terms := s.logitTerms(alpha)
	draw := bySizeOf(terms)
	return c.sum(s, alpha, terms, draw, max(draw.quieter(c.Noise, most), min(c.Least, most)), r)
}

// sum computes the sum from m examples.
func (c LogitSampling) sum(s *System, alpha *graph.Tensor, terms []term, draw *bySize, m int, r *rand.Rand) (*LogitSum, error) {
	drawn, weights := draw.draw(m, r)
	d := &LogitSum{Used: len(drawn), Noise: c.Stratified * draw.noise(m), Kernel: math.NaN()}
	// The sums over U and over the others, each in two halves chosen by chance. In the
	// difference of the halves terms have random signs, so that what two examples have
	// in common cancels and the squares of their own lengths are left.
	halves := &signed{system: s, alpha: alpha}
	for j, at := range drawn {
		halves.add(terms[at], weights[j], r.IntN(2))
	}
	if err := halves.compute(); err != nil {
		return nil, err
	}
	d.Sum = s.Model.NewVector()
	signed := s.Model.NewVector()
	var sides [2]*graph.Tensor
	for side := range 2 {
		sides[side] = s.Model.NewVector()
		for sign := range 2 {
			part := halves.sum[side][sign]
			vector.AddScaled(sides[side], 1, part)
			vector.AddScaled(d.Sum, 1, part)
			vector.AddScaled(signed, float64(1-2*sign), part)
		}
	}
	d.Common = -vector.Dot(sides[0], sides[1]) / (vector.Norm(sides[0]) * vector.Norm(sides[1]))
	if halves.squares > 0 {
		d.Kernel = vector.Dot(signed, signed) / halves.squares
	}
	return d, nil
}

// signed sums vector-Jacobian products of logit gradients by side (U, the others) and
// by a sign that chance gives each term.
type signed struct {
	system  *System
	alpha   *graph.Tensor
	ids     [2][2][]int
	vectors [2][2][]float64
	sum     [2][2]*graph.Tensor
	squares float64 // of the lengths of all vectors
}

// add adds a term that stands for so many like it.
func (h *signed) add(t term, weight float64, sign int) {
	side, k := t.stratum[0], h.alpha.Shape()[1]
	h.ids[side][sign] = append(h.ids[side][sign], t.id)
	for c := range k {
		v := weight * t.weight * h.alpha.At(t.id*k+c)
		h.vectors[side][sign] = append(h.vectors[side][sign], v)
		h.squares += v * v
	}
}

func (h *signed) compute() error {
	s := h.system
	for side := range h.sum {
		for sign := range h.sum[side] {
			h.sum[side][sign] = s.Model.NewVector()
			if ids := h.ids[side][sign]; len(ids) > 0 {
				if err := s.Model.VJP(s.LastView(), s.Run.Params, s.Run.Data, ids, h.vectors[side][sign], h.sum[side][sign]); err != nil {
					return err
				}
			}
		}
	}
	return nil
}

// term is an example in the sum.
type term struct {
	id      int
	stratum [3]int  // whether it is retained, its label, the class it was moved away from most
	weight  float64 // of its logit gradients: 1, or −κ_y
	size    float64 // of its term in D
}

// bySizeOf returns what draws samples of a list by the size of its terms in D.
func bySizeOf(terms []term) *bySize {
	sizes := make([]float64, len(terms))
	for j, t := range terms {
		sizes[j] = t.size
	}
	return newBySize(sizes)
}

// logitTerms lists all examples, sorted so that a systematic sample is stratified.
// What the examples of a stratum have in common, such as those of label 3 that were
// taken for 8, is then the same in every sample, and no noise.
func (s *System) logitTerms(alpha *graph.Tensor) []term {
	n, k := alpha.Shape()[0], alpha.Shape()[1]
	all := make([]term, n)
	var ofLabel [2][]float64
	for side := range ofLabel {
		ofLabel[side] = make([]float64, k)
	}
	for i := range all {
		t := term{id: i, stratum: [3]int{1, int(s.Run.Data.Y[i]), 0}}
		if s.Forget.Contains(i) {
			t.stratum[0] = 0
		}
		for c := range k {
			a := alpha.At(i*k + c)
			t.size += math.Abs(a)
			if a > alpha.At(i*k+t.stratum[2]) {
				t.stratum[2] = c
			}
		}
		ofLabel[t.stratum[0]][t.stratum[1]] += t.size
		all[i] = t
	}
	for i := range all {
		t := &all[i]
		t.weight = 1
		if label := t.stratum[1]; t.stratum[0] == 1 {
			t.weight = 0
			if ofLabel[1][label] > 0 {
				t.weight = -ofLabel[0][label] / ofLabel[1][label]
			}
		}
		t.size *= math.Abs(t.weight)
	}
	slices.SortFunc(all, func(a, b term) int {
		return cmp.Or(slices.Compare(a.stratum[:], b.stratum[:]), cmp.Compare(a.size, b.size), a.id-b.id)
	})
	return all
}
