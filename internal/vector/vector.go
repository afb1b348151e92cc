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
		return dot(x, b.Float32s())
	}
	return dot(a.Float64s(), b.Float64s())
}

func dot[T float32 | float64](a, b []T) (s float64) {
	for i, x := range a {
		s += float64(x) * float64(b[i])
	}
	return s
}

// Norm returns ‖a‖.
func Norm(a *graph.Tensor) float64 { return math.Sqrt(Dot(a, a)) }

// Longer reports whether ‖a‖ is more than a length. It adds up four sums side by side, which is
// four times as fast as Norm, whose additions wait for each other; its last bits are others.
func Longer(a *graph.Tensor, length float64) bool {
	a = a.ForReading()
	if x := a.Float32s(); x != nil {
		return math.Sqrt(square(x)) > length
	}
	return math.Sqrt(square(a.Float64s())) > length
}

func square[T float32 | float64](a []T) float64 {
	var s0, s1, s2, s3 float64
	for ; len(a) >= 4; a = a[4:] {
		s0 += float64(a[0]) * float64(a[0])
		s1 += float64(a[1]) * float64(a[1])
		s2 += float64(a[2]) * float64(a[2])
		s3 += float64(a[3]) * float64(a[3])
	}
	for _, x := range a {
		s0 += float64(x) * float64(x)
	}
	return s0 + s1 + s2 + s3
}

// Distance returns ‖a−b‖.
func Distance(a, b *graph.Tensor) float64 {
	a, b = a.ForReading(), b.ForReading()
	if x := a.Float32s(); x != nil {
		return math.Sqrt(squaredDistance(x, b.Float32s()))
	}
	return math.Sqrt(squaredDistance(a.Float64s(), b.Float64s()))
}

func squaredDistance[T float32 | float64](a, b []T) (s float64) {
	for i, x := range a {
		d := float64(x) - float64(b[i])
		s += d * d
	}
	return s
}

// Join sets a to share·a + (1−share)·b, and returns the squares of its length and of the
// distance of the two.
func Join(a, b *graph.Tensor, share float64) (square, apart float64) {
	if x := a.Float32s(); x != nil {
		return join(x, b.Float32s(), share)
	}
	return join(a.Float64s(), b.Float64s(), share)
}

// join adds in four lanes, since every sum waits for the one before.
func join[T float32 | float64](a, b []T, share float64) (square, apart float64) {
	const lanes = 4
	var squares, aparts [lanes]float64
	for i, v := range a {
		x, y := float64(v), float64(b[i])
		a[i] = T(share*x + (1-share)*y)
		squares[i%lanes] += float64(a[i]) * float64(a[i])
		aparts[i%lanes] += (x - y) * (x - y)
	}
	for l := range lanes {
		square, apart = square+squares[l], apart+aparts[l]
	}
	return square, apart
}
