package unlearning

import "github.com/miniunlearn/miniunlearn/nets"

// Window says which recorded steps disturb. The zero value is all of them.
type Window struct {
	// Last keeps the steps that make up the last share of the learning time
	// Σ η_t; 0 means all. Steps before them are not visited at all.
	Last float64
	// Every keeps the disturbances of every s-th epoch, from the first on, and
	// those of the last epoch; 0 and 1 mean all epochs. Between kept epochs
	// the disturbance is interpolated in learning time, from the epochs'
	// means. Whole epochs are kept because the disturbance of a step is mostly
	// sampling noise, which cancels over an epoch.
	Every int
	// Hold keeps the mean of a kept epoch until the next one instead of
	// interpolating.
	Hold bool
}

// first returns the first step of the window.
func (w Window) first(run *nets.Run) int {
	if w.Last <= 0 || w.Last >= 1 {
		return 0
	}
	var total float64
	for t := range run.Steps {
		total += run.Config.LR.Rate(t, run.Steps)
	}
	var tail float64
	for t := run.Steps - 1; t >= 0; t-- {
		if tail += run.Config.LR.Rate(t, run.Steps); tail > w.Last*total {
			return t + 1
		}
	}
	return 0
}

// keeps reports whether the disturbances of an epoch are computed.
func (w Window) keeps(epoch, epochs int) bool {
	return w.Every <= 1 || epoch%w.Every == 0 || epoch == epochs-1
}
