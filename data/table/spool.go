package table

import (
	"fmt"
	"iter"
	"os"
	"runtime"
	"unsafe"

	"github.com/miniunlearn/miniunlearn/internal/parallel"
)

// spool keeps rows of numbers in the order they come: in memory, and from a
// limit on in a temporary file that is gone with the process.
type spool struct {
	limit  int64 // bytes
	size   int64
	chunks [][]float64
	file   *os.File
	sizes  []int // of the pieces, in numbers: the same in memory and in the file
}

// add appends numbers and reports whether it keeps the slice.
func (s *spool) add(x []float64) (kept bool, err error) {
	s.size += int64(len(x)) * 8
	s.sizes = append(s.sizes, len(x))
	if s.file == nil && s.size <= s.limit {
		s.chunks = append(s.chunks, x)
		return true, nil
	}
	if s.file == nil {
		if s.file, err = Temporary(); err != nil {
			return false, err
		}
		for _, c := range s.chunks {
			if err := s.write(c); err != nil {
				return false, err
			}
		}
		s.chunks = nil
	}
	return false, s.write(x)
}

func (s *spool) write(x []float64) error {
	if len(x) == 0 {
		return nil
	}
	raw := unsafe.Slice((*byte)(unsafe.Pointer(&x[0])), 8*len(x))
	if _, err := s.file.Write(raw); err != nil {
		return fmt.Errorf("data: temporary file: %w; free disk space, or name another folder with TMPDIR", err)
	}
	return nil
}

// piece is a run of rows.
type piece struct {
	row int // the first
	x   []float64
	err error
	out any // what was made of it
}

// pieces calls f with pieces of rows of the given width, several at a time, and
// then with each whose turn it is, in order. Pieces are the same in every run.
func (s *spool) pieces(width int, f func(p *piece), then func(p *piece) error) error {
	do := func(_ int, p *piece) {
		if p.err == nil {
			f(p)
		}
	}
	for p := range parallel.Ordered(s.all(width), runtime.GOMAXPROCS(0), do) {
		if p.err != nil {
			return p.err
		}
		if then == nil {
			continue
		}
		if err := then(p); err != nil {
			return err
		}
	}
	return nil
}

func (s *spool) all(width int) iter.Seq[*piece] {
	return func(yield func(*piece) bool) {
		row := 0
		for _, c := range s.chunks {
			if !yield(&piece{row: row, x: c}) {
				return
			}
			row += len(c) / width
		}
		if s.file == nil {
			return
		}
		at := int64(0)
		for _, n := range s.sizes {
			x := make([]float64, n)
			raw := unsafe.Slice((*byte)(unsafe.Pointer(&x[0])), 8*n)
			p := &piece{row: row, x: x}
			if _, err := s.file.ReadAt(raw, at); err != nil {
				p.err = fmt.Errorf("data: temporary file: %w", err)
			}
			if !yield(p) {
				return
			}
			at += int64(len(raw))
			row += n / width
		}
	}
}

// rows calls f with all rows, one after the other. A row is f's until it
// returns.
func (s *spool) rows(width int, f func(i int, row []float64) error) error {
	return s.pieces(width, func(*piece) {}, func(p *piece) error {
		for k := 0; k*width < len(p.x); k++ {
			if err := f(p.row+k, p.x[k*width:(k+1)*width]); err != nil {
				return err
			}
		}
		return nil
	})
}

func (s *spool) close() {
	if s.file != nil {
		s.file.Close()
	}
	s.chunks, s.file = nil, nil
}
