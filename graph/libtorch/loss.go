//go:build libtorch

package libtorch

import (
	"github.com/sugarme/gotch/libtch"

	"github.com/miniunlearn/miniunlearn/graph"
)

const kindInt64 = 4

func softmax(x *exec, in []tensor) tensor {
	if x.err != nil {
		return nil
	}
	libtch.AtgSoftmax(&x.ret[0], in[0], 1, x.kind)
	return x.take()
}

func logSoftmax(x *exec, in []tensor) tensor {
	if x.err != nil {
		return nil
	}
	libtch.AtgLogSoftmax(&x.ret[0], in[0], 1, x.kind)
	return x.take()
}

// crossEntropy is −log softmax(z)[y]. A class outside the logits is an error
// here, of gather's.
func crossEntropy(x *exec, in []tensor) tensor {
	logs, y := logSoftmax(x, in), x.to(in[1], kindInt64)
	if x.err != nil {
		return nil
	}
	libtch.AtgUnsqueeze(&x.ret[0], y, 1)
	index := x.take()
	if x.err != nil {
		return nil
	}
	libtch.AtgGather(&x.ret[0], logs, 1, index, 0)
	return x.scale(x.sum(x.take(), 1), -1, true)
}

// oneHot compares the classes with 0, 1, …; writing ones at their places would
// need indices, and libtorch's scatter is not deterministic on every device.
func (c *compiler) oneHot(k int, shape graph.Shape) kernel {
	numbers := c.numbers(k)
	n, d := int64(shape[0]), dims(shape)
	return func(x *exec, in []tensor) tensor {
		out, y, all := x.empty(d), x.reshape(in[0], n, 1), x.consts[numbers]
		if x.err != nil {
			return nil
		}
		libtch.AtgEqTensorOut(&x.ret[0], out, y, all)
		return x.take()
	}
}

// crossEntropyGrad is (softmax(z) − onehot(y))·g.
func (c *compiler) crossEntropyGrad(shape graph.Shape) kernel {
	hot, n := c.oneHot(shape[1], shape), int64(shape[0])
	return func(x *exec, in []tensor) tensor {
		d := x.add(softmax(x, in), hot(x, in[1:]), -1, true)
		return x.mul(d, x.reshape(in[2], n, 1), true)
	}
}
