//go:build libtorch

package libtorch

import "math"

// geluFar is beyond where the normal density is zero even in float64. Powers
// of larger numbers could overflow, and ∞·0 is NaN.
const geluFar = 40

// gelu is the derivative of the given order of x·Φ(x); see graph.GELUOp.
func gelu(order int) kernel {
	switch order {
	case 0:
		return func(x *exec, in []tensor) tensor { return x.gelu(in[0]) }
	case 1:
		return func(x *exec, in []tensor) tensor { return x.geluSlope(x.clamp(in[0], geluFar)) }
	}
	p := geluPoly(order)
	return func(x *exec, in []tensor) tensor {
		v := x.clamp(in[0], geluFar)
		density := x.exp_(x.scale(x.mul(v, v, false), -0.5, true))
		s := x.scale(v, p[len(p)-1], false)
		for i := len(p) - 2; i > 0; i-- {
			s = x.mul(x.addScalar_(s, p[i]), v, true)
		}
		s = x.addScalar_(s, p[0])
		return x.scale(x.mul(s, density, true), 1/math.Sqrt(2*math.Pi), true)
	}
}

// geluPoly returns the coefficients, the constant first, of P_n in P_n(x)·φ(x),
// the derivative of order n ≥ 2: P_2 = 2 − x², P_{n+1} = P_n′ − x·P_n.
func geluPoly(n int) []float64 {
	p := []float64{2, 0, -1}
	for ; n > 2; n-- {
		next := make([]float64, len(p)+1)
		for i := range p {
			next[i+1] -= p[i]
			if i > 0 {
				next[i-1] += float64(i) * p[i]
			}
		}
		p = next
	}
	return p
}
