package unlearning

import (
	"cmp"
	"math"
	"math/rand/v2"
	"slices"

	"github.com/miniunlearn/miniunlearn/graph"
	"github.com/miniunlearn/miniunlearn/nets"
)

// emphasis is the power of its own size that multiplies a push. What an example
// with large pushes taught is peculiar to it and stays; what others teach as
// well has been learned from them by the end of the run. Forgetting moves an
// example's logits by more than its share of the pushes, see
// docs/decisions/0004.
const emphasis = 0.5

const (
	// quiet is the noise, by bySize's estimate, below which more examples are not
	// worth their cost.
	quiet = 0.05
	// stratified is the part of that estimate that is left where examples are sorted
	// by what they have in common: 0.2 to 0.9 on MNIST and Fashion-MNIST.
	stratified = 0.4
	// fewest examples tell the growth of the pushes, and contrary sets.
	fewest = 256
)

// disturbance is what U did to a run, in one vector.
type disturbance struct {
	// sum is D = Σ_{i∈U} J_iᵀ α̃_i − κ Σ_{j∉U} J_jᵀ α̃_j with κ = |U|/(n−|U|), J
	// at w_T, and α̃ the pushes with emphasis, from a sample drawn by the size of
	// its terms.
	sum  *graph.Tensor
	used int // examples of the sample
	// noise is the variance of sum that sampling makes, over ‖D‖²: estimated, before
	// anything is computed, from the sizes of the terms.
	noise float64
	// growth is how far Σ J_iᵀ α̃_i over all examples moves along the way that the
	// run went, in units of that way: about 1 where Jacobians keep still (1.15 with
	// momentum 0.9), more where they have grown.
	growth float64
	// cosine is that of the angle between the two sums of D: positive where U
	// taught what the others did, negative where it taught against them; part is U's
	// share of Σ ‖α̃‖. NaN where there is nothing to compare.
	cosine, part float64
}

// lastView is how the last step of the run saw its examples.
func (q *request) lastView() nets.View { return q.Run.View(q.Run.Steps - 1) }

// disturb computes the disturbance from at most m examples, fewer where
// that makes no difference.
func (q *request) disturb(alpha *graph.Tensor, m int, r *rand.Rand) (*disturbance, error) {
	all := q.pushed(alpha)
	draw := terms(all)
	return q.sum(alpha, all, draw, max(draw.quieter(quiet, m), min(fewest, m)), r)
}

// sum computes the disturbance from m examples.
func (q *request) sum(alpha *graph.Tensor, all []pushed, draw *bySize, m int, r *rand.Rand) (*disturbance, error) {
	k := alpha.Shape()[1]
	drawn, weights := draw.draw(m, r)
	d := &disturbance{sum: q.model.NewVector(), used: len(drawn), noise: stratified * draw.noise(m), growth: 1}
	// One sum of U and one of the others, for D and for the growth.
	var sums [2]*graph.Tensor
	for g := range sums {
		var ids []int
		var cotangents []float64
		for j, at := range drawn {
			if p := all[at]; p.group[0] == g {
				ids = append(ids, p.id)
				for c := range k {
					cotangents = append(cotangents, weights[j]*p.factor*alpha.At(p.id*k+c))
				}
			}
		}
		if sums[g] = q.model.NewVector(); len(ids) > 0 {
			if err := q.model.VJP(q.lastView(), q.Run.Params, q.Run.Data, ids, cotangents, sums[g]); err != nil {
				return nil, err
			}
		}
	}
	way := q.way()
	if length := dot(way, way); length > 0 {
		d.growth = (dot(sums[0], way) + dot(sums[1], way)) / length
	}
	kappa := q.kappa()
	var gone, kept float64
	for _, p := range all {
		if p.group[0] == 0 {
			gone += p.size
		} else {
			kept += p.size / kappa
		}
	}
	d.part = gone / (gone + kept)
	d.cosine = dot(sums[0], sums[1]) / (norm(sums[0]) * norm(sums[1]))
	combine(d.sum, 1, sums[0], -kappa, sums[1])
	return d, nil
}

// way returns what weight decay left of w_0, less w_T: Σ J_iᵀ α_i as the run
// summed it.
func (q *request) way() *graph.Tensor {
	cfg, left := q.Run.Config, 1.0
	for t := range q.Run.Steps {
		left *= 1 - cfg.WeightDecay*q.rate(t)/(1-cfg.Momentum)
	}
	way := q.model.NewVector()
	combine(way, left, q.Run.Initial, -1, q.Run.Params)
	return way
}

// kappa is by how much a retained example weighs more in retraining: |U| over
// the number of the others, of those that the run has visited.
func (q *request) kappa() float64 {
	u, n := q.Forget.Len(), q.Run.Order.Len()
	if q.Run.Steps < q.Run.Order.StepsPerEpoch() {
		seen := q.Run.Order.Epoch(0)[:q.Run.Order.Cuts(0)[q.Run.Steps]]
		u, n = q.Forget.Count(seen), len(seen)
	}
	return float64(u) / float64(max(n-u, 1))
}

// pushed is an example in the sum of the disturbances.
type pushed struct {
	id     int
	group  [3]int  // whether it is retained, its label, the class it was pushed away from most
	factor float64 // of its push, by emphasis
	size   float64 // of its term in D
}

// terms returns what draws samples of a list by the size of its terms in D.
func terms(all []pushed) *bySize {
	sizes := make([]float64, len(all))
	for j, p := range all {
		sizes[j] = p.size
	}
	return newBySize(sizes)
}

// pushed lists all examples, sorted so that a systematic sample is stratified:
// what examples of a group have in common cancels in the sum, and is kept from
// turning into noise.
func (q *request) pushed(alpha *graph.Tensor) []pushed {
	n, k := alpha.Shape()[0], alpha.Shape()[1]
	all := make([]pushed, n)
	var before, after float64
	for i := range all {
		p := pushed{id: i, group: [3]int{0, int(q.Run.Data.Y[i]), 0}}
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
	if after == 0 { // a run that learned nothing
		return all
	}
	kept := before / after // the sum of all sizes stays what it was
	for i := range all {
		all[i].factor *= kept
		all[i].size *= kept
	}
	kappa := q.kappa()
	for _, i := range q.retained {
		all[i].group[0] = 1
		all[i].size *= kappa
	}
	slices.SortFunc(all, func(a, b pushed) int {
		return cmp.Or(slices.Compare(a.group[:], b.group[:]), cmp.Compare(a.size, b.size), a.id-b.id)
	})
	return all
}
