package arrays

import (
	"encoding/binary"
	"fmt"
	"math"
	"strings"

	"github.com/miniunlearn/miniunlearn/data/files"
)

// Kind is the kind of an array's elements.
type Kind byte

// The kinds of elements.
const (
	Int      Kind = 'i'
	Uint     Kind = 'u' // and booleans
	Float    Kind = 'f'
	Brain    Kind = 'B' // bfloat16
	Bytes    Kind = 'S' // text of bytes, padded with zeros
	Unicode  Kind = 'U' // text of UTF-32, padded with zeros
	maxBytes      = 1 << 20
)

// Array is an array in the bytes of a file.
type Array struct {
	Name  string // FILE or FILE/NAME, for errors
	Shape []int
	Kind  Kind
	Size  int // bytes of an element
	Big   bool
	// Fortran is set where the first dimension runs fastest.
	Fortran bool

	raw []byte
}

// Len returns the number of elements.
func (a *Array) Len() int {
	n := 1
	for _, d := range a.Shape {
		n *= d
	}
	return n
}

// IsText reports whether the elements are text.
func (a *Array) IsText() bool { return a.Kind == Bytes || a.Kind == Unicode }

// newArray checks the shape against the bytes.
func newArray(name string, shape []int, kind Kind, size int, raw []byte) (*Array, error) {
	a := &Array{Name: name, Shape: shape, Kind: kind, Size: size, raw: raw}
	left := len(raw)
	if size < 1 || size > maxBytes {
		return nil, a.fail("elements of %d bytes; 1 to %d are read", size, maxBytes)
	}
	empty := false
	for _, d := range shape {
		if d < 0 {
			return nil, a.fail("shape %v", shape)
		}
		empty = empty || d == 0
	}
	if empty {
		return a, nil
	}
	// Dividing instead of multiplying: the product of a made-up shape overflows.
	whole := left%size == 0
	left /= size
	for _, d := range shape {
		whole = whole && left%d == 0
		left /= d
	}
	if !whole || left != 1 {
		return nil, a.fail("%d bytes for the shape %v of elements of %d; the file is cut, or its header lies", len(raw), shape, size)
	}
	return a, nil
}

func (a *Array) fail(format string, args ...any) error {
	return &files.Error{File: a.Name, Offset: -1, Msg: fmt.Sprintf(format, args...)}
}

// offset returns where the bytes of element i, in the order where the last
// dimension runs fastest, are.
func (a *Array) offset(i int) int {
	if !a.Fortran {
		return i * a.Size
	}
	at, step := 0, 1
	rest := i
	for d := len(a.Shape) - 1; d >= 0; d-- {
		k := rest % a.Shape[d]
		rest /= a.Shape[d]
		step = 1
		for _, s := range a.Shape[:d] {
			step *= s
		}
		at += k * step
	}
	return at * a.Size
}

// At returns element i as a number; text is NaN.
func (a *Array) At(i int) float64 {
	o := a.offset(i)
	b := a.raw[o : o+a.Size]
	if a.IsText() {
		return math.NaN()
	}
	var v uint64
	switch a.Size {
	case 1:
		v = uint64(b[0])
	case 2:
		v = uint64(order(a.Big).Uint16(b))
	case 4:
		v = uint64(order(a.Big).Uint32(b))
	case 8:
		v = order(a.Big).Uint64(b)
	}
	switch a.Kind {
	case Int:
		shift := 64 - 8*a.Size
		return float64(int64(v<<shift) >> shift)
	case Uint:
		return float64(v)
	case Brain:
		return float64(math.Float32frombits(uint32(v) << 16))
	}
	switch a.Size {
	case 2:
		return half(uint16(v))
	case 4:
		return float64(math.Float32frombits(uint32(v)))
	}
	return math.Float64frombits(v)
}

// Integer returns element i of an array of whole numbers.
func (a *Array) Integer(i int) (v int, ok bool) {
	if a.Kind != Int && a.Kind != Uint {
		f := a.At(i)
		return int(f), f == math.Trunc(f) && math.Abs(f) < 1<<53
	}
	o := a.offset(i)
	b := a.raw[o : o+a.Size]
	var u uint64
	switch a.Size {
	case 1:
		u = uint64(b[0])
	case 2:
		u = uint64(order(a.Big).Uint16(b))
	case 4:
		u = uint64(order(a.Big).Uint32(b))
	case 8:
		u = order(a.Big).Uint64(b)
	}
	if a.Kind == Uint {
		return int(u), u <= math.MaxInt
	}
	shift := 64 - 8*a.Size
	return int(int64(u<<shift) >> shift), true
}

func order(big bool) binary.ByteOrder {
	if big {
		return binary.BigEndian
	}
	return binary.LittleEndian
}

// half returns the value of an IEEE 754 number of 16 bits.
func half(h uint16) float64 {
	sign := 1.0
	if h&0x8000 != 0 {
		sign = -1
	}
	exponent, fraction := int(h>>10&0x1f), float64(h&0x3ff)
	switch exponent {
	case 0:
		return sign * math.Ldexp(fraction, -24)
	case 31:
		if fraction != 0 {
			return math.NaN()
		}
		return math.Inf(int(sign))
	}
	return sign * math.Ldexp(1024+fraction, exponent-25)
}

// Text returns element i of an array of text.
func (a *Array) Text(i int) string {
	o := a.offset(i)
	b := a.raw[o : o+a.Size]
	if a.Kind == Bytes {
		return strings.TrimRight(string(b), "\x00")
	}
	var s strings.Builder
	for ; len(b) >= 4; b = b[4:] {
		r := order(a.Big).Uint32(b)
		if r == 0 {
			break
		}
		s.WriteRune(rune(min(r, 0x10ffff+1))) // what is no rune becomes U+FFFD
	}
	return s.String()
}
