package grid

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// List is values of one field of a grid. In a file a single value stands for a
// list of one.
type List[T any] []T

// UnmarshalJSON implements json.Unmarshaler.
func (l *List[T]) UnmarshalJSON(raw []byte) error {
	if strings.HasPrefix(strings.TrimSpace(string(raw)), "[") {
		var values []T
		if err := json.Unmarshal(raw, &values); err != nil {
			return wanted[T]()
		}
		if len(values) == 0 {
			return errEmpty
		}
		*l = values
		return nil
	}
	var value T
	if err := json.Unmarshal(raw, &value); err != nil || string(raw) == "null" {
		return wanted[T]()
	}
	*l = List[T]{value}
	return nil
}

// MarshalJSON implements json.Marshaler: a list of one is its value.
func (l List[T]) MarshalJSON() ([]byte, error) {
	if len(l) == 1 {
		return json.Marshal(l[0])
	}
	return json.Marshal([]T(l))
}

// errEmpty is about a list that is there for nothing.
var errEmpty = errors.New("an empty list stands for nothing; leave the field out")

// wanted says what a list may hold.
func wanted[T any]() error {
	var zero T
	kind := "values"
	switch any(zero).(type) {
	case string:
		kind = "text"
	case int:
		kind = "a whole number"
	case float64:
		kind = "a number"
	}
	return fmt.Errorf("want %s, or a list of it", kind)
}

// Seeds are the seeds of a grid. In a file they are a number, a list, or text with
// ranges such as "1-10,20".
type Seeds []uint64

// maxSeeds bounds what a range may stand for, before anything is counted.
const maxSeeds = 1_000_000

// ParseSeeds reads seeds and ranges of them, with commas between. A seed that is
// named twice is an error.
func ParseSeeds(text string) (Seeds, error) {
	var all Seeds
	for item := range strings.SplitSeq(text, ",") {
		item = strings.TrimSpace(item)
		from, to, isRange := strings.Cut(item, "-")
		lo, err := strconv.ParseUint(strings.TrimSpace(from), 10, 64)
		hi := lo
		if err == nil && isRange {
			hi, err = strconv.ParseUint(strings.TrimSpace(to), 10, 64)
		}
		if err != nil {
			return nil, fmt.Errorf("%q is not a seed, a whole number from 0, and not a range such as 1-10", item)
		}
		if hi < lo {
			return nil, fmt.Errorf("the range %q goes backwards", item)
		}
		if hi-lo >= maxSeeds || len(all) >= maxSeeds {
			return nil, fmt.Errorf("%q stands for more than %d seeds", item, maxSeeds)
		}
		for s := lo; ; s++ {
			all = append(all, s)
			if s == hi {
				break
			}
		}
	}
	return all, all.check()
}

// check reports a seed that stands there twice.
func (s Seeds) check() error {
	sorted := slices.Sorted(slices.Values(s))
	for i := 1; i < len(sorted); i++ {
		if sorted[i] == sorted[i-1] {
			return fmt.Errorf("seed %d is named twice", sorted[i])
		}
	}
	return nil
}

// String writes seeds as ParseSeeds reads them.
func (s Seeds) String() string {
	var parts []string
	for i := 0; i < len(s); {
		j := i
		for j+1 < len(s) && s[j+1] == s[j]+1 {
			j++
		}
		if j-i >= 2 {
			parts = append(parts, fmt.Sprintf("%d-%d", s[i], s[j]))
		} else {
			for k := i; k <= j; k++ {
				parts = append(parts, strconv.FormatUint(s[k], 10))
			}
		}
		i = j + 1
	}
	return strings.Join(parts, ",")
}

// UnmarshalJSON implements json.Unmarshaler.
func (s *Seeds) UnmarshalJSON(raw []byte) (err error) {
	var text string
	if json.Unmarshal(raw, &text) == nil && string(raw) != "null" {
		*s, err = ParseSeeds(text)
		return err
	}
	var one uint64
	if json.Unmarshal(raw, &one) == nil && string(raw) != "null" {
		*s = Seeds{one}
		return nil
	}
	var many []uint64
	if json.Unmarshal(raw, &many) == nil && many != nil {
		if len(many) == 0 {
			return errEmpty
		}
		*s = many
		return s.check()
	}
	return errors.New(`want a seed, a list of seeds, or text with ranges such as "1-10,20"`)
}

// MarshalJSON implements json.Marshaler.
func (s Seeds) MarshalJSON() ([]byte, error) {
	if len(s) == 1 {
		return json.Marshal(s[0])
	}
	return json.Marshal(s.String())
}
