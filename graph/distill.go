package graph

import (
	"fmt"
	"math"
)

// LogSoftmaxOp is the logarithm of the softmax of each row of [N, K], finite
// for any finite logits.
type LogSoftmaxOp struct{}

// LogSoftmax returns log softmax(z), row by row.
func LogSoftmax(z *Node) *Node { return Apply(LogSoftmaxOp{}, z) }

func (op LogSoftmaxOp) String() string { return "logsoftmax" }

// Infer implements Op.
func (op LogSoftmaxOp) Infer(in []Shape) (Shape, error) {
	if len(in) != 1 || len(in[0]) != 2 {
		return nil, &ShapeError{op.String(), in, "one matrix [N, K]"}
	}
	return in[0], nil
}

// Diff implements Op: g − softmax(z)·Σg, row by row.
func (op LogSoftmaxOp) Diff(in []*Node, _, grad *Node) []*Node {
	return []*Node{Sub(grad, RowScale(RowSum(grad), Softmax(in[0])))}
}

// InPlace implements InPlacer.
func (op LogSoftmaxOp) InPlace() []int { return []int{0} }

// Eval implements Op.
func (op LogSoftmaxOp) Eval(x *Exec, out *Tensor, in []*Tensor) {
	if out.dt == Float64 {
		evalLogSoftmax(x, out.f64, in[0].f64, out.shape[1])
	} else {
		evalLogSoftmax(x, out.f32, in[0].f32, out.shape[1])
	}
}

func evalLogSoftmax[T Float](x *Exec, out, z []T, k int) {
	x.Range(len(z)/k, rowGrain(k), func(lo, hi int) {
		for i := lo * k; i < hi*k; i += k {
			m, s := float64(maxOf(z[i:i+k])), 0.0
			for _, v := range z[i : i+k] {
				s += math.Exp(float64(v) - m)
			}
			l := math.Log(s)
			for j, v := range z[i : i+k] {
				out[i+j] = T(float64(v) - m - l)
			}
		}
	})
}

// SoftCrossEntropy returns the loss −Σ_k t_k·log softmax(z)_k of each example,
// for logits z and target distributions t of [N, K]: → [N].
func SoftCrossEntropy(z, t *Node) *Node { return Scale(-1, RowDot(t, LogSoftmax(z))) }

// KLDistill returns T²·KL(softmax(teacher/T) ‖ softmax(z/T)) of each example,
// in nats, for logits z and teacher of [N, K] and a temperature T: → [N]. The
// factor T² keeps the size of its gradient independent of T (Hinton, Vinyals
// and Dean, Distilling the Knowledge in a Neural Network, 2015).
func KLDistill(z, teacher *Node, temperature float64) *Node {
	if !(temperature > 0) {
		panic(&OpError{"kldistill", fmt.Sprintf("got temperature %g, want a positive one", temperature)})
	}
	zt, tt := Lin([]float64{1 / temperature}, z), Lin([]float64{1 / temperature}, teacher)
	kl := RowDot(Softmax(tt), Sub(LogSoftmax(tt), LogSoftmax(zt)))
	return Lin([]float64{temperature * temperature}, kl)
}
