package verdict

import "math"

// gap is the logit gap φ = z_y − log Σ_{j≠y} exp z_j.
func gap(z []float32, y int32) float64 {
	top := math.Inf(-1)
	for j, v := range z {
		if j != int(y) {
			top = max(top, float64(v))
		}
	}
	sum := 0.0
	for j, v := range z {
		if j != int(y) {
			sum += math.Exp(float64(v) - top)
		}
	}
	return float64(z[y]) - top - math.Log(sum)
}

// right says whether the first arg max of the logits is the label.
func right(z []float32, y int32) bool {
	best := 0
	for j, v := range z {
		if v > z[best] {
			best = j
		}
	}
	return best == int(y)
}

// clamp keeps a standardised value from deciding a mean alone.
func clamp(v, limit float64) float64 { return min(max(v, -limit), limit) }

// spread holds the standard deviations of single examples, each shrunk towards
// that of all as if prior more models had it.
type spread struct {
	squares []float64
	dof     []int
	pooled  float64
}

const prior = 4

func newSpread(n int) *spread { return &spread{squares: make([]float64, n), dof: make([]int, n)} }

// finish pools; it must be called once, after all squares are in.
func (s *spread) finish() {
	sum, dof := 0.0, 0
	for i, q := range s.squares {
		sum += q
		dof += s.dof[i]
	}
	if dof > 0 {
		s.pooled = sum / float64(dof)
	}
}

// of returns the deviation of example i, 0 if nothing varied.
func (s *spread) of(i int) float64 {
	return math.Sqrt((prior*s.pooled + s.squares[i]) / float64(prior+s.dof[i]))
}

// over divides, and gives 0 for a difference that does not exist where nothing
// varies, a large one for one that does.
func over(v, sd float64) float64 {
	switch {
	case v == 0:
		return 0
	case sd == 0:
		return math.Copysign(math.MaxFloat32, v)
	}
	return v / sd
}
