package leaks

import (
	"math"
	"slices"

	"github.com/miniunlearn/miniunlearn/data"
	"github.com/miniunlearn/miniunlearn/graph"
)

type tensor = *graph.Tensor

// Leaks returns all of them.
func Leaks() []Leak {
	return slices.Concat(untouched(), mixtures(), retained(), pushed(), dressed(), hidden(), useless(), reused(), elsewhere())
}

// share returns the first share of x.
func share(x []int, s float64) []int { return x[:int(math.Round(s*float64(len(x))))] }

// deviation returns the standard deviation of all features.
func deviation(ds *data.Dataset) float64 {
	mean, square := 0.0, 0.0
	for _, v := range ds.X {
		mean += float64(v) / float64(len(ds.X))
	}
	for _, v := range ds.X {
		square += (float64(v) - mean) * (float64(v) - mean) / float64(len(ds.X))
	}
	return math.Sqrt(square)
}
