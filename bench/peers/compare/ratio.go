package main

import (
	"fmt"
	"slices"

	"github.com/miniunlearn/miniunlearn/bench/peers/timing"
)

// ratio is how many times as long one row took as another: the median of the
// rounds' ratios, and their range.
type ratio struct {
	median, low, high float64
	ok                bool // both rows are there
}

func over(a, b *row) ratio {
	if a == nil || b == nil {
		return ratio{}
	}
	var r []float64
	for i, ms := range a.RoundsMS {
		r = append(r, ms/b.RoundsMS[i])
	}
	return ratio{timing.Median(r), slices.Min(r), slices.Max(r), true}
}

// String returns the ratio with its range.
func (r ratio) String() string {
	if !r.ok {
		return "—"
	}
	return fmt.Sprintf("%.2f (%.2f–%.2f)", r.median, r.low, r.high)
}

// at says whether r is at least, or with most at most, what was asked for, and
// whether all rounds agree.
func (r ratio) at(asked float64, most bool) string {
	good := func(x float64) bool { return x >= asked != most || x == asked }
	switch agree := good(r.low) == good(r.high); {
	case !r.ok:
		return "not measured"
	case good(r.median) && agree:
		return "yes"
	case good(r.median):
		return "yes, not in every round"
	case agree:
		return "**no**"
	default:
		return "**no**, but in some rounds"
	}
}
