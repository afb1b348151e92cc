package graph

import (
	"fmt"
	"math"
	"unsafe"

	"github.com/miniunlearn/miniunlearn/internal/kernel"
)

// NormalizeOp brings each row to mean 0 and variance 1: [R, M] → [R, M],
//
//	x̂ = (x − μ)·r,  r = 1/√(var + Eps)
//
// with the mean μ and the variance (of the row itself: divisor M) of each row.
type NormalizeOp struct{ Eps float64 }

// Normalize returns x with each row brought to mean 0 and variance 1. [GroupNorm]
// and [LayerNorm] are made of it; a row there is what is normalised together.
func Normalize(x *Node, eps float64) *Node { return Apply(NormalizeOp{eps}, x) }

func (op NormalizeOp) String() string { return fmt.Sprintf("normalize %x", op.Eps) }

// Infer implements Op.
func (op NormalizeOp) Infer(in []Shape) (Shape, error) {
	if !(op.Eps > 0) {
		return nil, &OpError{op.String(), "eps must be positive"}
	}
	if len(in) != 1 || len(in[0]) != 2 {
		return nil, &ShapeError{op.String(), in, "one matrix, a row for what is normalised together"}
	}
	return in[0], nil
}

// Diff implements Op.
func (op NormalizeOp) Diff(in []*Node, out, grad *Node) []*Node {
	return []*Node{Apply(NormalizeGradOp{}, out, Apply(InvStdOp(op), in[0]), grad)}
}

// InPlace implements InPlacer.
func (op NormalizeOp) InPlace() []int { return []int{0} }

// Eval implements Op.
func (op NormalizeOp) Eval(x *Exec, out *Tensor, in []*Tensor) {
	if out.dt == Float64 {
		evalNormalize(x, op.Eps, out.shape, out.f64, in[0].f64)
	} else {
		evalNormalize(x, op.Eps, out.shape, out.f32, in[0].f32)
	}
}

func evalNormalize[T Float](x *Exec, eps float64, shape Shape, out, in []T) {
	m := shape[1]
	x.Range(shape[0], max(1, chunk/m), func(lo, hi int) {
		for i := lo; i < hi; i++ {
			row, o := in[i*m:(i+1)*m], out[i*m:(i+1)*m]
			mean, r := moments(row, eps)
			kernel.Affine(o, row, 1, T(-mean)) // first, or large means would cost digits
			kernel.Affine(o, o, T(r), 0)
		}
	})
}

// moments returns the mean of x and 1/√(var + eps).
func moments[T Float](x []T, eps float64) (mean, invStd float64) {
	n := float64(len(x))
	sum, squares := kernel.SumDot(x, x)
	mean = sum / n
	variance := squares/n - mean*mean
	// In float64 float32 numbers cannot cancel by enough to matter; for others
	// the variance is taken about the mean.
	if unsafe.Sizeof(x[0]) == 8 {
		squares = 0
		for _, v := range x {
			d := float64(v) - mean
			squares += d * d
		}
		variance = squares / n
	}
	return mean, 1 / math.Sqrt(max(variance, 0)+eps)
}

// InvStdOp is r = 1/√(var + Eps) of each row: [R, M] → [R].
type InvStdOp struct{ Eps float64 }

func (op InvStdOp) String() string { return fmt.Sprintf("invstd %x", op.Eps) }

// Infer implements Op.
func (op InvStdOp) Infer(in []Shape) (Shape, error) {
	if _, err := NormalizeOp(op).Infer(in); err != nil {
		return nil, err
	}
	return in[0][:1], nil
}

// Diff implements Op: ∂r/∂x = −r²·x̂/M.
func (op InvStdOp) Diff(in []*Node, r, grad *Node) []*Node {
	s := Scale(-1/float64(in[0].shape[1]), Mul(grad, Mul(r, r)))
	return []*Node{RowScale(s, Normalize(in[0], op.Eps))}
}

// Eval implements Op.
func (op InvStdOp) Eval(x *Exec, out *Tensor, in []*Tensor) {
	if out.dt == Float64 {
		evalInvStd(x, op.Eps, in[0].shape, out.f64, in[0].f64)
	} else {
		evalInvStd(x, op.Eps, in[0].shape, out.f32, in[0].f32)
	}
}

func evalInvStd[T Float](x *Exec, eps float64, shape Shape, out, in []T) {
	m := shape[1]
	x.Range(shape[0], max(1, chunk/m), func(lo, hi int) {
		for i := lo; i < hi; i++ {
			_, r := moments(in[i*m:(i+1)*m], eps)
			out[i] = T(r)
		}
	})
}

// NormalizeGradOp is the derivative of NormalizeOp, written with its output x̂
// and with r, times g: row by row
//
//	r·(g − mean(g) − x̂·mean(g∘x̂)),
//
// for x̂ of [R, M], r of [R] and g of [R, M].
type NormalizeGradOp struct{}

func (op NormalizeGradOp) String() string { return "normalizegrad" }

// Infer implements Op.
func (op NormalizeGradOp) Infer(in []Shape) (Shape, error) {
	if len(in) != 3 || len(in[0]) != 2 || len(in[1]) != 1 || in[1][0] != in[0][0] {
		return nil, &ShapeError{op.String(), in, "a matrix [R, M], numbers [R] and a gradient [R, M]"}
	}
	return sameShape(op, []Shape{in[0], in[2]})
}

// Diff implements Op. The op is linear in r, self-adjoint in g, and quadratic
// in x̂: the term r/M·(u·x̂)(g·x̂) of its product with u is that of rank one.
func (op NormalizeGradOp) Diff(in []*Node, _, u *Node) []*Node {
	xhat, r, g := in[0], in[1], in[2]
	scaled := Scale(-1/float64(xhat.shape[1]), r)
	dxhat := Add(
		RowScale(Mul(scaled, RowDot(g, xhat)), u),
		RowScale(Mul(scaled, RowDot(u, xhat)), g),
	)
	dr := RowDot(u, Apply(op, xhat, Fill(r, 1), g))
	return []*Node{dxhat, dr, Apply(op, xhat, r, u)}
}

// InPlace implements InPlacer.
func (op NormalizeGradOp) InPlace() []int { return []int{0, 2} }

// Eval implements Op.
func (op NormalizeGradOp) Eval(x *Exec, out *Tensor, in []*Tensor) {
	if out.dt == Float64 {
		evalNormalizeGrad(x, out.shape, out.f64, in[0].f64, in[1].f64, in[2].f64)
	} else {
		evalNormalizeGrad(x, out.shape, out.f32, in[0].f32, in[1].f32, in[2].f32)
	}
}

func evalNormalizeGrad[T Float](x *Exec, shape Shape, out, xhat, r, g []T) {
	m := shape[1]
	x.Range(shape[0], max(1, chunk/m), func(lo, hi int) {
		for i := lo; i < hi; i++ {
			h, g, o := xhat[i*m:(i+1)*m], g[i*m:(i+1)*m], out[i*m:(i+1)*m]
			sum, dot := kernel.SumDot(g, h)
			c := float64(r[i])
			kernel.Lin2(o, T(c), g, T(-c*dot/float64(m)), h)
			kernel.Affine(o, o, 1, T(-c*sum/float64(m)))
		}
	})
}
