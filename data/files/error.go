package files

import (
	"fmt"
	"strings"
)

// Error reports a file whose content is not what its format demands.
type Error struct {
	File   string // as the caller named it
	Line   int    // 1-based line of a text file; 0 in a binary one
	Column string // of a table: its name, or its number from 1; may be ""
	Offset int64  // byte offset in the (decompressed) content of a binary file; -1 where no place is meant
	Msg    string // what is wrong and what to do
	Err    error  // the cause, if another error was; may be nil
}

// Error gives file, place, message and cause.
func (e *Error) Error() string {
	var b strings.Builder
	if e.Line > 0 {
		fmt.Fprintf(&b, "data: %s:%d", e.File, e.Line)
		if e.Column != "" {
			fmt.Fprintf(&b, ": column %q", e.Column)
		}
	} else if b.WriteString("data: " + e.File); e.Offset >= 0 {
		fmt.Fprintf(&b, " at byte %d", e.Offset)
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
func (e *Error) Unwrap() error { return e.Err }
