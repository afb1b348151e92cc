package data

import (
	"errors"
	"fmt"
	"strconv"
	"strings"

	"github.com/miniunlearn/miniunlearn/data/files"
)

var (
	// ErrEmptyForget reports a forget specification that selects no example.
	ErrEmptyForget = errors.New("the forget set is empty")

	// ErrForgetSpec reports a forget specification that cannot be understood
	// or does not fit the training set.
	ErrForgetSpec = errors.New("want random:SHARE, class:LABEL, part:SHARE:LABEL, mislabelled:SHARE, confused:SHARE:LABEL:LABEL, poisoned:SHARE:LABEL, first:COUNT, where:COLUMN=VALUE, ids:FILE, set:FILE or positions:FILE")

	// ErrNoData reports a data set whose files are not where they were looked for.
	ErrNoData = errors.New("data set not found")
)

// FormatError reports a file whose content is not what its format demands; see
// [files.Error] for its fields: file, line and column or offset, what is wrong
// and what to do.
type FormatError = files.Error

// IDError reports ids that do not name examples to forget: unknown ones, or one
// that is given twice.
type IDError struct {
	IDs       []string // the bad ones, in the order they were given
	Dataset   string
	N         int    // examples of the data set
	Duplicate bool   // IDs[0] is known and was given before
	Hint      string // what to do
}

// Error names the ids, four at most, and says what to do about them.
func (e *IDError) Error() string {
	if e.Duplicate {
		return fmt.Sprintf("id %q is given twice; list every id once", abridge(e.IDs[0]))
	}
	var names []string
	for _, id := range e.IDs[:min(4, len(e.IDs))] {
		names = append(names, strconv.Quote(abridge(id)))
	}
	if len(names) < len(e.IDs) {
		names = append(names, "…")
	}
	what := "id " + names[0] + " is"
	if len(e.IDs) > 1 {
		what = fmt.Sprintf("%d ids, %s, are", len(e.IDs), strings.Join(names, ", "))
	}
	return fmt.Sprintf("%s not among the %d examples of %q; %s", what, e.N, e.Dataset, e.Hint)
}

// PositionError reports a position that cannot be in a forget set of N training
// examples.
type PositionError struct {
	Position  int
	N         int  // valid positions are 0 … N−1
	Duplicate bool // the position is valid but was given before
}

// Error names the position and says what to do about it.
func (e *PositionError) Error() string {
	if e.Duplicate {
		return fmt.Sprintf("position %d is given twice; list every position once", e.Position)
	}
	return fmt.Sprintf("position %d is not in the training set of %d examples; positions run from 0 to %d", e.Position, e.N, e.N-1)
}

// ExampleError reports an example of a data set that cannot be trained on.
type ExampleError struct {
	Dataset string
	Index   int    // position in the data set
	ID      string // who it is, see Dataset.Key
	Msg     string
}

// Error names the example and says what to do about it.
func (e *ExampleError) Error() string {
	where := fmt.Sprintf("data: %q: example %d", e.Dataset, e.Index)
	if e.ID != "" && e.ID != strconv.Itoa(e.Index) {
		where += fmt.Sprintf(" (id %s)", abridge(e.ID))
	}
	return where + ": " + e.Msg
}
