package graph

import (
	"fmt"
	"math"

	"github.com/miniunlearn/miniunlearn/internal/kernel"
)

// Act is an activation function. The derivatives of all but GELU are functions
// of their outputs, so that they are fused with the bias and their inputs
// forgotten; GELU is an op of its own, [GELUOp].
type Act uint8

const (
	Identity Act = iota
	ReLU
	Tanh
	GELU
)

// String returns the activation's name.
func (a Act) String() string { return [...]string{"identity", "relu", "tanh", "gelu"}[a] }

// fusable returns an error if op cannot have a as its activation.
func (a Act) fusable(op Op) error {
	if a > Tanh {
		return &OpError{op.String(), "this activation is not a function of its output; apply it by Activate"}
	}
	return nil
}

// BiasOp adds b[c] to channel c and applies Act: [N, C, …], [C] → [N, C, …].
type BiasOp struct{ Act Act }

// Bias returns act(z + b), b being broadcast over every dimension of z but the
// second.
func Bias(z, b *Node, act Act) *Node {
	if act == GELU {
		return gelu(0, Bias(z, b, Identity))
	}
	return Apply(BiasOp{act}, z, b)
}

func (op BiasOp) String() string { return "bias " + op.Act.String() }

// Infer implements Op.
func (op BiasOp) Infer(in []Shape) (Shape, error) {
	if len(in) != 2 || len(in[0]) < 2 || len(in[1]) != 1 || in[0][1] != in[1][0] {
		return nil, &ShapeError{op.String(), in, "z of [N, C, …] and b of [C]"}
	}
	return in[0], op.Act.fusable(op)
}

// Diff implements Op.
func (op BiasOp) Diff(_ []*Node, out, grad *Node) []*Node {
	dz := actGrad(op.Act, out, grad)
	return []*Node{dz, ChannelSum(dz)}
}

// InPlace implements InPlacer.
func (op BiasOp) InPlace() []int { return []int{0} }

// Eval implements Op.
func (op BiasOp) Eval(x *Exec, out *Tensor, in []*Tensor) {
	if out.dt == Float64 {
		evalBias(x, op.Act, out.shape, out.f64, in[0].f64, in[1].f64)
	} else {
		evalBias(x, op.Act, out.shape, out.f32, in[0].f32, in[1].f32)
	}
}

func evalBias[T Float](x *Exec, act Act, shape Shape, out, z, b []T) {
	c := shape[1]
	s := len(z) / (shape[0] * c) // positions per channel
	if s == 1 {
		x.Range(shape[0], max(1, chunk/c), func(lo, hi int) {
			for i := lo; i < hi; i++ {
				addRow(act, out[i*c:(i+1)*c], z[i*c:(i+1)*c], b)
			}
		})
		return
	}
	x.Range(shape[0]*c, max(1, chunk/s), func(lo, hi int) {
		for i := lo; i < hi; i++ {
			addConst(act, out[i*s:(i+1)*s], z[i*s:(i+1)*s], b[i%c])
		}
	})
}

func addRow[T Float](act Act, o, z, b []T) {
	b, o = b[:len(z)], o[:len(z)]
	switch act {
	case ReLU:
		kernel.AddRowReLU(o, z, b)
	case Tanh:
		for i, v := range z {
			o[i] = T(math.Tanh(float64(v + b[i])))
		}
	default:
		for i, v := range z {
			o[i] = v + b[i]
		}
	}
}

func addConst[T Float](act Act, o, z []T, b T) {
	o = o[:len(z)]
	switch act {
	case ReLU:
		kernel.AddReLU(o, z, b)
	case Tanh:
		for i, v := range z {
			o[i] = T(math.Tanh(float64(v + b)))
		}
	default:
		for i, v := range z {
			o[i] = v + b
		}
	}
}

// ActOp applies an activation elementwise.
type ActOp struct{ Act Act }

// Activate returns act(x).
func Activate(act Act, x *Node) *Node {
	switch act {
	case Identity:
		return x
	case GELU:
		return gelu(0, x)
	}
	return Apply(ActOp{act}, x)
}

func (op ActOp) String() string { return "act " + op.Act.String() }

// Infer implements Op.
func (op ActOp) Infer(in []Shape) (Shape, error) { return in[0], op.Act.fusable(op) }

// Diff implements Op.
func (op ActOp) Diff(_ []*Node, out, grad *Node) []*Node {
	return []*Node{actGrad(op.Act, out, grad)}
}

// InPlace implements InPlacer.
func (op ActOp) InPlace() []int { return []int{0} }

// Eval implements Op.
func (op ActOp) Eval(x *Exec, out *Tensor, in []*Tensor) {
	if out.dt == Float64 {
		evalAct(x, op.Act, out.f64, in[0].f64)
	} else {
		evalAct(x, op.Act, out.f32, in[0].f32)
	}
}

func evalAct[T Float](x *Exec, act Act, out, in []T) {
	x.Range(len(out), 0, func(lo, hi int) { addConst(act, out[lo:hi], in[lo:hi], 0) })
}

// ActGradOp is the derivative of an activation, written with its output y,
// times g: ReLU g·[y > 0], tanh g·(1 − y²).
type ActGradOp struct{ Act Act }

func actGrad(act Act, y, grad *Node) *Node {
	if act == Identity {
		return grad
	}
	return Apply(ActGradOp{act}, y, grad)
}

func (op ActGradOp) String() string { return "actgrad " + op.Act.String() }

// Infer implements Op.
func (op ActGradOp) Infer(in []Shape) (Shape, error) {
	if len(in) != 2 {
		return nil, &ShapeError{op.String(), in, "y and g"}
	}
	return sameShape(op, in)
}

// Diff implements Op.
func (op ActGradOp) Diff(in []*Node, _, grad *Node) []*Node {
	y, g := in[0], in[1]
	var dy *Node // ReLU's slope is constant almost everywhere
	if op.Act == Tanh {
		dy = Scale(-2, Mul(y, Mul(g, grad)))
	}
	return []*Node{dy, actGrad(op.Act, y, grad)}
}

// InPlace implements InPlacer.
func (op ActGradOp) InPlace() []int { return []int{0, 1} }

// Eval implements Op.
func (op ActGradOp) Eval(x *Exec, out *Tensor, in []*Tensor) {
	if out.dt == Float64 {
		evalActGrad(x, op.Act, out.f64, in[0].f64, in[1].f64)
	} else {
		evalActGrad(x, op.Act, out.f32, in[0].f32, in[1].f32)
	}
}

func evalActGrad[T Float](x *Exec, act Act, out, y, g []T) {
	x.Range(len(out), 0, func(lo, hi int) {
		o, y, g := out[lo:hi], y[lo:hi], g[lo:hi]
		if act == Tanh {
			for i, v := range y {
				o[i] = g[i] * (1 - v*v)
			}
			return
		}
		kernel.ReLUGrad(o, y, g)
	})
}

// ChannelSumOp sums over every dimension but the second: [N, C, …] → [C].
type ChannelSumOp struct{}

// ChannelSum returns the sum of each channel of x.
func ChannelSum(x *Node) *Node { return Apply(ChannelSumOp{}, x) }

func (op ChannelSumOp) String() string { return "channelsum" }

// Infer implements Op.
func (op ChannelSumOp) Infer(in []Shape) (Shape, error) {
	if len(in) != 1 || len(in[0]) < 2 {
		return nil, &ShapeError{op.String(), in, "one input of [N, C, …]"}
	}
	return Shape{in[0][1]}, nil
}

// Diff implements Op.
func (op ChannelSumOp) Diff(in []*Node, _, grad *Node) []*Node {
	return []*Node{Apply(ChannelFillOp{in[0].shape}, grad)}
}

// Eval implements Op.
func (op ChannelSumOp) Eval(x *Exec, out *Tensor, in []*Tensor) {
	if out.dt == Float64 {
		evalChannelSum(x, in[0].shape, out.f64, in[0].f64)
	} else {
		evalChannelSum(x, in[0].shape, out.f32, in[0].f32)
	}
}

func evalChannelSum[T Float](x *Exec, shape Shape, out, in []T) {
	n, c := shape[0], shape[1]
	s := len(in) / (n * c)
	x.Range(c, channelGrain(n, s), func(lo, hi int) {
		if s == 1 {
			o := out[lo:hi]
			clear(o)
			for i := range n {
				kernel.Add(o, in[i*c+lo:i*c+hi])
			}
			return
		}
		for j := lo; j < hi; j++ {
			t := 0.0
			for i := j * s; i < len(in); i += c * s {
				d, _ := kernel.SumDot(in[i:i+s], in[i:i+s])
				t += d
			}
			out[j] = T(t)
		}
	})
}

// channelGrain is how many channels of n examples with s positions make a task.
func channelGrain(n, s int) int {
	g := max(1, chunk/(n*s))
	if s == 1 {
		return max(16, g) // neighbours share cache lines
	}
	return g
}

// ChannelFillOp repeats b[c] over channel c of Shape [N, C, …]: the adjoint of
// ChannelSumOp.
type ChannelFillOp struct{ Shape Shape }

func (op ChannelFillOp) String() string { return fmt.Sprintf("channelfill %v", []int(op.Shape)) }

// Infer implements Op.
func (op ChannelFillOp) Infer(in []Shape) (Shape, error) {
	if len(in) != 1 || len(in[0]) != 1 || len(op.Shape) < 2 || in[0][0] != op.Shape[1] {
		return nil, &ShapeError{op.String(), in, fmt.Sprintf("a vector of %d numbers", op.Shape[1])}
	}
	return op.Shape, nil
}

// Diff implements Op.
func (op ChannelFillOp) Diff(_ []*Node, _, grad *Node) []*Node { return []*Node{ChannelSum(grad)} }

// Eval implements Op.
func (op ChannelFillOp) Eval(x *Exec, out *Tensor, in []*Tensor) {
	if out.dt == Float64 {
		evalChannelFill(x, op.Shape, out.f64, in[0].f64)
	} else {
		evalChannelFill(x, op.Shape, out.f32, in[0].f32)
	}
}

func evalChannelFill[T Float](x *Exec, shape Shape, out, b []T) {
	c := shape[1]
	s := len(out) / (shape[0] * c)
	x.Range(shape[0]*c, max(1, chunk/s), func(lo, hi int) {
		for i := lo; i < hi; i++ {
			o, v := out[i*s:(i+1)*s], b[i%c]
			for j := range o {
				o[j] = v
			}
		}
	})
}
