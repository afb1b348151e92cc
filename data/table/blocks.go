package table

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"iter"

	"github.com/miniunlearn/miniunlearn/data/files"
)

const (
	blockSize = 1 << 20
	// A record may have this many bytes: more is a quote that is not closed,
	// or no text.
	maxRecord = 16 << 20
)

// block is a piece of a file: whole records.
type block struct {
	text []byte
	line int // of its first byte, from 1
	out  *batch
	err  error
}

// source cuts a file into blocks.
type source struct {
	name   string
	r      io.Reader
	quotes bool // whether records may span lines within quotes
	size   int  // of a block
	held   []byte
	line   int
	begun  bool
	ended  bool
	free   chan []byte
}

func newSource(r io.Reader, name string, quotes bool) *source {
	return &source{name: name, r: r, quotes: quotes, size: blockSize, line: 1, free: make(chan []byte, 16)}
}

// blocks yields the blocks of the file; the last one may carry an error.
func (s *source) blocks() iter.Seq[*block] {
	return func(yield func(*block) bool) {
		for !s.ended {
			b := s.block()
			if b == nil || !yield(b) || b.err != nil {
				return
			}
		}
	}
}

func (s *source) buffer() []byte {
	select {
	case b := <-s.free:
		return b[:0]
	default:
		return make([]byte, 0, s.size+s.size/8)
	}
}

// recycle takes the text of a block back.
func (s *source) recycle(b *block) {
	if cap(b.text) <= 4*blockSize {
		select {
		case s.free <- b.text:
		default:
		}
	}
	b.text = nil
}

// block returns the next one, nil if only white space is left.
func (s *source) block() *block {
	b := &block{text: append(s.buffer(), s.held...), line: s.line}
	s.held = s.held[:0]
	want := s.size
	for {
		err := s.fill(b, want)
		if !s.begun {
			s.begun = true
			b.text = bytes.TrimPrefix(b.text, []byte("\ufeff"))
			if bytes.HasPrefix(b.text, []byte{0xff, 0xfe}) || bytes.HasPrefix(b.text, []byte{0xfe, 0xff}) {
				b.err = &files.Error{File: s.name, Line: 1, Msg: "UTF-16 text; save the file as UTF-8"}
				return b
			}
		}
		switch {
		case err == io.EOF:
			s.ended = true
			if len(b.text) == 0 {
				return nil
			}
			return b
		case err != nil:
			b.err = err
			return b
		}
		if end := s.lastRecord(b.text); end > 0 {
			s.held = append(s.held, b.text[end:]...)
			b.text = b.text[:end]
			s.line += bytes.Count(b.text, []byte{'\n'})
			return b
		}
		if len(b.text) > maxRecord {
			r := records{text: b.text, comma: ',', line: b.line}
			_, cause := r.next()
			if !s.quotes || errors.Is(cause, errOpen) {
				cause = nil
			}
			b.err = &files.Error{File: s.name, Line: b.line, Err: cause,
				Msg: fmt.Sprintf("a record of more than %d MiB; is a quote not closed, or is this not a text table?", maxRecord>>20)}
			return b
		}
		want = 2 * len(b.text)
	}
}

// fill reads until the block has at least want bytes, less only at the end.
func (s *source) fill(b *block, want int) error {
	for len(b.text) < want {
		if len(b.text) == cap(b.text) {
			b.text = append(b.text, 0)[:len(b.text)]
		}
		n, err := s.r.Read(b.text[len(b.text):min(cap(b.text), want)])
		b.text = b.text[:len(b.text)+n]
		if err != nil {
			return err
		}
	}
	return nil
}

// lastRecord returns the length of the whole records that text, which begins
// with a record, holds: up to the last line break outside quotes.
func (s *source) lastRecord(text []byte) int {
	end := bytes.LastIndexByte(text, '\n') + 1
	if !s.quotes {
		return end
	}
	quote := []byte{'"'}
	odd := bytes.Count(text[:end], quote)%2 != 0
	for odd {
		// That line break is within quotes; so is every one back to the quote.
		open := bytes.LastIndexByte(text[:end], '"')
		before := bytes.LastIndexByte(text[:open], '\n') + 1
		odd = odd != (bytes.Count(text[before:end], quote)%2 != 0)
		end = before
	}
	return end
}
