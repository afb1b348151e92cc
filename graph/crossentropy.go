package graph

import (
	"math"
)

// CrossEntropyOp is the loss of each example, log Σ_j exp z_j − z_y, from
// logits [N, K] and classes [N] kept as floats: → [N]. It is finite for any
// finite logits.
type CrossEntropyOp struct{}

// CrossEntropy returns the loss of each example; Dot it with weights c_i to
// get the weighted loss, so that a mean over kept examples is exact.
func CrossEntropy(z, y *Node) *Node { return Apply(CrossEntropyOp{}, z, y) }

func (op CrossEntropyOp) String() string { return "crossentropy" }

// Infer implements Op.
func (op CrossEntropyOp) Infer(in []Shape) (Shape, error) {
	if len(in) != 2 || len(in[0]) != 2 || len(in[1]) != 1 || in[0][0] != in[1][0] {
		return nil, &ShapeError{op.String(), in, "logits of [N, K] and classes of [N]"}
	}
	return in[1], nil
}

// Diff implements Op.
func (op CrossEntropyOp) Diff(in []*Node, _, grad *Node) []*Node {
	return []*Node{Apply(CrossEntropyGradOp{}, in[0], in[1], grad), nil}
}

// Eval implements Op.
func (op CrossEntropyOp) Eval(x *Exec, out *Tensor, in []*Tensor) {
	k := in[0].shape[1]
	if out.dt == Float64 {
		evalCrossEntropy(x, out.f64, in[0].f64, in[1].f64, k)
	} else {
		evalCrossEntropy(x, out.f32, in[0].f32, in[1].f32, k)
	}
}

func evalCrossEntropy[T Float](x *Exec, out, z, y []T, k int) {
	x.Range(len(out), rowGrain(k), func(lo, hi int) {
		for i := lo; i < hi; i++ {
			r := z[i*k : (i+1)*k]
			m, s := float64(maxOf(r)), 0.0
			for _, v := range r {
				s += math.Exp(float64(v) - m)
			}
			out[i] = T(m - float64(r[int(y[i])]) + math.Log(s))
		}
	})
}

// CrossEntropyGradOp is (softmax(z_i) − e_{y_i})·g_i: [N, K], [N], [N] → [N, K].
type CrossEntropyGradOp struct{}

func (op CrossEntropyGradOp) String() string { return "crossentropygrad" }

// Infer implements Op.
func (op CrossEntropyGradOp) Infer(in []Shape) (Shape, error) {
	if len(in) != 3 || len(in[0]) != 2 || len(in[1]) != 1 || len(in[2]) != 1 || in[0][0] != in[1][0] || in[0][0] != in[2][0] {
		return nil, &ShapeError{op.String(), in, "logits of [N, K], classes of [N] and weights of [N]"}
	}
	return in[0], nil
}

// Diff implements Op.
func (op CrossEntropyGradOp) Diff(in []*Node, _, grad *Node) []*Node {
	z, y, g := in[0], in[1], in[2]
	p := Softmax(z)
	dg := RowDot(Sub(p, OneHot(y, z.shape[1])), grad)
	return []*Node{softmaxGrad(p, RowScale(g, grad)), nil, dg}
}

// InPlace implements InPlacer.
func (op CrossEntropyGradOp) InPlace() []int { return []int{0} }

// Eval implements Op.
func (op CrossEntropyGradOp) Eval(x *Exec, out *Tensor, in []*Tensor) {
	k := out.shape[1]
	if out.dt == Float64 {
		evalCrossEntropyGrad(x, out.f64, in[0].f64, in[1].f64, in[2].f64, k)
	} else {
		evalCrossEntropyGrad(x, out.f32, in[0].f32, in[1].f32, in[2].f32, k)
	}
}

func evalCrossEntropyGrad[T Float](x *Exec, out, z, y, g []T, k int) {
	x.Range(len(y), rowGrain(k), func(lo, hi int) {
		for i := lo; i < hi; i++ {
			o := out[i*k : (i+1)*k]
			softmaxRow(o, z[i*k:(i+1)*k])
			o[int(y[i])]--
			for j := range o {
				o[j] *= g[i]
			}
		}
	})
}
