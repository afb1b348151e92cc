package graph

import (
	"errors"
	"fmt"
	"strings"
)

// ShapeError says that an op does not fit what it was given.
type ShapeError struct {
	Op   string  // the op, with its parameters
	Got  []Shape // shapes of its inputs
	Want string  // what it needs
}

// Error implements error.
func (e *ShapeError) Error() string {
	got := make([]string, len(e.Got))
	for i, s := range e.Got {
		got[i] = fmt.Sprint([]int(s))
	}
	return fmt.Sprintf("graph: %s: got %s, want %s", e.Op, strings.Join(got, ", "), e.Want)
}

// OpError says that a node cannot be built, differentiated or compiled.
type OpError struct {
	Op     string // the op or input
	Reason string
}

// Error implements error.
func (e *OpError) Error() string { return fmt.Sprintf("graph: %s: %s", e.Op, e.Reason) }

// Build runs f, which builds a graph, and returns the *ShapeError or *OpError
// with which it panicked, if it did. Other panics go on.
func Build(f func()) (err error) {
	defer func() {
		switch r := recover().(type) {
		case nil:
		case error:
			var s *ShapeError
			var o *OpError
			if !errors.As(r, &s) && !errors.As(r, &o) {
				panic(r)
			}
			err = r
		default:
			panic(r)
		}
	}()
	f()
	return nil
}
