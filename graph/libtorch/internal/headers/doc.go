// Package headers fails to compile, with a message that says what to do, where
// the headers of libtorch 2.1.0 are not found. gotch is compiled beside it and
// would say it in a thousand lines, or after minutes.
package headers
