package attacks

import (
	"encoding/json"
	"fmt"
	"math"
	"strconv"
)

// Float is a float64 whose JSON form is null where the value does not exist
// (NaN) and "+Inf" or "-Inf" where it is infinite, both of which encoding/json
// refuses. It prints as — when it does not exist.
type Float float64

// Missing is the Float that does not exist.
func Missing() Float { return Float(math.NaN()) }

// Exists reports whether f is a number or an infinity.
func (f Float) Exists() bool { return !math.IsNaN(float64(f)) }

// String formats f with four decimals, or as —.
func (f Float) String() string {
	if !f.Exists() {
		return "—"
	}
	return strconv.FormatFloat(float64(f), 'f', 4, 64)
}

// MarshalJSON implements json.Marshaler.
func (f Float) MarshalJSON() ([]byte, error) {
	switch v := float64(f); {
	case math.IsNaN(v):
		return []byte("null"), nil
	case math.IsInf(v, 1):
		return []byte(`"+Inf"`), nil
	case math.IsInf(v, -1):
		return []byte(`"-Inf"`), nil
	default:
		return json.Marshal(v)
	}
}

// UnmarshalJSON implements json.Unmarshaler.
func (f *Float) UnmarshalJSON(b []byte) error {
	switch string(b) {
	case "null":
		*f = Missing()
	case `"+Inf"`:
		*f = Float(math.Inf(1))
	case `"-Inf"`:
		*f = Float(math.Inf(-1))
	default:
		var v float64
		if err := json.Unmarshal(b, &v); err != nil {
			return fmt.Errorf("attacks: Float: %w", err)
		}
		*f = Float(v)
	}
	return nil
}
