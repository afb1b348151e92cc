//go:build libtorch

package libtorch

import (
	"slices"

	"github.com/sugarme/gotch/libtch"

	"github.com/miniunlearn/miniunlearn/graph"
)

func view(off int, shape graph.Shape) kernel {
	d := dims(shape)
	return func(x *exec, in []tensor) tensor { return x.view(in[0], off, d) }
}

// pack joins parts and, where they leave gaps, zeros.
func pack(op graph.PackOp, parts []*graph.Node) kernel {
	order, covered := make([]int, len(parts)), 0
	for i, p := range parts {
		order[i] = i
		covered += size(p.Shape())
	}
	slices.SortFunc(order, func(a, b int) int { return op.Offs[a] - op.Offs[b] })
	if covered == op.Len {
		return func(x *exec, in []tensor) tensor {
			flat := make([]tensor, len(in))
			for i, j := range order {
				flat[i] = x.reshape(in[j], int64(size(parts[j].Shape())))
			}
			if x.err != nil {
				return nil
			}
			libtch.AtgCat(&x.ret[0], flat, len(flat), 0)
			return x.take()
		}
	}
	return func(x *exec, in []tensor) tensor {
		out := x.full([]int64{int64(op.Len)}, 0)
		for i, p := range parts {
			x.copy(x.view(out, op.Offs[i], dims(p.Shape())), in[i])
		}
		return out
	}
}

// lin is Σ c[i]·in[i], a pass over the numbers for each term after the first.
func lin(c []float64) kernel {
	return func(x *exec, in []tensor) tensor {
		first, over := x.over, x.over >= 0
		if first < 0 { // a term of factor 1 needs no pass of its own
			first = max(0, slices.Index(c, 1))
		}
		acc := in[first]
		if c[first] != 1 || len(in) == 1 {
			acc, over = x.scale(acc, c[first], over), true
		}
		for i, t := range in {
			if i != first {
				acc, over = x.add(acc, t, c[i], over), true
			}
		}
		return acc
	}
}

// addScaled is y + s·x. On the CPU, where s is at hand, the addition with a
// factor is several times faster than a product with a broadcast scalar.
func addScaled(x *exec, in []tensor) tensor {
	over := x.over
	if x.dev < 0 {
		s := x.item(in[1])
		if over == 2 {
			return x.add(x.scale(in[2], s, true), in[0], 1, true)
		}
		return x.add(in[0], in[2], s, over == 0)
	}
	return x.addcmul(in[0], in[1], in[2], over == 0)
}
