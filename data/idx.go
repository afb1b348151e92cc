package data

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math"

	"github.com/miniunlearn/miniunlearn/data/files"
)

// IDX is the content of one file in the IDX format, that of MNIST: a big-endian
// header (two zero bytes, the type of the elements, the number of dimensions,
// four bytes for each dimension), then the elements, big-endian, the last
// dimension running fastest.
type IDX struct {
	Name  string // for error messages
	Dims  []int
	Type  IDXType // 0 means unsigned bytes
	Bytes []byte  // the product of Dims times Type.Size()
}

// IDXType is the type of the elements of an IDX file, as its header has it.
type IDXType byte

// The types of elements.
const (
	IDXUint8   IDXType = 0x08
	IDXInt8    IDXType = 0x09
	IDXInt16   IDXType = 0x0b
	IDXInt32   IDXType = 0x0c
	IDXFloat32 IDXType = 0x0d
	IDXFloat64 IDXType = 0x0e
)

// Size returns the bytes of one element, 0 of an unknown type.
func (t IDXType) Size() int {
	switch t {
	case 0, IDXUint8, IDXInt8:
		return 1
	case IDXInt16:
		return 2
	case IDXInt32, IDXFloat32:
		return 4
	case IDXFloat64:
		return 8
	}
	return 0
}

// Len returns the number of elements.
func (x *IDX) Len() int { return len(x.Bytes) / x.Type.Size() }

// At returns element i as a number.
func (x *IDX) At(i int) float64 {
	b := x.Bytes[i*x.Type.Size():]
	switch x.Type {
	case IDXInt8:
		return float64(int8(b[0]))
	case IDXInt16:
		return float64(int16(binary.BigEndian.Uint16(b)))
	case IDXInt32:
		return float64(int32(binary.BigEndian.Uint32(b)))
	case IDXFloat32:
		return float64(math.Float32frombits(binary.BigEndian.Uint32(b)))
	case IDXFloat64:
		return math.Float64frombits(binary.BigEndian.Uint64(b))
	}
	return float64(b[0])
}

const (
	maxIDXRank = 8 // more dimensions than any data set has
	firstChunk = 64 << 10

	// A gzipped file may grow by this factor and this constant, no more.
	// MNIST grows fivefold, its labels twofold; deflate can reach a
	// thousandfold, which is how a small file fills a machine.
	maxGzipRatio = 32
	gzipSlack    = 4 << 20
)

// ReadIDX reads an IDX file of any type and up to eight dimensions, plain, gzipped
// or zstd (told apart by the first bytes), to its end; name stands for r in errors. What is not
// exactly such a file is a [*FormatError].
//
// The memory used is bounded by a small multiple of the bytes that r gives,
// whatever the header says. A gzip stream that grows beyond 32 times its size
// plus 4 MiB is refused; unpacked, the same file is read.
func ReadIDX(r io.Reader, name string) (*IDX, error) {
	content, err := files.NewReader(r, name, files.Growth{Times: maxGzipRatio, Slack: gzipSlack})
	if err != nil {
		return nil, err
	}
	defer content.Close()
	src := &idxSource{name: name, r: content}
	of, dims, total, err := src.header()
	if err != nil {
		return nil, err
	}
	payload, err := src.payload(total)
	if err != nil {
		return nil, err
	}
	return &IDX{Name: name, Dims: dims, Type: of, Bytes: payload}, nil
}

// idxSource reads the decompressed content and knows where in it it is.
type idxSource struct {
	name   string
	r      io.Reader
	offset int64
}

func (s *idxSource) fail(err error, format string, a ...any) error {
	return &FormatError{File: s.name, Offset: s.offset, Msg: fmt.Sprintf(format, a...), Err: err}
}

// full fills buf, or says what was cut off.
func (s *idxSource) full(buf []byte, what string) error {
	n, err := io.ReadFull(s.r, buf)
	s.offset += int64(n)
	switch {
	case err == nil:
		return nil
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
		return s.fail(io.ErrUnexpectedEOF, "the file ends within %s; fetch it again", what)
	case errors.As(err, new(*FormatError)):
		return err // which says it all
	default:
		return s.fail(err, "cannot read %s", what)
	}
}

// header returns the type, the dimensions and the bytes of all elements.
func (s *idxSource) header() (of IDXType, dims []int, total int, err error) {
	var buf [4 * maxIDXRank]byte
	if err := s.full(buf[:4], "the header"); err != nil {
		return 0, nil, 0, err
	}
	if buf[0] != 0 || buf[1] != 0 {
		return 0, nil, 0, s.fail(nil, "starts with % x, not with two zero bytes: not an IDX file", buf[:2])
	}
	of = IDXType(buf[2])
	if of == 0 || of.Size() == 0 {
		return 0, nil, 0, s.fail(nil, "element type %#x is none of IDX", buf[2])
	}
	rank := int(buf[3])
	if rank < 1 || rank > maxIDXRank {
		return 0, nil, 0, s.fail(nil, "%d dimensions; 1 to %d are read", rank, maxIDXRank)
	}
	if err := s.full(buf[:4*rank], "the header"); err != nil {
		return 0, nil, 0, err
	}
	dims = make([]int, rank)
	empty := false
	for k := range dims {
		d := binary.BigEndian.Uint32(buf[4*k:])
		if d > math.MaxInt32 {
			return 0, nil, 0, s.fail(nil, "dimension %d is %d, above %d: a damaged header", k, d, math.MaxInt32)
		}
		dims[k] = int(d)
		empty = empty || d == 0
	}
	if empty {
		return of, dims, 0, nil
	}
	total = of.Size()
	for _, d := range dims {
		if total > math.MaxInt/d {
			return 0, nil, 0, s.fail(nil, "dimensions %v: their product overflows: a damaged header", dims)
		}
		total *= d
	}
	return of, dims, total, nil
}

// payload reads exactly total bytes and then the end of the file. The buffer
// at most doubles each time it has really been filled.
func (s *idxSource) payload(total int) ([]byte, error) {
	buf := make([]byte, min(total, firstChunk))
	for have := 0; ; {
		// In steps of firstChunk, so that a bomb is noticed early.
		for have < len(buf) {
			end := min(len(buf), have+firstChunk)
			if err := s.full(buf[have:end], fmt.Sprintf("the %d bytes of elements that its header claims", total)); err != nil {
				return nil, err
			}
			have = end
		}
		if have == total {
			break
		}
		grown := make([]byte, have+min(have, total-have))
		copy(grown, buf)
		buf = grown
	}
	// Reading the end also makes gzip check its checksum.
	var one [1]byte
	switch n, err := io.ReadFull(s.r, one[:]); {
	case n > 0:
		return nil, s.fail(nil, "more bytes follow the %d of the elements that the header claims; header and content disagree", total)
	case errors.As(err, new(*FormatError)):
		return nil, err
	case !errors.Is(err, io.EOF):
		return nil, s.fail(err, "damaged; fetch the file again")
	}
	return buf, nil
}
