package table

import (
	"fmt"
	"slices"
	"strings"
)

// Options say what is in the file. The zero value, but for Label, which has to
// be said, infers the rest: a header line where the first line has no numbers
// in it, numbers where every value is one, categories elsewhere.
//
// Columns are given by name, or by number: 1 is the first column, -1 the last.
type Options struct {
	Label string `json:"label"`        // the column with the class to learn
	ID    string `json:"id,omitempty"` // the column with the owner's ids; "" for none

	Drop        []string `json:"drop,omitempty"`        // columns that are not used
	Categorical []string `json:"categorical,omitempty"` // columns of categories, even where they look like numbers

	Header    Header   `json:"header,omitempty"`
	Separator byte     `json:"separator,omitempty"`  // 0 means the first of , ; tab | that the first line has
	Missing   string   `json:"missing,omitempty"`    // what to do about missing values: see Policies; "" means error
	NA        []string `json:"na,omitempty"`         // what stands for a missing value; nil means NA
	Comment   byte     `json:"comment,omitempty"`    // lines that begin with it are no records; 0 means that none are
	Names     []string `json:"names,omitempty"`      // of the columns, where the file does not say them
	TrimLabel string   `json:"trim_label,omitempty"` // what labels may end with that does not belong to them

	// Codes makes a categorical column one feature, the number of its
	// category, which graph.Rows can embed, instead of one feature for each
	// category.
	Codes bool `json:"codes,omitempty"`
	// Unseen takes a category that no training row has: zeros for its
	// features, or the code after the last. Otherwise it is an error.
	Unseen bool `json:"unseen,omitempty"`
	// Raw leaves numbers as they are, instead of standardising them.
	Raw bool `json:"raw,omitempty"`
	// Repeats lets several rows have one id; they are split and forgotten
	// together. Otherwise that is an error.
	Repeats bool `json:"repeats,omitempty"`

	// Sparse reads LIBSVM's format: a label, then index:value, indices from 1.
	Sparse bool `json:"sparse,omitempty"`
	// Memory is how many bytes the table may take in memory before it moves
	// to a temporary file; 0 means 512 MiB.
	Memory int64 `json:"-"`

	// Like gives the columns their kinds, those of a table that was read
	// before. The columns must have its names, in its order.
	Like []Column `json:"-"`
}

// Header says whether the first line has the names of the columns.
type Header int

// Auto takes a first line without any number or empty field for a header.
const (
	Auto Header = iota
	WithHeader
	NoHeader
)

// NA is what stands for a missing value unless Options.NA says otherwise.
var NA = []string{"", "?", "NA", "N/A", "NaN", "nan", "null", "NULL"}

// Policies for missing values: error refuses them, drop leaves their rows out,
// mean and median, of the training rows, and zero replace missing numbers; a
// missing category is then a category of its own.
func Policies() []string { return []string{"error", "drop", "mean", "median", "zero"} }

const defaultMemory = 512 << 20

func (o Options) withDefaults() (Options, error) {
	if o.Missing == "" {
		o.Missing = "error"
	}
	if !slices.Contains(Policies(), o.Missing) {
		return o, fmt.Errorf("data: missing values: unknown policy %q; there are %s", o.Missing, strings.Join(Policies(), ", "))
	}
	if o.NA == nil {
		o.NA = NA
	}
	if o.Memory <= 0 {
		o.Memory = defaultMemory
	}
	if o.Names != nil {
		o.Header = NoHeader
	}
	if strings.IndexByte("\"\r\n", o.Separator) >= 0 && o.Separator != 0 {
		return o, fmt.Errorf("data: %q cannot separate fields", o.Separator)
	}
	return o, nil
}
