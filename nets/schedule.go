package nets

import (
	"fmt"
	"math"
	"strconv"
	"strings"
)

// LRSchedule gives the learning rate of every step.
type LRSchedule interface {
	// Rate returns η_t for step t of total steps, 0 ≤ t < total.
	Rate(t, total int) float64
	// String is a notation for results: equal schedules have equal strings.
	String() string
}

// CheckRates reports the first of so many steps at which a rate is negative or not
// finite: a schedule may be anyone's.
func CheckRates(lr LRSchedule, steps int) error {
	for t := range steps {
		if eta := lr.Rate(t, steps); !(eta >= 0) || math.IsInf(eta, 0) { // NaN too
			return fmt.Errorf("nets: learning rate %g of %s at step %d of %d must be finite and not negative", eta, lr, t, steps)
		}
	}
	return nil
}

// PeakRate returns the largest learning rate of a schedule.
func PeakRate(lr LRSchedule, steps int) (peak float64) {
	for t := range steps {
		peak = max(peak, lr.Rate(t, steps))
	}
	return peak
}

// LearningTime returns Σ η over the steps from … steps−1 of a schedule.
func LearningTime(lr LRSchedule, from, steps int) (sum float64) {
	for t := from; t < steps; t++ {
		sum += lr.Rate(t, steps)
	}
	return sum
}

// ConstantRate keeps one learning rate.
type ConstantRate float64

// Rate implements LRSchedule.
func (c ConstantRate) Rate(int, int) float64 { return float64(c) }

func (c ConstantRate) String() string { return fmt.Sprintf("constant:%g", float64(c)) }

// CosineRate rises linearly from 0 during the first Warmup share of the steps,
// then falls from Peak to 0 along half a cosine (Loshchilov and Hutter, 2017).
type CosineRate struct {
	Peak   float64
	Warmup float64 // share of the steps, in [0, 1)
}

// Cosine returns a CosineRate without warm-up.
func Cosine(peak float64) CosineRate { return CosineRate{Peak: peak} }

// Rate implements LRSchedule.
func (c CosineRate) Rate(t, total int) float64 {
	warm := c.Warmup * float64(total)
	if s := float64(t); s < warm {
		return c.Peak * (s + 1) / (warm + 1)
	}
	return c.Peak / 2 * (1 + math.Cos(math.Pi*(float64(t)-warm)/(float64(total)-warm)))
}

func (c CosineRate) String() string {
	if c.Warmup == 0 {
		return fmt.Sprintf("cosine:%g", c.Peak)
	}
	return fmt.Sprintf("cosine:%g:warmup:%g", c.Peak, c.Warmup)
}

// ParseSchedule reads the notations of the schedules of this package, such as
// "constant:0.1" and "cosine:0.2:warmup:0.1": what String gives, to the same
// numbers.
func ParseSchedule(s string) (LRSchedule, error) {
	bad := func() (LRSchedule, error) {
		return nil, fmt.Errorf("nets: %q is no schedule of this package; they are constant:RATE, cosine:PEAK and cosine:PEAK:warmup:SHARE", s)
	}
	parts := strings.Split(s, ":")
	var numbers []float64
	for i := 1; i < len(parts); i += 2 {
		v, err := strconv.ParseFloat(parts[i], 64)
		if err != nil {
			return bad()
		}
		numbers = append(numbers, v)
	}
	switch {
	case parts[0] == "constant" && len(parts) == 2:
		return ConstantRate(numbers[0]), nil
	case parts[0] == "cosine" && len(parts) == 2:
		return Cosine(numbers[0]), nil
	case parts[0] == "cosine" && len(parts) == 4 && parts[2] == "warmup":
		return CosineRate{numbers[0], numbers[1]}, nil
	}
	return bad()
}
