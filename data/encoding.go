package data

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"unicode/utf8"

	"github.com/miniunlearn/miniunlearn/data/images"
	"github.com/miniunlearn/miniunlearn/data/table"
)

// Encoding says how raw data became the features and labels of a Dataset. It
// travels with the data through splits and subsets, and is stored with a run as
// JSON, so that what is asked later, a new row or next year's file, is treated
// as what was learned. All that is measured in it was measured on the training
// part alone.
type Encoding struct {
	// Labels are the names of the classes in the data: Labels[y] is class y.
	// Nil means that the data call them 0, 1, 2 …
	Labels []string `json:"labels,omitempty"`
	// Table is that of a table.
	Table *TableEncoding `json:"table,omitempty"`
	// Image is the shape of images, and whether they are scaled to it.
	Image *images.Shape `json:"image,omitempty"`
	// Stats are what Standardize has measured and applied, nil if it was not
	// called. A table's own columns are standardised by Table.
	Stats *Stats `json:"stats,omitempty"`
	// Split says which rows are whose, where this package has split the data.
	Split *Split `json:"split,omitempty"`
}

// TableEncoding is how the columns of a table become features.
type TableEncoding struct {
	Options table.Options  `json:"options"`
	Columns []table.Column `json:"columns"`
}

// notUTF8 is said of text that would not come back as it is: journals, forget sets
// and encodings are written as JSON.
const notUTF8 = "not UTF-8; convert the data, for example with iconv -f WINDOWS-1252 -t UTF-8"

// validate checks what [Dataset.Validate] promises of an encoding.
func (e *Encoding) validate() error {
	text := slices.Clone(e.Labels)
	if e.Table != nil {
		for _, c := range e.Table.Columns {
			text = append(append(text, c.Name), c.Categories...)
		}
	}
	for _, t := range text {
		if !utf8.ValidString(t) {
			return fmt.Errorf("the class, column or category %q is %s", abridge(t), notUTF8)
		}
	}
	return nil
}

// ClassName returns what the data call class y.
func (d *Dataset) ClassName(y int) string {
	if d.Encoding == nil {
		return strconv.Itoa(y)
	}
	return d.Encoding.ClassName(y)
}

// ClassName returns what the data call class y.
func (e *Encoding) ClassName(y int) string {
	if e == nil || e.Labels == nil || y < 0 || y >= len(e.Labels) {
		return strconv.Itoa(y)
	}
	return e.Labels[y]
}

// class returns the class of a name, of which there are so many.
func (e *Encoding) class(name string, classes int) (int, bool) {
	name = table.PlainLabel(name)
	for y := range classes {
		if e.ClassName(y) == name {
			return y, true
		}
	}
	return 0, false
}

// classOrNumber is class for what a person types: where no class is called by a
// number, numbers are those of the classes.
func (e *Encoding) classOrNumber(text string, classes int) (int, bool) {
	if y, ok := e.class(text, classes); ok {
		return y, true
	}
	for y := range classes {
		if _, err := strconv.ParseFloat(e.ClassName(y), 64); err == nil {
			return 0, false
		}
	}
	y, err := strconv.Atoi(text)
	return y, err == nil && y >= 0 && y < classes
}

// Row returns the features of a row of a table, by the names of its columns,
// for a model that was trained on such rows: what a new patient's outcome is,
// say. It is an error if the data were no table, if a column is missing or
// unknown, and if a category is one that no training row has.
func (e *Encoding) Row(values map[string]string) ([]float32, error) {
	if e == nil || e.Table == nil {
		return nil, errors.New("data: the data were no table; make their features as its loader does")
	}
	x, err := table.Row(e.Table.Columns, e.Table.Options, values)
	if err != nil {
		return nil, err
	}
	if e.Stats != nil {
		e.Stats.apply(x, len(x))
	}
	return x, nil
}
