package data

import (
	"errors"
	"fmt"
	"strings"
)

var (
	// ErrEmptyForget reports a forget specification that selects no example.
	ErrEmptyForget = errors.New("the forget set is empty")

	// ErrForgetSpec reports a forget specification that cannot be understood
	// or does not fit the training set.
	ErrForgetSpec = errors.New("want random:SHARE, class:LABEL, first:COUNT or ids:FILE")

	// ErrNoData reports a data set whose files are not where they were looked for.
	ErrNoData = errors.New("data set not found")
)

// FormatError reports a file whose content is not what its format demands.
type FormatError struct {
	File   string // as the caller named it
	Line   int    // 1-based line of a text file; 0 in a binary one
	Offset int64  // byte offset in the (decompressed) content of a binary file
	Msg    string // what is wrong and what to do
	Err    error  // the cause, if another error was; may be nil
}

// Error gives file, place, message and cause.
func (e *FormatError) Error() string {
	var b strings.Builder
	if e.Line > 0 {
		fmt.Fprintf(&b, "data: %s:%d", e.File, e.Line)
	} else {
		fmt.Fprintf(&b, "data: %s at byte %d", e.File, e.Offset)
	}
	if e.Msg != "" {
		b.WriteString(": " + e.Msg)
	}
	if e.Err != nil {
		b.WriteString(": " + e.Err.Error())
	}
	return b.String()
}

// Unwrap returns the cause.
func (e *FormatError) Unwrap() error { return e.Err }

// IDError reports an id that cannot be in a forget set of N training examples.
type IDError struct {
	ID        int
	N         int  // valid ids are 0 … N−1
	Duplicate bool // the id is valid but was given before
}

// Error names the id and says what to do about it.
func (e *IDError) Error() string {
	if e.Duplicate {
		return fmt.Sprintf("id %d is given twice; list every id once", e.ID)
	}
	return fmt.Sprintf("id %d is not in the training set of %d examples; ids run from 0 to %d", e.ID, e.N, e.N-1)
}

// ExampleError reports an example of a data set that cannot be trained on.
type ExampleError struct {
	Dataset string
	Index   int // position in the data set
	ID      int // position in the file it was loaded from, see Dataset.ID
	Msg     string
}

// Error names the example and says what to do about it.
func (e *ExampleError) Error() string {
	where := fmt.Sprintf("data: %q: example %d", e.Dataset, e.Index)
	if e.ID != e.Index {
		where += fmt.Sprintf(" (id %d)", e.ID)
	}
	return where + ": " + e.Msg
}
