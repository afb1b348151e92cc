package graph

import "github.com/miniunlearn/miniunlearn/internal/kernel"

// ChannelAffineOp is act(s[c]·x + b[c]) in channel c: [N, C, …], [C], [C] →
// [N, C, …].
type ChannelAffineOp struct{ Act Act }

// ChannelAffine returns act(s·x + b), s and b being broadcast over every
// dimension of x but the second.
func ChannelAffine(x, s, b *Node, act Act) *Node {
	if act == GELU {
		return gelu(0, ChannelAffine(x, s, b, Identity))
	}
	return Apply(ChannelAffineOp{act}, x, s, b)
}

func (op ChannelAffineOp) String() string { return "channelaffine " + op.Act.String() }

// Infer implements Op.
func (op ChannelAffineOp) Infer(in []Shape) (Shape, error) {
	if len(in) != 3 || !hasChannels(in[0], in[1]) || !hasChannels(in[0], in[2]) {
		return nil, &ShapeError{op.String(), in, "x of [N, C, …], s of [C] and b of [C]"}
	}
	return in[0], op.Act.fusable(op)
}

func hasChannels(x, c Shape) bool { return len(x) >= 2 && len(c) == 1 && x[1] == c[0] }

// Diff implements Op.
func (op ChannelAffineOp) Diff(in []*Node, out, grad *Node) []*Node {
	dz := actGrad(op.Act, out, grad)
	return []*Node{ChannelScale(dz, in[1]), ChannelDot(dz, in[0]), ChannelSum(dz)}
}

// InPlace implements InPlacer.
func (op ChannelAffineOp) InPlace() []int { return []int{0} }

// Eval implements Op.
func (op ChannelAffineOp) Eval(x *Exec, out *Tensor, in []*Tensor) {
	if out.dt == Float64 {
		evalChannelAffine(x, op.Act, out.shape, out.f64, in[0].f64, in[1].f64, in[2].f64)
	} else {
		evalChannelAffine(x, op.Act, out.shape, out.f32, in[0].f32, in[1].f32, in[2].f32)
	}
}

func evalChannelAffine[T Float](x *Exec, act Act, shape Shape, out, in, scale, shift []T) {
	c := shape[1]
	s := len(in) / (shape[0] * c) // positions per channel
	if s == 1 {
		x.Range(shape[0], max(1, chunk/c), func(lo, hi int) {
			for i := lo; i < hi; i++ {
				o := out[i*c : (i+1)*c]
				for j, v := range in[i*c : (i+1)*c] {
					o[j] = scale[j]*v + shift[j]
				}
				activate(act, o)
			}
		})
		return
	}
	x.Range(shape[0]*c, max(1, chunk/s), func(lo, hi int) {
		for i := lo; i < hi; i++ {
			o := out[i*s : (i+1)*s]
			kernel.Affine(o, in[i*s:(i+1)*s], scale[i%c], shift[i%c])
			activate(act, o)
		}
	})
}

// activate applies act in place.
func activate[T Float](act Act, o []T) {
	if act != Identity {
		addConst(act, o, o, 0)
	}
}
