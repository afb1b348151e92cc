package grid

import (
	"fmt"
	"math"
	"strconv"
	"strings"
)

// Size is a number of bytes, as a flag: 500MB, 10GB, 1TB, or a plain number. 0 is
// none.
type Size int64

var units = []struct {
	name  string
	bytes float64
}{{"TB", 1e12}, {"GB", 1e9}, {"MB", 1e6}, {"kB", 1e3}}

// Set implements flag.Value.
func (s *Size) Set(text string) error {
	number, unit := strings.TrimSpace(text), 1.0
	for _, u := range units {
		if n := len(number) - len(u.name); n > 0 && strings.EqualFold(number[n:], u.name) {
			number, unit = strings.TrimSpace(number[:n]), u.bytes
			break
		}
	}
	v, err := strconv.ParseFloat(number, 64)
	if err != nil || !(v >= 0) || v*unit > math.MaxInt64/2 {
		return fmt.Errorf("%q is no size; write 500MB, 10GB, or 0 for none", text)
	}
	*s = Size(v * unit)
	return nil
}

// String implements flag.Value.
func (s *Size) String() string {
	for _, u := range units {
		if v := float64(*s) / u.bytes; v >= 1 {
			return strconv.FormatFloat(v, 'g', 3, 64) + u.name
		}
	}
	return strconv.FormatInt(int64(*s), 10)
}
