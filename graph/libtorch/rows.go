//go:build libtorch

package libtorch

import (
	"slices"

	"github.com/miniunlearn/miniunlearn/graph"
)

// beside returns the shape in which the numbers of dimension axis of s
// broadcast over s: 1 everywhere else.
func beside(s graph.Shape, axis int) []int64 {
	d := slices.Repeat([]int64{1}, len(s))
	d[axis] = int64(s[axis])
	return d
}

// rowSum adds up each row of the first input, or of its product with the
// second.
func rowSum(in graph.Shape, product bool) kernel {
	rows, m := int64(in[0]), int64(size(in)/in[0])
	return func(x *exec, in []tensor) tensor {
		v := in[0]
		if product {
			v = x.mul(v, in[1], false)
		}
		return x.sum(x.reshape(v, rows, m), 1)
	}
}

// channelSum adds up each channel of the first input, or of its product with
// the second.
func channelSum(in graph.Shape, product bool) kernel {
	n, c := int64(in[0]), int64(in[1])
	m := int64(size(in)) / (n * c)
	return func(x *exec, in []tensor) tensor {
		v := in[0]
		if product {
			v = x.mul(v, in[1], false)
		}
		return x.sum(x.reshape(v, n, c, m), 0, 2)
	}
}

// fill repeats a vector along dimension axis of shape.
func fill(shape graph.Shape, axis int) kernel {
	from, to := beside(shape, axis), dims(shape)
	return func(x *exec, in []tensor) tensor { return x.spread(x.reshape(in[0], from...), to) }
}
