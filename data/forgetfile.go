package data

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"
)

// ParseIDs reads the ids of examples of ds that are to be forgotten: one id a
// line, white space around it ignored, as are a byte order mark, blank lines,
// and what follows a '#' at the beginning of a line or after white space. The
// name stands for r in errors, which are [*FormatError]s with the line; an
// unknown or repeated id is an [*IDError] inside. A file without ids is an
// empty set.
func ParseIDs(r io.Reader, name string, ds *Dataset) (ForgetSet, error) {
	var ids []string
	var lines []int
	err := eachLine(r, name, func(line int, text string) error {
		// Bounds memory: with more ids than examples some id is a mistake.
		if len(ids) > ds.Len() {
			return fmt.Errorf("more ids than the %d examples of %q; list each once, of this data set alone", ds.Len(), ds.Name)
		}
		ids, lines = append(ids, text), append(lines, line)
		return nil
	})
	// A bad id before the line that cannot be read is the first error.
	f, bad, idErr := forgetByID(ds, ids)
	switch {
	case idErr != nil:
		return ForgetSet{}, &FormatError{File: name, Line: lines[bad], Err: idErr}
	case err != nil:
		return ForgetSet{}, err
	}
	f.Spec = "ids:" + name
	return f, nil
}

// ParsePositions reads a forget set of a training set of n examples from a file
// like those of [ParseIDs], with a position, 0 … n−1, in each line. An unknown
// or repeated position is a [*PositionError] inside the [*FormatError].
func ParsePositions(r io.Reader, name string, n int) (ForgetSet, error) {
	if n < 0 {
		return ForgetSet{}, fmt.Errorf("data: %s: positions in a training set of %d examples", name, n)
	}
	b := newForgetBuilder(n)
	err := eachLine(r, name, func(_ int, text string) error {
		i, err := strconv.Atoi(text)
		if err != nil {
			return fmt.Errorf("%q is not a position; write one whole number a line", abridge(text))
		}
		return b.add(i)
	})
	if err != nil {
		return ForgetSet{}, err
	}
	return b.set("positions:" + name), nil
}

// maxIDLine bounds a line of such a file, comment included, in bytes.
const maxIDLine = 4096

// eachLine calls f with what stands in each line that says something. Errors
// are *FormatErrors with the line, f's inside.
func eachLine(r io.Reader, name string, f func(line int, text string) error) error {
	sc := bufio.NewScanner(r)
	sc.Buffer(make([]byte, 0, maxIDLine), maxIDLine)
	line := 0
	for sc.Scan() {
		line++
		text := sc.Text()
		if line == 1 {
			text = strings.TrimPrefix(text, "\ufeff")
		}
		if text = strings.TrimSpace(cutComment(text)); text == "" {
			continue
		}
		if err := f(line, text); err != nil {
			return &FormatError{File: name, Line: line, Err: err}
		}
	}
	if err := sc.Err(); err != nil {
		msg := "cannot read on"
		if errors.Is(err, bufio.ErrTooLong) {
			msg = fmt.Sprintf("a line above %d bytes; write one a line", maxIDLine)
		}
		return &FormatError{File: name, Line: line + 1, Msg: msg, Err: err}
	}
	return nil
}

// cutComment cuts at the first '#' that begins the line or follows white
// space: within an id it is a part of it.
func cutComment(s string) string {
	for i := range len(s) {
		if s[i] == '#' && (i == 0 || s[i-1] == ' ' || s[i-1] == '\t') {
			return s[:i]
		}
	}
	return s
}
