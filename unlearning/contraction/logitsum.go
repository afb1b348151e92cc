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
	// Sum is D = Σ_{i∈U} J_iᵀ α̃_i − κ Σ_{j∉U} J_jᵀ α̃_j with κ = |U|/(n−|U|) and α̃
	// the weighted logit gradients, from a sample drawn by the size of its terms.
	Sum  *graph.Tensor
	Used int // examples of the sample
	// Noise is the variance of Sum that sampling makes, over ‖D‖²: estimated, before
	// anything is computed, from the sizes of the terms.
	Noise float64
	// Growth is the Jacobian growth: how far Σ J_iᵀ α̃_i over all examples moves along
	// the displacement of the run, in units of that. It is about 1 where Jacobians
	// keep still (1.15 with momentum 0.9), more where they have grown.
	Growth float64
	// Cosine is that of the angle between the two sums of D: positive where U taught
	// what the others did, negative where it taught against them. Part is U's part of
	// Σ ‖α̃‖. They are NaN where there is nothing to compare.
	Cosine, Part float64
}

// LogitSampling says how a LogitSum is estimated from a sample.
type LogitSampling struct {
	// Exponent e weighs logit gradients by a power of their own size, α̃ ∝ ‖α‖₁^e α
	// with Σ ‖α̃‖ = Σ ‖α‖; with 0 they are as they are.
	Exponent float64
	// Noise is the variance over ‖D‖² below which no more examples are drawn, as
	// estimated for terms of independent directions; Stratified is the part of that
	// estimate which is left, since examples are sorted.
	Noise, Stratified float64
	Least             int // examples that are drawn whatever the noise
}

// Estimate computes the sum from at most a number of examples, fewer where that
// makes no difference.
func (c LogitSampling) Estimate(s *System, alpha *graph.Tensor, most int, r *rand.Rand) (*LogitSum, error) {
	terms := c.terms(s, alpha)
	draw := bySizeOf(terms)
	return c.sum(s, alpha, terms, draw, max(draw.quieter(c.Noise, most), min(c.Least, most)), r)
}

// sum computes the sum from m examples.
func (c LogitSampling) sum(s *System, alpha *graph.Tensor, terms []term, draw *bySize, m int, r *rand.Rand) (*LogitSum, error) {
	k := alpha.Shape()[1]
	drawn, weights := draw.draw(m, r)
	d := &LogitSum{Sum: s.Model.NewVector(), Used: len(drawn), Noise: c.Stratified * draw.noise(m), Growth: 1}
	// One sum of U and one of the others, for D and for the growth.
	var sums [2]*graph.Tensor
	for side := range sums {
		var ids []int
		var cotangents []float64
		for j, at := range drawn {
			if t := terms[at]; t.stratum[0] == side {
				ids = append(ids, t.id)
				for c := range k {
					cotangents = append(cotangents, weights[j]*t.weight*alpha.At(t.id*k+c))
				}
			}
		}
		if sums[side] = s.Model.NewVector(); len(ids) > 0 {
			if err := s.Model.VJP(s.LastView(), s.Run.Params, s.Run.Data, ids, cotangents, sums[side]); err != nil {
				return nil, err
			}
		}
	}
	displacement := s.displacement()
	if length := vector.Dot(displacement, displacement); length > 0 {
		d.Growth = (vector.Dot(sums[0], displacement) + vector.Dot(sums[1], displacement)) / length
	}
	kappa := s.Kappa()
	var forget, retain float64
	for _, t := range terms {
		if t.stratum[0] == 0 {
			forget += t.size
		} else {
			retain += t.size / kappa
		}
	}
	d.Part = forget / (forget + retain)
	d.Cosine = vector.Dot(sums[0], sums[1]) / (vector.Norm(sums[0]) * vector.Norm(sums[1]))
	vector.Combine(d.Sum, 1, sums[0], -kappa, sums[1])
	return d, nil
}

// displacement returns what weight decay left of w_0, less w_T: Σ J_iᵀ α_i as the
// run summed it.
func (s *System) displacement() *graph.Tensor {
	cfg, left := s.Run.Config, 1.0
	for t := range s.Run.Steps {
		left *= 1 - cfg.WeightDecay*s.Rate(t)/(1-cfg.Momentum)
	}
	d := s.Model.NewVector()
	vector.Combine(d, left, s.Run.Initial, -1, s.Run.Params)
	return d
}

// term is an example in the sum.
type term struct {
	id      int
	stratum [3]int  // whether it is retained, its label, the class it was moved away from most
	weight  float64 // of its logit gradients, by the exponent
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

// terms lists all examples, sorted so that a systematic sample is stratified. What
// the examples of a stratum have in common, such as those of label 3 that were taken
// for 8, is then the same in every sample, and no noise.
func (c LogitSampling) terms(s *System, alpha *graph.Tensor) []term {
	n, k := alpha.Shape()[0], alpha.Shape()[1]
	all := make([]term, n)
	var before, after float64
	for i := range all {
		t := term{id: i, stratum: [3]int{0, int(s.Run.Data.Y[i]), 0}}
		for c := range k {
			a := alpha.At(i*k + c)
			t.size += math.Abs(a)
			if a > alpha.At(i*k+t.stratum[2]) {
				t.stratum[2] = c
			}
		}
		before += t.size
		t.weight = math.Pow(t.size, c.Exponent)
		t.size *= t.weight
		after += t.size
		all[i] = t
	}
	if after == 0 { // a run that learned nothing
		return all
	}
	scale := before / after // the sum of all sizes stays what it was
	for i := range all {
		all[i].weight *= scale
		all[i].size *= scale
	}
	kappa := s.Kappa()
	for _, i := range s.Retain {
		all[i].stratum[0] = 1
		all[i].size *= kappa
	}
	slices.SortFunc(all, func(a, b term) int {
		return cmp.Or(slices.Compare(a.stratum[:], b.stratum[:]), cmp.Compare(a.size, b.size), a.id-b.id)
	})
	return all
}
