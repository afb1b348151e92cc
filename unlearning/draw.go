package unlearning

import (
	"math"
	"math/rand/v2"
	"sort"

	"github.com/miniunlearn/miniunlearn/graph"
)

// draw draws examples with probabilities that mix a uniform share and the size
// of their pushes.
type draw struct {
	ids   []int
	size  map[int]float64 // ‖α_i‖₁
	total float64         // Σ ‖α_i‖₁
	even  float64         // uniform share
	sums  []float64       // of densities, running
	r     *rand.Rand
}

func newDraw(ids []int, alpha *graph.Tensor, even float64, r *rand.Rand) *draw {
	d := &draw{ids: ids, size: make(map[int]float64, len(ids)), even: even, r: r}
	k := alpha.Shape()[1]
	for _, i := range ids {
		var size float64
		for c := range k {
			size += math.Abs(alpha.At(i*k + c))
		}
		d.size[i] = size
		d.total += size
	}
	if d.total == 0 { // a run that learned nothing
		d.even = 1
	}
	var sum float64
	for _, i := range ids {
		sum += d.density(i)
		d.sums = append(d.sums, sum)
	}
	return d
}

// density returns n times the probability of an example.
func (d *draw) density(i int) float64 {
	if d.even == 1 {
		return 1
	}
	return d.even + (1-d.even)*d.size[i]*float64(len(d.ids))/d.total
}

// next fills out with a systematic sample: equally spaced points on the
// running sum, from a random one.
func (d *draw) next(out []int) {
	u := d.r.Float64()
	last := d.sums[len(d.sums)-1]
	for j := range out {
		x := (float64(j) + u) / float64(len(out)) * last
		out[j] = d.ids[min(sort.SearchFloat64s(d.sums, x), len(d.ids)-1)]
	}
}
