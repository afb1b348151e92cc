package unlearning

import "github.com/miniunlearn/miniunlearn/graph"

// combine sets out to a·x + b·y.
func combine(out *graph.Tensor, a float64, x *graph.Tensor, b float64, y *graph.Tensor) {
	if o := out.Float32s(); o != nil {
		linear(o, float32(a), x.Float32s(), float32(b), y.Float32s())
	} else {
		linear(out.Float64s(), a, x.Float64s(), b, y.Float64s())
	}
}

func linear[T graph.Float](o []T, a T, x []T, b T, y []T) {
	x, y = x[:len(o)], y[:len(o)]
	for i := range o {
		o[i] = a*x[i] + b*y[i]
	}
}

// addScaled adds c·x to sum.
func addScaled(sum *graph.Tensor, c float64, x *graph.Tensor) { combine(sum, 1, sum, c, x) }
