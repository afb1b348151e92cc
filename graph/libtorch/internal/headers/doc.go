// Package headers fails to build, with a message that says what to do, where
// libtorch 2.1.0 is not found or is of another C++ ABI. gotch is compiled beside
// it and would say it in a thousand lines, or after minutes:
//
//	go test -tags libtorch ./graph/libtorch/internal/headers
//
// tells in seconds whether the exports of setup are right.
package headers
