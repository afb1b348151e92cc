// Package vector computes with flat parameter vectors, each number of which is
// rounded once to the vector's own type.
package vector

import (
	"math"

	"github.com/miniunlearn/miniunlearn/graph"
	"github.com/miniunlearn/miniunlearn/internal/kernel"
)

// Combine sets out to a·x + b·y.
func Combine(out *graph.Tensor, a float64, x *graph.Tensor, b float64, y *graph.Tensor) {
	if o := out.Float32s(); o != nil {
		kernel.Lin2(o, float32(a), x.Float32s(), float32(b), y.Float32s())
	} else {
		kernel.Lin2(out.Float64s(), a, x.Float64s(), b, y.Float64s())
	}
}

// AddScaled adds c·x to sum.
func AddScaled(sum *graph.Tensor, c float64, x *graph.Tensor) { Combine(sum, 1, sum, c, x) }

// Mix sets out to (1−c)·a + c·b, which is a for c = 0.
func Mix(out, a, b *graph.Tensor, c float64) {
	for i := range out.Len() {
		x := a.At(i)
		out.Set(i, x+c*(b.At(i)-x))
	}
}

// Dot returns a·b.
func Dot(a, b *graph.Tensor) float64 {
	a, b = a.ForReading(), b.ForReading()
	if x := a.Float32s(); x != nil {
		return kernel.Dot(x, b.Float32s())
	}
	return kernel.Dot(a.Float64s(), b.Float64s())
}

// Norm returns ‖a‖.
func Norm(a *graph.Tensor) float64 { return math.Sqrt(Dot(a, a)) }

// Distance returns ‖a−b‖.
func Distance(a, b *graph.Tensor) float64 { return math.Sqrt(squaredDistance(a, b)) }

func squaredDistance(a, b *graph.Tensor) float64 {
	a, b = a.ForReading(), b.ForReading()
	if x := a.Float32s(); x != nil {
		return kernel.SquaredDistance(x, b.Float32s())
	}
	return kernel.SquaredDistance(a.Float64s(), b.Float64s())
}

// Join sets a to share·a + (1−share)·b, and returns the squares of its length and of the
// distance of the two.
func Join(a, b *graph.Tensor, share float64) (square, apart float64) {
	apart = squaredDistance(a, b)
	Combine(a, share, a, 1-share, b)
	return Dot(a, a), apart
}
