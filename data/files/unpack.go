package files

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"errors"
	"fmt"
	"io"

	"github.com/klauspost/compress/zstd"
)

// Growth bounds what a compressed file may grow to: Times its size, and Slack
// bytes. Deflate can reach a thousandfold and zstd far more, which is how a
// small file fills a machine. The zero value means 200 times and 64 MiB: text
// tables of zeros and ones reach fifty.
type Growth struct {
	Times, Slack int64
}

func (g Growth) orDefault() Growth {
	if g == (Growth{}) {
		return Growth{200, 64 << 20}
	}
	return g
}

// Reader is the content of a file, decompressed.
type Reader struct {
	name   string
	src    *counter // counts what is read of the file itself
	r      io.Reader
	closer func() error
	grow   Growth
	offset int64
}

// Open opens the file for reading its content.
func Open(path string, grow Growth) (*Reader, error) {
	f, err := Regular(path)
	if err != nil {
		return nil, err
	}
	r, err := NewReader(f, path, grow)
	if err != nil {
		f.Close()
		return nil, err
	}
	inner := r.closer
	r.closer = func() error { return errors.Join(inner(), f.Close()) }
	return r, nil
}

// NewReader reads r, whose name errors give, to its content.
func NewReader(r io.Reader, name string, grow Growth) (*Reader, error) {
	src := &counter{r: r}
	br := bufio.NewReaderSize(src, 1<<16)
	u := &Reader{name: name, src: src, r: br, closer: func() error { return nil }, grow: grow.orDefault()}
	switch magic, _ := br.Peek(4); {
	case bytes.HasPrefix(magic, []byte{0x1f, 0x8b}):
		zr, err := gzip.NewReader(br)
		if err != nil {
			return nil, u.damaged(err)
		}
		zr.Multistream(false)
		u.r = &members{zr, br}
	case bytes.Equal(magic, []byte{0x28, 0xb5, 0x2f, 0xfd}):
		// A window above 64 MiB is one that no usual level of zstd makes.
		zr, err := zstd.NewReader(br, zstd.WithDecoderConcurrency(1), zstd.WithDecoderMaxWindow(64<<20))
		if err != nil {
			return nil, u.damaged(err)
		}
		u.r, u.closer = zr, func() error { zr.Close(); return nil }
	default:
		u.grow = Growth{} // what is not compressed does not grow
	}
	return u, nil
}

// Read implements io.Reader. Its errors are *Errors, but for io.EOF.
func (u *Reader) Read(p []byte) (int, error) {
	n, err := u.r.Read(p)
	u.offset += int64(n)
	switch {
	case u.grow != (Growth{}) && u.offset > u.grow.Times*u.src.n+u.grow.Slack:
		return 0, &Error{File: u.name, Offset: u.offset, Msg: fmt.Sprintf("%d compressed bytes grow beyond %d times; if the file is right, unpack it first", u.src.n, u.grow.Times)}
	case err == nil || err == io.EOF:
		return n, err
	}
	return n, u.damaged(err)
}

// Progress returns the bytes that were read of the file itself, and of its content.
func (u *Reader) Progress() (packed, content int64) { return u.src.n, u.offset }

// Close closes the file.
func (u *Reader) Close() error { return u.closer() }

func (u *Reader) damaged(err error) error {
	msg := "a damaged compressed file; fetch it again"
	if errors.Is(err, io.ErrUnexpectedEOF) {
		msg = "damaged: it ends within its compressed content; fetch it again"
	}
	return &Error{File: u.name, Offset: u.offset, Msg: msg, Err: err}
}

// members reads gzip members one after the other, up to the end of the file or
// the zeros that it is padded with.
type members struct {
	zr *gzip.Reader
	br *bufio.Reader
}

func (m *members) Read(p []byte) (int, error) {
	for {
		n, err := m.zr.Read(p)
		if n > 0 || err == nil {
			return n, nil
		}
		if err != io.EOF {
			return 0, err
		}
		if next, err := m.br.Peek(1); err != nil {
			return 0, err // io.EOF
		} else if next[0] == 0 {
			return 0, m.padding()
		}
		if err := m.zr.Reset(m.br); err != nil {
			return 0, fmt.Errorf("what follows the first gzip member: %w", err)
		}
		m.zr.Multistream(false)
	}
}

// padding reads zeros to the end of the file.
func (m *members) padding() error {
	for {
		b, err := m.br.ReadByte()
		if err != nil {
			return err
		}
		if b != 0 {
			return errors.New("zeros and then other bytes follow the last gzip member")
		}
	}
}

// counter counts what passes.
type counter struct {
	r io.Reader
	n int64
}

func (c *counter) Read(p []byte) (int, error) {
	n, err := c.r.Read(p)
	c.n += int64(n)
	return n, err
}
