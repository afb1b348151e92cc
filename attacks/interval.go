package attacks

import (
	"fmt"
	"math"
)

// Interval is an estimate with a two-sided confidence interval.
type Interval struct {
	Estimate   float64 `json:"estimate"`
	Low        float64 `json:"low"`
	High       float64 `json:"high"`
	Level      float64 `json:"level"`                // nominal coverage, such as 0.95
	Method     string  `json:"method"`               // how it was made
	Degenerate bool    `json:"degenerate,omitempty"` // the sample shows no spread; see the method
}

// Contains reports whether v lies in [Low, High].
func (i Interval) Contains(v float64) bool { return i.Low <= v && v <= i.High }

// String prints the estimate and its interval with four decimals.
func (i Interval) String() string {
	if math.IsNaN(i.Estimate) {
		return "—"
	}
	return fmt.Sprintf("%.4f [%.4f, %.4f]", i.Estimate, i.Low, i.High)
}

// logitInterval turns an estimate in (0, 1) with standard error se and
// quantile q into an interval on the logit scale, so that it stays in (0, 1).
func logitInterval(p, se, q float64) (low, high float64) {
	l := math.Log(p / (1 - p))
	h := q * se / (p * (1 - p))
	return 1 / (1 + math.Exp(-(l - h))), 1 / (1 + math.Exp(-(l + h)))
}
