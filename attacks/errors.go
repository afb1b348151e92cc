package attacks

import (
	"errors"
	"fmt"
	"math"
)

// Sentinel errors. Every error of this package wraps one of them, so that a
// caller can branch with errors.Is while the message names the argument, the
// index and the remedy.
var (
	// ErrEmpty: a sample, pool or curve has no element.
	ErrEmpty = errors.New("empty sample")
	// ErrNotFinite: a value is NaN, or infinite where that has no meaning.
	ErrNotFinite = errors.New("value is not a usable number")
	// ErrShape: lengths or dimensions do not fit each other.
	ErrShape = errors.New("shapes do not fit")
	// ErrLabel: a label is outside [0, classes).
	ErrLabel = errors.New("label out of range")
	// ErrRange: a parameter (level, rate, count) is outside its domain.
	ErrRange = errors.New("parameter out of range")
	// ErrTooFewShadows: an example has too few shadow models in a state.
	ErrTooFewShadows = errors.New("too few shadow models")
	// ErrOneClass: a shadow pool has no example of some class.
	ErrOneClass = errors.New("class missing from the pool")
	// ErrDegenerate: the quantity is undefined on this data (0/0).
	ErrDegenerate = errors.New("quantity is undefined on this data")
)

// ValueError names the element that made an input unusable.
type ValueError struct {
	Op    string  // the function
	Arg   string  // the argument
	Index int     // the element, or -1 when the argument is a scalar
	Value float64 // the offending value
	Err   error   // the sentinel it wraps
}

// Error implements error.
func (e *ValueError) Error() string {
	if e.Index < 0 {
		return fmt.Sprintf("attacks: %s: %s is %v: %v", e.Op, e.Arg, e.Value, e.Err)
	}
	return fmt.Sprintf("attacks: %s: %s[%d] is %v: %v", e.Op, e.Arg, e.Index, e.Value, e.Err)
}

// Unwrap returns the sentinel.
func (e *ValueError) Unwrap() error { return e.Err }

// ShapeError says which length was found and which was wanted.
type ShapeError struct {
	Op        string // the function
	Arg       string // the argument
	Got, Want int
}

// Error implements error.
func (e *ShapeError) Error() string {
	return fmt.Sprintf("attacks: %s: %s has length %d, want %d: %v", e.Op, e.Arg, e.Got, e.Want, ErrShape)
}

// Unwrap returns ErrShape.
func (e *ShapeError) Unwrap() error { return ErrShape }

// failf wraps a sentinel with the operation and the facts.
func failf(op string, sentinel error, format string, args ...any) error {
	return fmt.Errorf("attacks: %s: %s: %w", op, fmt.Sprintf(format, args...), sentinel)
}

// checkScores refuses empty samples and NaN; infinities order well and pass.
func checkScores(op, arg string, x []float64) error {
	if len(x) == 0 {
		return failf(op, ErrEmpty, "%s holds no score", arg)
	}
	for i, v := range x {
		if math.IsNaN(v) {
			return &ValueError{Op: op, Arg: arg, Index: i, Value: v, Err: ErrNotFinite}
		}
	}
	return nil
}

// checkFinite refuses empty samples, NaN and infinities.
func checkFinite(op, arg string, x []float64) error {
	if len(x) == 0 {
		return failf(op, ErrEmpty, "%s holds no value", arg)
	}
	for i, v := range x {
		if math.IsNaN(v) || math.IsInf(v, 0) {
			return &ValueError{Op: op, Arg: arg, Index: i, Value: v, Err: ErrNotFinite}
		}
	}
	return nil
}

// checkPair applies checkScores to members and non-members.
func checkPair(op string, members, nonMembers []float64) error {
	if err := checkScores(op, "members", members); err != nil {
		return err
	}
	return checkScores(op, "nonMembers", nonMembers)
}

// checkOpen refuses p outside the open interval (0, 1).
func checkOpen(op, arg string, p float64) error {
	if !(p > 0 && p < 1) {
		return &ValueError{Op: op, Arg: arg, Index: -1, Value: p, Err: ErrRange}
	}
	return nil
}

// orDefault returns def where the zero value stands for "not set".
func orDefault[T comparable](v, def T) T {
	var zero T
	if v == zero {
		return def
	}
	return v
}

// failWrap says which pool an error came from.
func failWrap(pool string, err error) error { return fmt.Errorf("%s: %w", pool, err) }
