package unlearning

import (
	"fmt"
	"math"

	"gonum.org/v1/gonum/mat"

	"github.com/miniunlearn/miniunlearn/graph"
)

// secants is the limited-memory BFGS matrix B of the last pairs (s, y), in the
// compact form of Byrd, Nocedal and Schnabel (1994):
//
//	B v = σ v − [Y σS] [−D Lᵀ; L σSᵀS]⁻¹ [Yᵀv; σSᵀv],
//
// with σ = yᵀs/sᵀs of the last pair, D the diagonal and L the strictly lower
// part of SᵀY.
type secants struct {
	memory int
	s, y   []*graph.Tensor
	inner  *mat.LU
	sigma  float64
}

// minSigma keeps B definite where a pair shows almost no curvature.
const minSigma = 1e-3

// push adds a pair, which it keeps and scales, and reports whether it was taken:
// pairs without positive curvature along s would make B indefinite. B is the same
// for every length of s; lengths near 1 keep the inner matrix well conditioned
// where a run grows. Powers of two round nothing.
func (b *secants) push(s, y *graph.Tensor) bool {
	if !(dot(s, y) > 1e-10*dot(s, s)) {
		return false
	}
	_, exponent := math.Frexp(norm(s))
	scale := math.Ldexp(1, min(-exponent, 100))
	combine(s, scale, s, 0, s)
	combine(y, scale, y, 0, y)
	b.s, b.y = append(b.s, s), append(b.y, y)
	if k := len(b.s) - b.memory; k > 0 {
		b.s, b.y = b.s[k:], b.y[k:]
	}
	k := len(b.s)
	b.sigma = max(dot(b.s[k-1], b.y[k-1])/dot(b.s[k-1], b.s[k-1]), minSigma)
	m := mat.NewDense(2*k, 2*k, nil)
	for i := range k {
		m.Set(i, i, -dot(b.s[i], b.y[i]))
		for j := range k {
			m.Set(k+i, k+j, b.sigma*dot(b.s[i], b.s[j]))
			if j < i {
				l := dot(b.s[i], b.y[j])
				m.Set(k+i, j, l)
				m.Set(j, k+i, l)
			}
		}
	}
	b.inner = new(mat.LU)
	b.inner.Factorize(m)
	return true
}

// product sets out to B v; without pairs B is zero.
func (b *secants) product(v, out *graph.Tensor) error {
	out.Zero()
	k := len(b.s)
	if k == 0 {
		return nil
	}
	rhs := mat.NewVecDense(2*k, nil)
	for i := range k {
		rhs.SetVec(i, dot(b.y[i], v))
		rhs.SetVec(k+i, b.sigma*dot(b.s[i], v))
	}
	var x mat.VecDense
	if err := b.inner.SolveVecTo(&x, false, rhs); err != nil {
		return fmt.Errorf("L-BFGS: the pairs are linearly dependent: %w", err)
	}
	addScaled(out, b.sigma, v)
	for i := range k {
		addScaled(out, -x.AtVec(i), b.y[i])
		addScaled(out, -b.sigma*x.AtVec(k+i), b.s[i])
	}
	return nil
}

// LBFGS is quasi-Newton curvature: every Period-th step computes the exact
// difference of gradients, which is also a new pair, and the steps between
// take the product with the L-BFGS matrix; until there is a pair every step is
// exact. Pairs without positive curvature are rejected, and products longer than
// Trust times the longest exact one, relative to ‖d‖, are shortened; both are
// counted among the guards.
type LBFGS struct {
	Memory int     // pairs; 0 means 2
	Period int     // 0 means 5
	Warm   int     // exact steps at first; 0 means 10
	Trust  float64 // 0 means 2
}

func (c LBFGS) String() string {
	c = c.withDefaults()
	return fmt.Sprintf("lbfgs:%d:%d:%d", c.Memory, c.Period, c.Warm)
}

func (c LBFGS) withDefaults() LBFGS {
	c.Memory, c.Period = orInt(c.Memory, 2), orInt(c.Period, 5)
	c.Warm = orInt(c.Warm, 10)
	if c.Trust == 0 {
		c.Trust = 2
	}
	return c
}

func orInt(v, def int) int {
	if v == 0 {
		return def
	}
	return v
}

func (c LBFGS) start(q *request) (curve, error) {
	c = c.withDefaults()
	if c.Memory < 0 || c.Period < 0 || c.Warm < 0 || !(c.Trust > 0) {
		return nil, fmt.Errorf("curvature: %+v: all fields must be positive", c)
	}
	b := &secants{memory: c.Memory}
	u, g := q.model.NewVector(), q.model.NewVector()
	region, step := trust{limit: c.Trust}, 0
	return curveFunc(func(pt point, d, keptGrad, h *graph.Tensor) error {
		defer func() { step++ }()
		if step < c.Warm || (step-c.Warm)%c.Period == 0 || len(b.s) == 0 {
			kept, _ := pt.split()
			if err := q.difference(kept, pt, d, keptGrad, u, g, h); err != nil {
				return err
			}
			region.saw(d, h)
			if !b.push(d.Clone(), h.Clone()) {
				q.guards[GuardPairRejected]++
			}
			return nil
		}
		if err := b.product(d, h); err != nil {
			return err
		}
		if region.shorten(d, h) {
			q.guards[GuardProductShortened]++
		}
		return nil
	}), nil
}
