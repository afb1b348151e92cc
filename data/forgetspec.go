package data

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"os"
	"strconv"
	"strings"
)

// ParseForget returns the forget set that a specification selects from ds:
//
//	random:0.2   a fifth of the examples, chosen uniformly by the seed
//	class:3      all examples with label 3
//	first:100    the first hundred
//	ids:FILE     the ids in a file, see [ParseIDs]
//
// Errors match [ErrForgetSpec] where the specification is wrong and
// [ErrEmptyForget] where it selects nothing; those of a file are [ParseIDs]'s.
func ParseForget(spec string, ds *Dataset, seed uint64) (ForgetSet, error) {
	f, err := parseForget(spec, ds, seed)
	if err != nil {
		return ForgetSet{}, fmt.Errorf("data: forget %q: %w", spec, err)
	}
	if f.Len() == 0 {
		return ForgetSet{}, fmt.Errorf("data: forget %q: %w: choose at least one of the %d training examples", spec, ErrEmptyForget, ds.Len())
	}
	f.Spec = spec
	return f, nil
}

func parseForget(spec string, ds *Dataset, seed uint64) (ForgetSet, error) {
	kind, arg, _ := strings.Cut(spec, ":")
	n := ds.Len()
	switch kind {
	case "random":
		share, err := strconv.ParseFloat(arg, 64)
		if err != nil || !(share > 0 && share <= 1) {
			return ForgetSet{}, fmt.Errorf("%q is not a share above 0 and up to 1: %w", arg, ErrForgetSpec)
		}
		return RandomForget(ds, share, seed), nil
	case "class":
		class, err := strconv.Atoi(arg)
		if err != nil || class < 0 || class >= ds.Classes {
			return ForgetSet{}, fmt.Errorf("%q is not a label from 0 to %d: %w", arg, ds.Classes-1, ErrForgetSpec)
		}
		var ids []int
		for i, y := range ds.Y {
			if int(y) == class {
				ids = append(ids, i)
			}
		}
		return NewForgetSet(n, ids)
	case "first":
		count, err := strconv.Atoi(arg)
		if err != nil || count < 0 || count > n {
			return ForgetSet{}, fmt.Errorf("%q is not a count from 1 to %d, the size of the training set: %w", arg, n, ErrForgetSpec)
		}
		ids := make([]int, count)
		countUp(ids)
		return NewForgetSet(n, ids)
	case "ids":
		if arg == "" {
			return ForgetSet{}, fmt.Errorf("no file named: %w", ErrForgetSpec)
		}
		file, err := os.Open(arg)
		if err != nil {
			return ForgetSet{}, fmt.Errorf("cannot read the ids; name a file with one id a line: %w", err)
		}
		defer file.Close()
		return ParseIDs(file, arg, n)
	}
	return ForgetSet{}, fmt.Errorf("unknown kind %q: %w", kind, ErrForgetSpec)
}

// maxIDLine bounds a line of an ids file, comment included, in bytes.
const maxIDLine = 4096

// ParseIDs reads a forget set of a training set of n examples: one id a line,
// white space around it ignored, as are blank lines and everything after '#'.
// The name stands for r in errors, which are [*FormatError]s with the line; an
// unknown or repeated id is an [*IDError] inside. A file without ids is an
// empty set.
func ParseIDs(r io.Reader, name string, n int) (ForgetSet, error) {
	if n < 0 {
		return ForgetSet{}, fmt.Errorf("data: %s: ids of a training set of %d examples", name, n)
	}
	b := newForgetBuilder(n)
	sc := bufio.NewScanner(r)
	sc.Buffer(make([]byte, 0, maxIDLine), maxIDLine)
	line := 0
	for sc.Scan() {
		line++
		text, _, _ := strings.Cut(sc.Text(), "#")
		if text = strings.TrimSpace(text); text == "" {
			continue
		}
		id, err := strconv.Atoi(text)
		if err != nil {
			return ForgetSet{}, &FormatError{File: name, Line: line, Msg: fmt.Sprintf("%q is not an id; write one whole number a line", abridge(text))}
		}
		if err := b.add(id); err != nil {
			return ForgetSet{}, &FormatError{File: name, Line: line, Err: err}
		}
	}
	if err := sc.Err(); err != nil {
		msg := "cannot read on"
		if errors.Is(err, bufio.ErrTooLong) {
			msg = fmt.Sprintf("a line above %d bytes; write one id a line", maxIDLine)
		}
		return ForgetSet{}, &FormatError{File: name, Line: line + 1, Msg: msg, Err: err}
	}
	return b.set("ids:" + name), nil
}

// abridge keeps an error message readable when a whole binary file is quoted.
func abridge(s string) string {
	const limit = 40
	if len(s) <= limit {
		return s
	}
	return s[:limit] + "…"
}
