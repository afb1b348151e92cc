package table

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/miniunlearn/miniunlearn/internal/nearest"
)

// Kind is what a column is for.
type Kind string

// The kinds of columns.
const (
	Number   Kind = "number"
	Category Kind = "category"
	Label    Kind = "label"
	ID       Kind = "id"
	Dropped  Kind = "dropped"
)

// Column says how one column of a table becomes features. All that is measured
// is measured on the rows that are trained on.
type Column struct {
	Name string `json:"name"`
	Kind Kind   `json:"kind"`

	// Of a number: what replaces a missing one, nil if nothing does, and the
	// mean and the standard deviation that it is standardised by, 0 and 1 if
	// it is not.
	Fill *float64 `json:"fill,omitempty"`
	Mean float64  `json:"mean,omitempty"`
	Std  float64  `json:"std,omitempty"`

	// Of a category: what there is, sorted, missing values as "". Codes and
	// Unseen are those of Options.
	Categories []string `json:"categories,omitempty"`
	Codes      bool     `json:"codes,omitempty"`
	Unseen     bool     `json:"unseen,omitempty"`
}

// Features returns the number of features that the column becomes.
func (c *Column) Features() int {
	switch c.Kind {
	case Number:
		return 1
	case Category:
		if c.Codes {
			return 1
		}
		return len(c.Categories)
	}
	return 0
}

// number writes the feature of v.
func (c *Column) number(dst []float32, v float64) { dst[0] = float32((v - c.Mean) / c.Std) }

// category writes the features of category k, of which there are fewer than
// Categories has, or one more if the column takes unseen ones.
func (c *Column) category(dst []float32, k int) {
	if c.Codes {
		dst[0] = float32(k)
		return
	}
	clear(dst)
	if k < len(dst) {
		dst[k] = 1
	}
}

// find returns the number of a category, and whether the column takes it.
func (c *Column) find(value string) (int, error) {
	if k, ok := slices.BinarySearchFunc(c.Categories, value, compareCategories); ok {
		return k, nil
	}
	if c.Unseen {
		return len(c.Categories), nil
	}
	hint := ""
	if near := nearest.Name(value, c.Categories); near != "" {
		hint = fmt.Sprintf("; did you mean %q?", near)
	}
	return 0, fmt.Errorf("no training row has the category %q%s; say unseen=zero to take it as none of the known ones", abridge(value), hint)
}

// compareCategories orders numbers before words, and numbers by value: 2 before
// 10.
func compareCategories(a, b string) int {
	x, aNumber := number([]byte(a))
	y, bNumber := number([]byte(b))
	switch {
	case aNumber && bNumber && x < y:
		return -1
	case aNumber && bNumber && x > y:
		return 1
	case aNumber && !bNumber:
		return -1
	case bNumber && !aNumber:
		return 1
	}
	return strings.Compare(a, b)
}

// column returns the place of the column that ref names: a name, or a number
// from 1, or from -1 backwards.
func column(names []string, ref, what string) (int, error) {
	if i := slices.Index(names, ref); i >= 0 {
		if j := slices.Index(names[i+1:], ref); j >= 0 {
			return 0, fmt.Errorf("%s: columns %d and %d are both named %q; give the number of the one you mean", what, i+1, i+j+2, ref)
		}
		return i, nil
	}
	if v, err := strconv.Atoi(ref); err == nil {
		switch {
		case v >= 1 && v <= len(names):
			return v - 1, nil
		case v <= -1 && -v <= len(names):
			return len(names) + v, nil
		}
		return 0, fmt.Errorf("%s: no column %d; there are %d", what, v, len(names))
	}
	if near := nearest.Name(ref, names); near != "" {
		return 0, fmt.Errorf("%s: no column %q; did you mean %q?", what, ref, near)
	}
	return 0, fmt.Errorf("%s: no column %q; there are %s", what, ref, list(names))
}

// list writes out names, eight at most.
func list(names []string) string {
	var quoted []string
	for _, n := range names[:min(8, len(names))] {
		quoted = append(quoted, strconv.Quote(abridge(n)))
	}
	if len(names) > 8 {
		quoted = append(quoted, fmt.Sprintf("and %d more", len(names)-8))
	}
	return strings.Join(quoted, ", ")
}

// abridge keeps an error message readable when a whole file is quoted.
func abridge(s string) string {
	const limit = 40
	if len(s) <= limit {
		return s
	}
	return s[:limit] + "…"
}
