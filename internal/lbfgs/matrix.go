// Package lbfgs holds the limited-memory BFGS matrix of pairs of differences, and
// the trust region of its products.
package lbfgs

import (
	"fmt"
	"math"

	"gonum.org/v1/gonum/mat"

	"github.com/miniunlearn/miniunlearn/graph"
	"github.com/miniunlearn/miniunlearn/internal/vector"
)

// Matrix is the limited-memory BFGS matrix B of the last pairs (s, y), in the
// compact form of Byrd, Nocedal and Schnabel (1994):
//
//	B v = σ v − [Y σS] [−D Lᵀ; L σSᵀS]⁻¹ [Yᵀv; σSᵀv],
//
// with σ = yᵀs/sᵀs of the last pair, D the diagonal and L the strictly lower
// part of SᵀY.
type Matrix struct {
	Memory int // pairs that count, the last ones
	s, y   []*graph.Tensor
	inner  *mat.LU
	sigma  float64
}

const (
	// minSigma keeps B definite where a pair shows almost no curvature; the value is
	// that of DeltaGrad's published code.
	minSigma = 1e-3
	// leastCurvature along a pair, yᵀs/sᵀs, that rounding does not make.
	leastCurvature = 1e-10
)

// Push adds a pair, which it keeps and scales, and reports whether it was taken:
// pairs without positive curvature along s would make B indefinite. B is the same
// for every length of s; lengths near 1 keep the inner matrix well conditioned
// where a run grows. Powers of two round nothing.
func (b *Matrix) Push(s, y *graph.Tensor) bool {
	if !(vector.Dot(s, y) > leastCurvature*vector.Dot(s, s)) {
		return false
	}
	_, exponent := math.Frexp(vector.Norm(s))
	scale := math.Ldexp(1, min(-exponent, 100))
	vector.Combine(s, scale, s, 0, s)
	vector.Combine(y, scale, y, 0, y)
	b.s, b.y = append(b.s, s), append(b.y, y)
	if k := len(b.s) - b.Memory; k > 0 {
		b.s, b.y = b.s[k:], b.y[k:]
	}
	k := len(b.s)
	b.sigma = max(vector.Dot(b.s[k-1], b.y[k-1])/vector.Dot(b.s[k-1], b.s[k-1]), minSigma)
	m := mat.NewDense(2*k, 2*k, nil)
	for i := range k {
		m.Set(i, i, -vector.Dot(b.s[i], b.y[i]))
		for j := range k {
			m.Set(k+i, k+j, b.sigma*vector.Dot(b.s[i], b.s[j]))
			if j < i {
				l := vector.Dot(b.s[i], b.y[j])
				m.Set(k+i, j, l)
				m.Set(j, k+i, l)
			}
		}
	}
	b.inner = new(mat.LU)
	b.inner.Factorize(m)
	return true
}

// Empty reports whether there is no pair: B is zero.
func (b *Matrix) Empty() bool { return len(b.s) == 0 }

// Product sets out to B v; without pairs B is zero.
func (b *Matrix) Product(v, out *graph.Tensor) error {
	out.Zero()
	k := len(b.s)
	if k == 0 {
		return nil
	}
	rhs := mat.NewVecDense(2*k, nil)
	for i := range k {
		rhs.SetVec(i, vector.Dot(b.y[i], v))
		rhs.SetVec(k+i, b.sigma*vector.Dot(b.s[i], v))
	}
	var x mat.VecDense
	if err := b.inner.SolveVecTo(&x, false, rhs); err != nil {
		return fmt.Errorf("L-BFGS: the pairs are linearly dependent: %w", err)
	}
	vector.AddScaled(out, b.sigma, v)
	for i := range k {
		vector.AddScaled(out, -x.AtVec(i), b.y[i])
		vector.AddScaled(out, -b.sigma*x.AtVec(k+i), b.s[i])
	}
	return nil
}
