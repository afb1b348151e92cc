// Package chain reads and writes files of lines of which each begins with the SHA-256
// of the one before and of itself, so that no line can be changed, left out or moved
// without breaking those after it. A line that a death has cut short has no end, and
// does not count.
//
//	CHECKSUM  OBJECT
package chain

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
)

// Sum is the checksum of an object that follows a line with another.
func Sum(before string, object []byte) string {
	h := sha256.New()
	h.Write([]byte(before))
	h.Write(object)
	return hex.EncodeToString(h.Sum(nil))
}

// Line returns the line of an object, which must not hold a line's end, and its checksum.
func Line(before string, object []byte) (line []byte, sum string) {
	sum = Sum(before, object)
	return fmt.Appendf(nil, "%s  %s\n", sum, object), sum
}

// Next cuts the first line off. It is whole if it has an end.
func Next(raw []byte) (line, rest []byte, whole bool) { return bytes.Cut(raw, []byte("\n")) }

// Open returns the object of a line without its end, and its checksum. It reports
// whether the line follows the one with the checksum before.
func Open(before string, line []byte) (object []byte, sum string, ok bool) {
	first, object, ok := bytes.Cut(line, []byte("  "))
	sum = string(first)
	return object, sum, ok && sum == Sum(before, object)
}
