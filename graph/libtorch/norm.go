//go:build libtorch

package libtorch

import (
	"github.com/sugarme/gotch/libtch"

	"github.com/miniunlearn/miniunlearn/graph"
)

// deviations names the slot of 1/√(var + eps) of each row of a matrix.
type deviations struct {
	rows *graph.Node
	eps  float64
}

func (c *compiler) normalize(rows *graph.Node, eps float64) kernel {
	slot, m := c.slot(deviations{rows, eps}), rows.Shape()[1]
	return func(x *exec, in []tensor) tensor { return layerNorm(x, in[0], m, eps, slot) }
}

// layerNorm normalises rows of m numbers and fills the slot.
func layerNorm(x *exec, rows tensor, m int, eps float64, slot int) tensor {
	if x.err != nil {
		return nil
	}
	libtch.AtgNativeLayerNorm(&x.ret[0], rows, []int64{int64(m)}, 1, nil, nil, eps)
	r := x.take()
	x.more(1) // the means
	free(x.slots[slot])
	x.slots[slot] = x.keep(x.more(2))
	return r
}

func (c *compiler) invStd(rows *graph.Node, eps float64) kernel {
	slot := c.slot(deviations{rows, eps})
	n, m := int64(rows.Shape()[0]), rows.Shape()[1]
	return func(x *exec, in []tensor) tensor {
		if x.slots[slot] == nil {
			layerNorm(x, in[0], m, eps, slot)
		}
		if x.err != nil {
			return nil
		}
		return x.spread(x.reshape(x.slots[slot], n), []int64{n})
	}
}

func normalizeGrad(in graph.Shape) kernel {
	n := int64(in[0])
	return func(x *exec, in []tensor) tensor {
		return x.mul(x.normGrad(in[0], in[2]), x.reshape(in[1], n, 1), true)
	}
}
