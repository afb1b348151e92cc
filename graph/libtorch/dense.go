//go:build libtorch

package libtorch

import (
	"github.com/sugarme/gotch/libtch"

	"github.com/miniunlearn/miniunlearn/graph"
)

func matMul(op graph.MatMulOp) kernel {
	return func(x *exec, in []tensor) tensor {
		a, b := in[0], in[1]
		if op.TransA {
			a = x.t(a)
		}
		if op.TransB {
			b = x.t(b)
		}
		return x.mm(a, b)
	}
}

func bias(act graph.Act, in graph.Shape) kernel {
	channels := beside(in, 1)
	return func(x *exec, in []tensor) tensor {
		return activate(x, act, x.add(in[0], x.reshape(in[1], channels...), 1, x.over == 0), true)
	}
}

func channelAffine(act graph.Act, in graph.Shape) kernel {
	channels := beside(in, 1)
	return func(x *exec, in []tensor) tensor {
		s, b := x.reshape(in[1], channels...), x.reshape(in[2], channels...)
		if x.over == 0 {
			return activate(x, act, x.add(x.mul(in[0], s, true), b, 1, true), true)
		}
		return activate(x, act, x.addcmul(b, in[0], s, false), true)
	}
}

// activate applies act, over t itself if over.
func activate(x *exec, act graph.Act, t tensor, over bool) tensor {
	switch act {
	case graph.ReLU:
		return x.relu(t, over)
	case graph.Tanh:
		return x.tanh(t, over)
	}
	return t
}

func actGrad(act graph.Act) kernel {
	return func(x *exec, in []tensor) tensor {
		y, g := in[0], in[1]
		if act == graph.Tanh {
			return x.binary(libtch.AtgTanhBackward, g, y)
		}
		if x.err != nil {
			return nil
		}
		zero := libtch.AtsInt(0)
		defer libtch.AtsFree(zero)
		if x.over == 1 {
			libtch.AtgThresholdBackwardGradInput(&x.ret[0], g, g, y, zero)
		} else {
			libtch.AtgThresholdBackward(&x.ret[0], g, y, zero)
		}
		return x.take()
	}
}
