package contraction

import (
	"fmt"

	"github.com/miniunlearn/miniunlearn/nets"
)

// Window says which recorded steps a contraction visits. The zero value is all
// of them.
type Window struct {
	// Last keeps the steps that make up the last share of the learning time
	// Σ η_t; 0 means all. What U did before them is left in.
	Last float64
}

// first returns the first step of the window.
func (w Window) first(run *nets.Run) (int, error) {
	switch {
	case !(w.Last >= 0 && w.Last <= 1):
		return 0, fmt.Errorf("window: the last %g of the learning time is not a share between 0 and 1", w.Last)
	case w.Last == 0 || w.Last == 1:
		return 0, nil
	}
	total := nets.LearningTime(run.Config.LR, 0, run.Steps)
	var tail float64
	for t := run.Steps - 1; t >= 0; t-- {
		if tail += run.Config.LR.Rate(t, run.Steps); tail > w.Last*total {
			return t + 1, nil
		}
	}
	return 0, nil
}
