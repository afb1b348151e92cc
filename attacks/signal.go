package attacks

import (
	"fmt"
	"math"
)

// Signal is a per-example function of a model's logits and the label.
// As used by Scores every signal is oriented so that larger means member.
type Signal int

// The signals. φ is the logit gap of LogitGap.
const (
	SignalLogitGap        Signal = iota // φ_y; the default: nearly Gaussian over models
	SignalLoss                          // −ℓ = log p_y
	SignalConfidence                    // p_y; saturates at 1, prefer SignalLoss
	SignalEntropy                       // −H(p); ignores the label
	SignalModifiedEntropy               // −Mentr(p, y)
	SignalHinge                         // z_y − max_{j≠y} z_j
	SignalCorrectness                   // 1 if the first arg max is y, else 0
)

var signalNames = [...]string{
	"logit-gap", "loss", "confidence", "entropy", "modified-entropy", "hinge", "correctness",
}

// Signals lists every signal, in the order of the constants.
func Signals() []Signal {
	all := make([]Signal, len(signalNames))
	for i := range all {
		all[i] = Signal(i)
	}
	return all
}

// String returns the signal's name, such as "logit-gap".
func (s Signal) String() string {
	if s < 0 || int(s) >= len(signalNames) {
		return fmt.Sprintf("Signal(%d)", int(s))
	}
	return signalNames[s]
}

// ParseSignal is the inverse of String.
func ParseSignal(name string) (Signal, error) {
	for i, n := range signalNames {
		if n == name {
			return Signal(i), nil
		}
	}
	return 0, failf("ParseSignal", ErrRange, "unknown signal %q, want one of %q", name, signalNames)
}

// Label is the integer type of the class labels.
type Label interface {
	~int | ~int8 | ~int16 | ~int32 | ~int64 | ~uint8 | ~uint16 | ~uint32
}

// Scores returns one membership score per example, larger = member, from
// row-major logits [len(labels), classes].
//
// Loss and entropies enter negated. Errors wrap ErrEmpty, ErrShape, ErrRange
// (classes < 2), ErrLabel and ErrNotFinite (naming the logit's index).
func Scores[L Label](signal Signal, logits []float64, classes int, labels []L) ([]float64, error) {
	var f func(z []float64, y int) float64
	switch signal {
	case SignalLogitGap:
		f = gap
	case SignalLoss:
		f = func(z []float64, y int) float64 { return -softplus(-gap(z, y)) }
	case SignalConfidence:
		f = func(z []float64, y int) float64 { return math.Exp(-softplus(-gap(z, y))) }
	case SignalEntropy:
		f = func(z []float64, _ int) float64 { return -entropy(z) }
	case SignalModifiedEntropy:
		f = func(z []float64, y int) float64 { return -modifiedEntropy(z, y) }
	case SignalHinge:
		f = func(z []float64, y int) float64 {
			best := math.Inf(-1)
			for j, v := range z {
				if j != y {
					best = max(best, v)
				}
			}
			return z[y] - best
		}
	case SignalCorrectness:
		f = func(z []float64, y int) float64 {
			if argmax(z) == y {
				return 1
			}
			return 0
		}
	default:
		return nil, failf("Scores", ErrRange, "unknown signal %v", signal)
	}
	return eachRow("Scores("+signal.String()+")", logits, classes, labels, f)
}

// eachRow validates the arguments once and maps f over the rows.
func eachRow[L Label](op string, logits []float64, classes int, labels []L, f func(z []float64, y int) float64) ([]float64, error) {
	if classes < 2 {
		return nil, failf(op, ErrRange, "classes is %d, want at least 2", classes)
	}
	if len(labels) == 0 {
		return nil, failf(op, ErrEmpty, "no labels")
	}
	if len(logits) != len(labels)*classes {
		return nil, &ShapeError{Op: op, Arg: "logits", Got: len(logits), Want: len(labels) * classes}
	}
	if err := checkFinite(op, "logits", logits); err != nil {
		return nil, err
	}
	out := make([]float64, len(labels))
	for i, l := range labels {
		y := int64(l)
		if y < 0 || y >= int64(classes) {
			return nil, &ValueError{Op: op, Arg: "labels", Index: i, Value: float64(y), Err: ErrLabel}
		}
		out[i] = f(logits[i*classes:(i+1)*classes], int(y))
	}
	return out, nil
}
