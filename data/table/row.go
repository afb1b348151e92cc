package table

import (
	"fmt"
	"math"
	"slices"
)

// Row returns the features of one row that is not in a file, by the names of its
// columns, encoded as the rows that the columns were fitted on. Columns that are
// no features may be left out.
func Row(columns []Column, o Options, values map[string]string) ([]float32, error) {
	if o.NA == nil {
		o.NA = NA
	}
	var x []float32
	names := make([]string, len(columns))
	for c := range columns {
		col := &columns[c]
		names[c] = col.Name
		n := col.Features()
		if n == 0 {
			continue
		}
		value, given := values[col.Name]
		if !given {
			return nil, fmt.Errorf("data: column %q: no value", col.Name)
		}
		value = string(trim([]byte(value)))
		missing := slices.Contains(o.NA, value)
		x = append(x, make([]float32, n)...)
		dst := x[len(x)-n:]
		if col.Kind == Category {
			if missing {
				value = ""
			}
			k, err := col.find(value)
			if err != nil {
				return nil, fmt.Errorf("data: column %q: %w", col.Name, err)
			}
			col.category(dst, k)
			continue
		}
		v, ok := number([]byte(value))
		switch {
		case missing && col.Fill != nil:
			v = *col.Fill
		case !ok:
			return nil, fmt.Errorf("data: column %q: %q is not a finite number", col.Name, abridge(value))
		}
		col.number(dst, v)
		if math.IsInf(float64(dst[0]), 0) {
			return nil, fmt.Errorf("data: column %q: %g is too large for a float32 feature", col.Name, v)
		}
	}
	for name := range values {
		if !slices.Contains(names, name) {
			return nil, fmt.Errorf("data: no column %q; there are %s", name, list(names))
		}
	}
	return x, nil
}

// Matches returns a test of whether the features of a row are those of the
// value that its column has there, for columns of numbers and categories.
func Matches(columns []Column, o Options, name, value string) (func(x []float32) bool, error) {
	if o.NA == nil {
		o.NA = NA
	}
	at := 0
	for c := range columns {
		col := &columns[c]
		n := col.Features()
		if col.Name != name {
			at += n
			continue
		}
		if slices.Contains(o.NA, value) {
			if col.Kind != Category {
				return nil, fmt.Errorf("column %q: which rows had no value is not known any more", name)
			}
			value = ""
		}
		want := make([]float32, n)
		switch col.Kind {
		case Number:
			v, ok := number([]byte(value))
			if !ok {
				return nil, fmt.Errorf("column %q: %q is not a number", name, abridge(value))
			}
			col.number(want, v)
		case Category:
			k, err := col.find(value)
			if err != nil {
				return nil, fmt.Errorf("column %q: %w", name, err)
			}
			if k == len(col.Categories) {
				return nil, fmt.Errorf("column %q: no training row has the category %q", name, abridge(value))
			}
			col.category(want, k)
		default:
			return nil, fmt.Errorf("column %q is a %s and no feature", name, col.Kind)
		}
		return func(x []float32) bool { return slices.Equal(x[at:at+n], want) }, nil
	}
	return nil, fmt.Errorf("no column %q", name)
}
