package contraction

import (
	"math"

	"github.com/miniunlearn/miniunlearn/graph"
)

// MeanErrors returns for every example the mean a over a run of so much learning
// time of the probability that it did not give to the label: each visit moves the
// label's logit by it, and the others together by as much. Examples that were not
// visited have 0. All visits are taken to weigh alike, and weight decay to leave
// logit gradients alone. In runs of one epoch, with a small last batch or decayed by
// half, it is an estimate to a factor of two or so.
func MeanErrors(alpha *graph.Tensor, time float64) []float64 {
	n, k := alpha.Shape()[0], alpha.Shape()[1]
	errors := make([]float64, n)
	var visited float64
	for i := range n {
		var size float64
		for c := range k {
			size += math.Abs(alpha.At(i*k + c))
		}
		if size > 0 {
			errors[i] = size / 2 / time
			visited++
		}
	}
	for i := range errors {
		errors[i] *= visited // the time is shared by all
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
