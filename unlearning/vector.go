package unlearning

import (
	"math"

	"github.com/miniunlearn/miniunlearn/graph"
	"github.com/miniunlearn/miniunlearn/internal/kernel"
)

// combine sets out to a·x + b·y.
func combine(out *graph.Tensor, a float64, x *graph.Tensor, b float64, y *graph.Tensor) {
	if o := out.Float32s(); o != nil {
		kernel.Lin2(o, float32(a), x.Float32s(), float32(b), y.Float32s())
	} else {
		kernel.Lin2(out.Float64s(), a, x.Float64s(), b, y.Float64s())
	}
}

// addScaled adds c·x to sum.
func addScaled(sum *graph.Tensor, c float64, x *graph.Tensor) { combine(sum, 1, sum, c, x) }

// mix sets out to (1−c)·a + c·b.
func mix(out, a, b *graph.Tensor, c float64) {
	for i := range out.Len() {
		x := a.At(i)
		out.Set(i, x+c*(b.At(i)-x))
	}
}

func dot(a, b *graph.Tensor) float64 {
	var s float64
	for i := range a.Len() {
		s += a.At(i) * b.At(i)
	}
	return s
}

func norm(a *graph.Tensor) float64 { return math.Sqrt(dot(a, a)) }
