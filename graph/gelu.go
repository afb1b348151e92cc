package graph

import (
	"fmt"
	"math"
)

// GELUOp is the derivative of order Order of the GELU, x·Φ(x), elementwise; Φ
// and φ are the normal distribution function and density. Order 0 is the GELU
// itself, and
//
//	order 1:     Φ(x) + x·φ(x)
//	order n ≥ 2: P_n(x)·φ(x), P_2 = 2 − x², P_{n+1} = P_n′ − x·P_n
type GELUOp struct{ Order int }

func gelu(order int, x *Node) *Node { return Apply(GELUOp{order}, x) }

func (op GELUOp) String() string { return fmt.Sprintf("gelu %d", op.Order) }

// Infer implements Op.
func (op GELUOp) Infer(in []Shape) (Shape, error) {
	if len(in) != 1 {
		return nil, &ShapeError{op.String(), in, "one input"}
	}
	return in[0], nil
}

// Diff implements Op.
func (op GELUOp) Diff(in []*Node, _, grad *Node) []*Node {
	return []*Node{Mul(gelu(op.Order+1, in[0]), grad)}
}

// InPlace implements InPlacer.
func (op GELUOp) InPlace() []int { return []int{0} }

// Eval implements Op.
func (op GELUOp) Eval(x *Exec, out *Tensor, in []*Tensor) {
	if out.dt == Float64 {
		evalGELU(x, op.Order, out.f64, in[0].f64)
	} else {
		evalGELU(x, op.Order, out.f32, in[0].f32)
	}
}

func evalGELU[T Float](x *Exec, order int, out, in []T) {
	f := geluFunc(order)
	x.Range(len(out), chunk/8, func(lo, hi int) {
		o := out[lo:hi]
		for i, v := range in[lo:hi] {
			o[i] = T(f(float64(v)))
		}
	})
}

func geluFunc(order int) func(float64) float64 {
	switch order {
	case 0:
		return func(x float64) float64 { return x * normal(x) }
	case 1:
		return func(x float64) float64 { return normal(x) + math.Max(-geluFar, math.Min(x, geluFar))*density(x) }
	}
	p := geluPoly(order)
	return func(x float64) float64 {
		d := density(x)
		if d == 0 { // the polynomial may overflow there
			return 0
		}
		s := 0.0
		for i := len(p) - 1; i >= 0; i-- {
			s = s*x + p[i]
		}
		return s * d
	}
}

// geluFar is beyond where density is zero: it keeps ∞·0 from becoming NaN.
const geluFar = 40

// geluPoly returns the coefficients of P_n, n ≥ 2, the constant first.
func geluPoly(n int) []float64 {
	p := []float64{2, 0, -1}
	for range n - 2 {
		q := make([]float64, len(p)+1)
		for i, c := range p {
			q[i+1] -= c
			if i > 0 {
				q[i-1] += float64(i) * c
			}
		}
		p = q
	}
	return p
}

// normal is Φ, exact also far to the left, where 1 + erf would cancel.
func normal(x float64) float64 { return 0.5 * math.Erfc(-x/math.Sqrt2) }

func density(x float64) float64 { return math.Exp(-x*x/2) / math.Sqrt(2*math.Pi) }
