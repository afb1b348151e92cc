package table

import (
	"context"
	"fmt"
	"io"
	"iter"
	"math"
	"runtime"
	"strconv"
	"unsafe"

	"github.com/miniunlearn/miniunlearn/data/files"
	"github.com/miniunlearn/miniunlearn/internal/parallel"
)

// Table is the rows of a file as they stand in it: numbers, categories, labels
// and ids, nothing measured or standardised yet.
type Table struct {
	// Labels are the names of the classes, sorted; Y[i] is the one of row i.
	// Names that are numbers are in their plainest notation: 1 for 1.00e+00.
	Labels []string
	Y      []int32
	// IDs or Keys are the ids of the rows, whole numbers or strings; both are
	// nil without a column of ids.
	IDs  []int
	Keys []string

	plan   *plan
	words  [][]string // of each column of categories: the names of its codes
	x      spool
	spans  []span
	memory int64
}

// span says on which lines rows of one batch stand.
type span struct {
	row, line int
	lines     []int32
}

// Read reads a table in CSV or a format like it, or in LIBSVM's: plain, gzip or
// zstd. Errors in it are *files.Errors with the line and the column.
func Read(ctx context.Context, path string, o Options) (*Table, error) {
	return ReadText(ctx, path, o, func() (io.ReadCloser, error) { return files.Open(path, files.Growth{}) })
}

// ReadText reads the text that open opens, which it does twice for sparse tables;
// errors call it name. A reader of another format hands its rows over as CSV.
func ReadText(ctx context.Context, name string, o Options, open func() (io.ReadCloser, error)) (*Table, error) {
	o, err := o.withDefaults()
	if err != nil {
		return nil, err
	}
	r, err := open()
	if err != nil {
		return nil, err
	}
	defer func() { r.Close() }()
	s := newSource(r, name, !o.Sparse)
	t := &Table{memory: o.Memory}
	t.x.limit = o.Memory
	blocks := s.blocks()
	if o.Sparse {
		if t.plan, err = planSparse(s); err != nil {
			return nil, err
		}
		r.Close()
		if r, err = open(); err != nil {
			return nil, err
		}
		s = newSource(r, name, false)
		s.size = max(256, min(blockSize, (16<<20)/t.plan.width))
		blocks = s.blocks()
	} else {
		first := s.block()
		if first == nil {
			return nil, &files.Error{File: name, Line: 1, Msg: "an empty file"}
		}
		if first.err != nil {
			return nil, first.err
		}
		if t.plan, err = planText(first, name, o); err != nil {
			return nil, err
		}
		rest := blocks
		blocks = func(yield func(*block) bool) {
			if yield(first) {
				rest(yield)
			}
		}
	}
	if err := t.readBlocks(ctx, s, blocks); err != nil {
		t.x.close()
		return nil, err
	}
	if err := t.finish(o); err != nil {
		t.x.close()
		return nil, err
	}
	return t, nil
}

// readBlocks has workers parse the blocks, and puts their batches together in
// order.
func (t *Table) readBlocks(ctx context.Context, s *source, blocks iter.Seq[*block]) error {
	p := t.plan
	codes := make([]words, len(p.columns))
	free := make(chan *batch, 64)
	parse := func(_ int, b *block) {
		if b.err != nil {
			return
		}
		select {
		case b.out = <-free:
		default:
			b.out = &batch{}
		}
		if p.sparse {
			b.err = p.parseSparse(b, b.out)
		} else {
			b.err = p.parse(b, b.out)
		}
	}
	for b := range parallel.Ordered(blocks, runtime.GOMAXPROCS(0), parse) {
		if err := ctx.Err(); err != nil {
			return fmt.Errorf("data: %s: %w", p.name, err)
		}
		if b.err != nil {
			return b.err
		}
		kept, err := t.take(b.out, codes)
		if err != nil {
			return err
		}
		if kept {
			b.out.x = nil
		}
		select {
		case free <- b.out:
		default:
		}
		s.recycle(b)
	}
	t.words = make([][]string, len(codes))
	for c := range codes {
		t.words[c] = codes[c].list
	}
	return nil
}

// take appends a batch, with its codes made those of the table.
func (t *Table) take(b *batch, codes []words) (kept bool, err error) {
	p := t.plan
	if b.rows == 0 {
		return false, nil
	}
	if len(t.Y)+b.rows > math.MaxInt32 {
		return false, &files.Error{File: p.name, Line: b.first, Msg: "more than 2³¹ rows"}
	}
	for c, w := range b.words {
		if len(w.list) == 0 {
			continue
		}
		global := make([]int32, len(w.list))
		for k, word := range w.list {
			global[k] = codes[c].of(unsafe.Slice(unsafe.StringData(word), len(word)))
		}
		if c == p.label {
			for i, y := range b.y {
				b.y[i] = global[y]
			}
			continue
		}
		for at := p.slots[c]; at < len(b.x); at += p.width {
			b.x[at] = float64(global[int(b.x[at])])
		}
	}
	t.spans = append(t.spans, span{len(t.Y), b.first, b.lines})
	t.Y = append(t.Y, b.y...)
	if p.id >= 0 {
		if b.keys != nil && t.Keys == nil {
			t.Keys = make([]string, 0, len(t.IDs)+len(b.keys))
			for _, v := range t.IDs {
				t.Keys = append(t.Keys, strconv.Itoa(v))
			}
			t.IDs = nil
		}
		switch {
		case b.keys != nil:
			t.Keys = append(t.Keys, b.keys...)
		case t.Keys != nil:
			for _, v := range b.ids {
				t.Keys = append(t.Keys, strconv.Itoa(v))
			}
		default:
			t.IDs = append(t.IDs, b.ids...)
		}
	}
	return t.x.add(b.x)
}

// Rows returns the number of rows.
func (t *Table) Rows() int { return len(t.Y) }

// Columns returns what the columns are, in the order of the file. Nothing is
// measured yet.
func (t *Table) Columns() []Column { return t.plan.columns }

// LabelColumn returns the name of the column of labels.
func (t *Table) LabelColumn() string { return t.plan.columns[t.plan.label].Name }

// Line returns the line of the file that row i begins on.
func (t *Table) Line(i int) int {
	lo, hi := 0, len(t.spans)
	for lo+1 < hi {
		if mid := (lo + hi) / 2; t.spans[mid].row <= i {
			lo = mid
		} else {
			hi = mid
		}
	}
	s := t.spans[lo]
	if s.lines != nil {
		return s.line + int(s.lines[i-s.row])
	}
	return s.line + i - s.row
}
