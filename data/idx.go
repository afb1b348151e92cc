package data

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math"

	"github.com/miniunlearn/miniunlearn/data/files"
)

// IDX is the content of one file in the IDX format of unsigned bytes, the
// format of MNIST: a big-endian header (two zero bytes, the element type 8,
// the number of dimensions, four bytes for each dimension), then the elements,
// the last dimension running fastest.
type IDX struct {
	Name  string // for error messages
	Dims  []int
	Bytes []byte // as many as the product of Dims
}

const (
	idxUnsigned = 8 // the element type "unsigned byte"
	maxIDXRank  = 8 // more dimensions than any data set has
	firstChunk  = 64 << 10

	// A gzipped file may grow by this factor and this constant, no more.
	// MNIST grows fivefold, its labels twofold; deflate can reach a
	// thousandfold, which is how a small file fills a machine.
	maxGzipRatio = 32
	gzipSlack    = 4 << 20
)

// ReadIDX reads an IDX file of unsigned bytes, plain or gzipped (told apart by
// the first two bytes), to its end; name stands for r in errors. What is not
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
	dims, total, err := src.header()
	if err != nil {
		return nil, err
	}
	payload, err := src.payload(total)
	if err != nil {
		return nil, err
	}
	return &IDX{Name: name, Dims: dims, Bytes: payload}, nil
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

// header returns the dimensions and their product.
func (s *idxSource) header() (dims []int, total int, err error) {
	var buf [4 * maxIDXRank]byte
	if err := s.full(buf[:4], "the header"); err != nil {
		return nil, 0, err
	}
	if buf[0] != 0 || buf[1] != 0 {
		return nil, 0, s.fail(nil, "starts with % x, not with two zero bytes: not an IDX file", buf[:2])
	}
	if buf[2] != idxUnsigned {
		return nil, 0, s.fail(nil, "element type %#x; only unsigned bytes (%#x) are read", buf[2], idxUnsigned)
	}
	rank := int(buf[3])
	if rank < 1 || rank > maxIDXRank {
		return nil, 0, s.fail(nil, "%d dimensions; 1 to %d are read", rank, maxIDXRank)
	}
	if err := s.full(buf[:4*rank], "the header"); err != nil {
		return nil, 0, err
	}
	dims = make([]int, rank)
	empty := false
	for k := range dims {
		d := binary.BigEndian.Uint32(buf[4*k:])
		if d > math.MaxInt32 {
			return nil, 0, s.fail(nil, "dimension %d is %d, above %d: a damaged header", k, d, math.MaxInt32)
		}
		dims[k] = int(d)
		empty = empty || d == 0
	}
	if empty {
		return dims, 0, nil
	}
	total = 1
	for _, d := range dims {
		if total > math.MaxInt/d {
			return nil, 0, s.fail(nil, "dimensions %v: their product overflows: a damaged header", dims)
		}
		total *= d
	}
	return dims, total, nil
}

// payload reads exactly total bytes and then the end of the file. The buffer
// at most doubles each time it has really been filled.
func (s *idxSource) payload(total int) ([]byte, error) {
	buf := make([]byte, min(total, firstChunk))
	for have := 0; ; {
		// In steps of firstChunk, so that a bomb is noticed early.
		for have < len(buf) {
			end := min(len(buf), have+firstChunk)
			if err := s.full(buf[have:end], fmt.Sprintf("the %d elements that its header claims", total)); err != nil {
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
		return nil, s.fail(nil, "more bytes follow the %d elements that the header claims; header and content disagree", total)
	case errors.As(err, new(*FormatError)):
		return nil, err
	case !errors.Is(err, io.EOF):
		return nil, s.fail(err, "damaged; fetch the file again")
	}
	return buf, nil
}
