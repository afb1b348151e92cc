package table

import (
	"bytes"
	"fmt"
	"strconv"

	"github.com/miniunlearn/miniunlearn/data/files"
)

// maxFeatures is how many features an example may have, and a table columns.
const maxFeatures = 100_000

// eachPair calls f with every index, from 1, and value of a line of LIBSVM's
// format, in their order, and returns the label. A line that says nothing has
// no label.
func (p *plan) eachPair(text []byte, line int, f func(index int, value float64)) (label []byte, err error) {
	if i := bytes.IndexByte(text, '#'); i >= 0 {
		text = text[:i]
	}
	label, text = word(text)
	last := 0
	for {
		var pair []byte
		if pair, text = word(text); pair == nil {
			return label, nil
		}
		colon := bytes.IndexByte(pair, ':')
		if colon < 0 {
			return nil, p.fail(line, -1, "%q is not index:value", abridge(string(pair)))
		}
		if string(pair[:colon]) == "qid" {
			continue // which query a row of a ranking belongs to
		}
		index, ok := integer(pair[:colon])
		if !ok || index < 1 || index > maxFeatures {
			return nil, p.fail(line, -1, "%q is not an index from 1 to %d", abridge(string(pair[:colon])), maxFeatures)
		}
		if index <= last {
			return nil, p.fail(line, -1, "index %d follows %d; indices increase", index, last)
		}
		last = index
		v, ok := number(pair[colon+1:])
		if !ok {
			return nil, p.fail(line, -1, "index %d: %q is not a finite number", index, abridge(string(pair[colon+1:])))
		}
		f(index, v)
	}
}

// word takes the first word off a line.
func word(text []byte) (first, rest []byte) {
	text = trim(text)
	if len(text) == 0 {
		return nil, nil
	}
	if end := bytes.IndexAny(text, " \t"); end >= 0 {
		return text[:end], text[end:]
	}
	return text, nil
}

// eachLine calls f with the lines of a block.
func (b *block) eachLine(f func(text []byte, line int) error) error {
	text, line := b.text, b.line
	for len(text) > 0 {
		end := bytes.IndexByte(text, '\n')
		this := text
		if text = nil; end >= 0 {
			this, text = this[:end], this[end+1:]
		}
		if err := f(this, line); err != nil {
			return err
		}
		line++
	}
	return nil
}

// parseSparse makes the batch of a block of a LIBSVM file. Features that a line
// does not have are 0.
func (p *plan) parseSparse(b *block, out *batch) error {
	out.reset(b.line, p)
	return b.eachLine(func(text []byte, line int) error {
		base := len(out.x)
		out.x = append(out.x, make([]float64, p.width)...)
		label, err := p.eachPair(text, line, func(index int, v float64) { out.x[base+index-1] = v })
		if err != nil {
			return err
		}
		if label == nil {
			out.x = out.x[:base]
			return nil
		}
		if _, ok := number(label); !ok {
			return p.fail(line, p.label, "%q is not a number; a line begins with its label", abridge(string(label)))
		}
		out.y = append(out.y, out.words[p.label].of(label))
		out.placed(line)
		return nil
	})
}

// planSparse reads a LIBSVM file once, for its largest index.
func planSparse(s *source) (*plan, error) {
	p := &plan{name: s.name, sparse: true, id: -1}
	var rows, width, size int64
	for b := range s.blocks() {
		if b.err != nil {
			return nil, b.err
		}
		err := b.eachLine(func(text []byte, line int) error {
			label, err := p.eachPair(text, line, func(index int, _ float64) { width = max(width, int64(index)) })
			if label != nil {
				rows++
			}
			return err
		})
		if err != nil {
			return nil, err
		}
		size += int64(len(b.text))
		s.recycle(b)
	}
	if rows == 0 || width == 0 {
		return nil, &files.Error{File: s.name, Line: 1, Msg: "no rows with features in it"}
	}
	// Nearly empty rows of many features would take far more memory than the
	// file has bytes.
	const times, slack = 1000, 16 << 20
	if rows*width*4 > times*size+slack {
		return nil, &files.Error{File: s.name, Line: 1, Msg: fmt.Sprintf("%d rows of %d features take %d MiB when zeros are written out, as is done here: %d times the file; take fewer features", rows, width, rows*width*4>>20, rows*width*4/size)}
	}
	for i := range width {
		p.columns = append(p.columns, Column{Name: strconv.FormatInt(i+1, 10), Kind: Number})
		p.slots = append(p.slots, int(i))
	}
	p.width, p.label = int(width), int(width)
	p.columns = append(p.columns, Column{Name: "label", Kind: Label})
	p.slots = append(p.slots, -1)
	return p, nil
}
