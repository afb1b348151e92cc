package graph

import "github.com/miniunlearn/miniunlearn/internal/kernel"

// ChannelScaleOp multiplies channel c by s[c]: [N, C, …], [C] → [N, C, …].
type ChannelScaleOp struct{}

// ChannelScale returns x with channel c multiplied by s[c].
func ChannelScale(x, s *Node) *Node { return Apply(ChannelScaleOp{}, x, s) }

func (op ChannelScaleOp) String() string { return "channelscale" }

// Infer implements Op.
func (op ChannelScaleOp) Infer(in []Shape) (Shape, error) {
	if len(in) != 2 || !hasChannels(in[0], in[1]) {
		return nil, &ShapeError{op.String(), in, "x of [N, C, …] and s of [C]"}
	}
	return in[0], nil
}

// Diff implements Op.
func (op ChannelScaleOp) Diff(in []*Node, _, grad *Node) []*Node {
	return []*Node{ChannelScale(grad, in[1]), ChannelDot(grad, in[0])}
}

// InPlace implements InPlacer.
func (op ChannelScaleOp) InPlace() []int { return []int{0} }

// Eval implements Op.
func (op ChannelScaleOp) Eval(x *Exec, out *Tensor, in []*Tensor) {
	if out.dt == Float64 {
		evalChannelScale(x, out.shape, out.f64, in[0].f64, in[1].f64)
	} else {
		evalChannelScale(x, out.shape, out.f32, in[0].f32, in[1].f32)
	}
}

func evalChannelScale[T Float](x *Exec, shape Shape, out, in, scale []T) {
	c := shape[1]
	s := len(in) / (shape[0] * c)
	if s == 1 {
		x.Range(shape[0], max(1, chunk/c), func(lo, hi int) {
			for i := lo; i < hi; i++ {
				o := out[i*c : (i+1)*c]
				for j, v := range in[i*c : (i+1)*c] {
					o[j] = scale[j] * v
				}
			}
		})
		return
	}
	x.Range(shape[0]*c, max(1, chunk/s), func(lo, hi int) {
		for i := lo; i < hi; i++ {
			kernel.Affine(out[i*s:(i+1)*s], in[i*s:(i+1)*s], scale[i%c], 0)
		}
	})
}

// ChannelDotOp is the inner product of each channel: [N, C, …]² → [C].
type ChannelDotOp struct{}

// ChannelDot returns, for every channel, the inner product of a's and b's
// numbers in it.
func ChannelDot(a, b *Node) *Node { return Apply(ChannelDotOp{}, a, b) }

func (op ChannelDotOp) String() string { return "channeldot" }

// Infer implements Op.
func (op ChannelDotOp) Infer(in []Shape) (Shape, error) {
	if len(in) != 2 || len(in[0]) < 2 {
		return nil, &ShapeError{op.String(), in, "two inputs of [N, C, …]"}
	}
	if _, err := sameShape(op, in); err != nil {
		return nil, err
	}
	return Shape{in[0][1]}, nil
}

// Diff implements Op.
func (op ChannelDotOp) Diff(in []*Node, _, grad *Node) []*Node {
	return []*Node{ChannelScale(in[1], grad), ChannelScale(in[0], grad)}
}

// Eval implements Op.
func (op ChannelDotOp) Eval(x *Exec, out *Tensor, in []*Tensor) {
	if out.dt == Float64 {
		evalChannelDot(x, in[0].shape, out.f64, in[0].f64, in[1].f64)
	} else {
		evalChannelDot(x, in[0].shape, out.f32, in[0].f32, in[1].f32)
	}
}

func evalChannelDot[T Float](x *Exec, shape Shape, out, a, b []T) {
	n, c := shape[0], shape[1]
	s := len(a) / (n * c)
	x.Range(c, channelGrain(n, s), func(lo, hi int) {
		if s == 1 {
			o := out[lo:hi]
			clear(o)
			for i := range n {
				v, w := a[i*c+lo:i*c+hi], b[i*c+lo:i*c+hi]
				for j := range o {
					o[j] += v[j] * w[j]
				}
			}
			return
		}
		for j := lo; j < hi; j++ {
			t := 0.0
			for i := j * s; i < len(a); i += c * s {
				_, d := kernel.SumDot(a[i:i+s], b[i:i+s])
				t += d
			}
			out[j] = T(t)
		}
	})
}
