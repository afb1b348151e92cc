package unlearning

import (
	"cmp"
	"math"
	"math/rand/v2"
	"slices"
	"sort"

	"github.com/miniunlearn/miniunlearn/graph"
	"github.com/miniunlearn/miniunlearn/nets"
)

// emphasis is the power of its own size that multiplies a push. What an example
// with large pushes taught is peculiar to it and stays; what others teach as
// well has been learned from them by the end of the run. In measurements, see
// docs/decisions/0004, forgetting moves an example's logits by more than its
// share of the pushes.
const emphasis = 0.5

// pushed is an example in the sum of the disturbances.
type pushed struct {
	id     int
	group  [3]int  // whether it is retained, its label, the class it was pushed away from most
	factor float64 // of its push, by emphasis
	size   float64 // of its term in D
}

// disturbance is what U did to a run, in one vector.
type disturbance struct {
	// sum is D = Σ_{i∈U} J_iᵀ α̃_i − κ Σ_{j∉U} J_jᵀ α̃_j with κ = |U|/(n−|U|), J
	// at w_T, and α̃ the pushes with emphasis, from a sample drawn by the size of
	// its terms.
	sum  *graph.Tensor
	used int // examples of the sample
	// noise is the variance of sum that sampling makes, over ‖D‖²: estimated, before
	// anything is computed, from the sizes of the terms alone.
	noise float64
	// growth is how far Σ J_iᵀ α̃_i over all examples moves along the way that the
	// run went, in units of that way: 1 where Jacobians keep still, more where
	// they have grown.
	growth float64
}

// quiet is the noise below which more examples are not worth their cost.
const quiet = 0.05

// disturb computes the disturbance from at most about m examples, fewer where
// that makes no difference.
func (q *request) disturb(view nets.View, alpha *graph.Tensor, m int, r *rand.Rand) (*disturbance, error) {
	all := q.pushed(alpha)
	sizes := sizesOf(all)
	m = 1 + sort.Search(m-1, func(less int) bool { return sampleNoise(sizes, less+1) < quiet })
	return q.disturbFrom(view, alpha, all, m, r)
}

func sizesOf(all []pushed) []float64 {
	sizes := make([]float64, len(all))
	for j, p := range all {
		sizes[j] = p.size
	}
	return sizes
}

// disturbFrom computes the disturbance from m examples, or one more.
func (q *request) disturbFrom(view nets.View, alpha *graph.Tensor, all []pushed, m int, r *rand.Rand) (*disturbance, error) {
	sizes := sizesOf(all)
	drawn, weights := sampleBySize(sizes, m, r)
	d := &disturbance{used: len(drawn), noise: sampleNoise(sizes, m), sum: q.model.NewVector()}
	// One sum of U and one of the others, for D and for the growth.
	var sums [2]*graph.Tensor
	for g := range sums {
		var ids []int
		var cotangents []float64
		for j, at := range drawn {
			if p := all[at]; p.group[0] == g {
				ids = append(ids, p.id)
				for c := range alpha.Shape()[1] {
					cotangents = append(cotangents, weights[j]*p.factor*alpha.At(p.id*alpha.Shape()[1]+c))
				}
			}
		}
		if sums[g] = q.model.NewVector(); len(ids) > 0 {
			if err := q.model.VJP(view, q.Run.Params, q.Run.Data, ids, cotangents, sums[g]); err != nil {
				return nil, err
			}
		}
	}
	// The way: from what weight decay left of w_0 to w_T.
	cfg := q.Run.Config
	left := 1.0
	for t := range q.Run.Steps {
		left *= 1 - cfg.WeightDecay*q.rate(t)/(1-cfg.Momentum)
	}
	combine(d.sum, left, q.Run.Initial, -1, q.Run.Params)
	d.growth = (dot(sums[0], d.sum) + dot(sums[1], d.sum)) / dot(d.sum, d.sum)
	combine(d.sum, 1, sums[0], -q.kappa(), sums[1])
	return d, nil
}

// kappa is by how much a retained example weighs more in retraining.
func (q *request) kappa() float64 { return float64(q.Forget.Len()) / float64(len(q.retained)) }

// pushed lists all examples, sorted so that a systematic sample is stratified:
// what examples of a group have in common cancels in the sum, and is kept from
// turning into noise.
func (q *request) pushed(alpha *graph.Tensor) []pushed {
	n, k := alpha.Shape()[0], alpha.Shape()[1]
	all := make([]pushed, n)
	var before, after float64
	for i := range all {
		p := pushed{id: i, group: [3]int{0, int(q.Run.Data.Y[i]), 0}, factor: 1}
		for c := range k {
			a := alpha.At(i*k + c)
			p.size += math.Abs(a)
			if a > alpha.At(i*k+p.group[2]) {
				p.group[2] = c
			}
		}
		before += p.size
		p.factor = math.Pow(p.size, emphasis)
		p.size *= p.factor
		after += p.size
		all[i] = p
	}
	// The sum of all sizes stays what it was.
	if after > 0 {
		for i := range all {
			all[i].factor *= before / after
			all[i].size *= before / after
		}
	}
	for _, i := range q.retained {
		all[i].group[0] = 1
		all[i].size *= q.kappa()
	}
	slices.SortFunc(all, func(a, b pushed) int {
		return cmp.Or(slices.Compare(a.group[:], b.group[:]), cmp.Compare(a.size, b.size), a.id-b.id)
	})
	return all
}
