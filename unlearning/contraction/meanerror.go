package contraction

import (
	"math"

	"github.com/miniunlearn/miniunlearn/graph"
)

// MeanErrors returns for every example the mean over the run of the probability a that
// it did not give to the label, from its logit gradients and the learning time that
// these count for, history.LogitTimes: they move the label's logit by a, and the others
// together by as much. Examples that were not visited have 0.
func MeanErrors(alpha *graph.Tensor, times []float64) []float64 {
	n, k := alpha.Shape()[0], alpha.Shape()[1]
	errors := make([]float64, n)
	for i := range n {
		var size float64
		for c := range k {
			size += math.Abs(alpha.At(i*k + c))
		}
		if times[i] > 0 {
			errors[i] = size / 2 / times[i]
		}
	}
	return errors
}

// LogitCurvature returns the mean of a(1−a) over the examples that a run visited:
// the curvature of the softmax cross-entropy along the label's logit, where an
// example gives a to other labels.
func LogitCurvature(meanErrors []float64) float64 {
	var sum, visited float64
	for _, a := range meanErrors {
		if a > 0 {
			sum += a * max(0, 1-a)
			visited++
		}
	}
	return sum / max(1, visited)
}
