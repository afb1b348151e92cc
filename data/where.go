package data

import (
	"errors"
	"fmt"
	"strings"

	"github.com/miniunlearn/miniunlearn/data/table"
	"github.com/miniunlearn/miniunlearn/internal/nearest"
)

// where returns the examples of a table that have a value in a column:
// "column=value". The column may be that of the labels or of the ids.
func (d *Dataset) where(condition string) ([]int, error) {
	name, value, ok := strings.Cut(condition, "=")
	if !ok {
		return nil, fmt.Errorf("%q is not column=value", condition)
	}
	if d.Encoding == nil || d.Encoding.Table == nil {
		return nil, errors.New("the data are no table, so that there are no columns to ask for")
	}
	t := d.Encoding.Table
	var names []string
	kind := table.Kind("")
	for _, c := range t.Columns {
		names = append(names, c.Name)
		if c.Name == name {
			kind = c.Kind
		}
	}
	var matches func(i int) bool
	switch kind {
	case "":
		if near := nearest.Name(name, names); near != "" {
			return nil, fmt.Errorf("no column %q; did you mean %q?", name, near)
		}
		first := strings.Join(names[:min(8, len(names))], ", ")
		if more := len(names) - 8; more > 0 {
			first += fmt.Sprintf(" and %d more", more)
		}
		return nil, fmt.Errorf("no column %q; there are %s", name, first)
	case table.ID:
		matches = func(i int) bool { return d.Key(i) == value }
	case table.Label:
		class, ok := d.Encoding.class(value, d.Classes)
		if !ok {
			return nil, fmt.Errorf("%q is not a label%s", value, d.labelHint(value))
		}
		matches = func(i int) bool { return int(d.Y[i]) == class }
	case table.Dropped:
		return nil, fmt.Errorf("column %q was left out, and its values are not known any more", name)
	default:
		test, err := table.Matches(t.Columns, t.Options, name, value)
		if err != nil {
			return nil, err
		}
		if s := d.Encoding.Stats; s != nil {
			return nil, errors.New("the table was standardised a second time, so that its values are not known any more; a table is standardised when it is opened")
		}
		matches = func(i int) bool { return test(d.Row(i)) }
	}
	var at []int
	for i := range d.Len() {
		if matches(i) {
			at = append(at, i)
		}
	}
	return at, nil
}

// labelHint says what labels there are.
func (d *Dataset) labelHint(wrong string) string {
	if d.Encoding == nil || d.Encoding.Labels == nil {
		return fmt.Sprintf(" from 0 to %d", d.Classes-1)
	}
	if near := nearest.Name(wrong, d.Encoding.Labels); near != "" {
		return fmt.Sprintf("; did you mean %q?", near)
	}
	labels := d.Encoding.Labels
	if len(labels) > 8 {
		labels = append(labels[:8:8], "…")
	}
	return "; there are " + strings.Join(labels, ", ")
}
