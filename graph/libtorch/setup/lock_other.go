//go:build !unix

package main

import (
	"context"
	"io"
)

// lock does nothing: the command refuses these platforms before it installs.
func lock(context.Context, layout, io.Writer) (func(), error) { return func() {}, nil }
