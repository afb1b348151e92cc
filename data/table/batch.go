package table

import (
	"bytes"
	"fmt"
	"math"
	"strconv"

	"github.com/miniunlearn/miniunlearn/data/files"
)

// plan says what to take from every record. It is fixed before the records are
// read, and shared by all workers.
type plan struct {
	name      string
	separator byte
	comment   byte
	sparse    bool
	columns   []Column
	slots     []int // of each column: its place in a row of a batch, or -1
	width     int   // numbers and categories
	label, id int   // columns; id is -1 where there is none
	sampled   int   // records that the kinds were inferred from
	na        map[string]bool
	longestNA int
	policy    string
}

// batch is what the workers make of a block.
type batch struct {
	first int     // line of the first row
	lines []int32 // of the rows, less first; nil if they are 0, 1, 2 …
	rows  int
	x     []float64 // rows × width: numbers, NaN for a missing one, and local codes of categories
	y     []int32   // local codes of labels
	words []words   // of each column that has codes, by column; else empty
	ids   []int     // as long as all are whole numbers,
	keys  []string  // from then on these
}

// words numbers what occurs in a column.
type words struct {
	code map[string]int32
	list []string
}

func (w *words) of(b []byte) int32 {
	if c, ok := w.code[string(b)]; ok { // does not allocate
		return c
	}
	if w.code == nil {
		w.code = map[string]int32{}
	}
	s := string(b)
	c := int32(len(w.list))
	w.code[s] = c
	w.list = append(w.list, s)
	return c
}

// isNA reports whether a trimmed field stands for a missing value.
func (p *plan) isNA(field []byte) bool { return len(field) <= p.longestNA && p.na[string(field)] }

// trim takes white space off both ends.
func trim(b []byte) []byte {
	for len(b) > 0 && (b[0] == ' ' || b[0] == '\t') {
		b = b[1:]
	}
	for len(b) > 0 && (b[len(b)-1] == ' ' || b[len(b)-1] == '\t' || b[len(b)-1] == '\r') {
		b = b[:len(b)-1]
	}
	return b
}

// fail returns an error about a column of the row at line.
func (p *plan) fail(line, column int, format string, a ...any) error {
	e := &files.Error{File: p.name, Line: line, Msg: fmt.Sprintf(format, a...)}
	if column >= 0 && column < len(p.columns) {
		e.Column = p.columns[column].Name
	}
	return e
}

// parse makes the batch of a block of a CSV file.
func (p *plan) parse(b *block, out *batch) error {
	r := records{text: b.text, comma: p.separator, skip: p.comment, line: b.line}
	var arena []byte // the text of keys, which are cut out of one string at the end
	var ends []int
	out.reset(b.line, p)
	out.room(b.text, len(p.columns), p.width)
	for {
		if p.id < 0 && p.comment == 0 && p.plain(&r, out) {
			continue
		}
		ok, err := r.next()
		if err != nil {
			return p.fail(r.at, r.column, "%v", err)
		}
		if !ok {
			break
		}
		if len(r.fields) != len(p.columns) {
			return p.fail(r.at, -1, "%d fields; the first line has %d", len(r.fields), len(p.columns))
		}
		dropped, err := p.row(r.fields, r.at, out)
		if err != nil {
			return err
		}
		if dropped {
			continue
		}
		if p.id >= 0 {
			if arena, ends, err = p.addID(trim(r.fields[p.id]), r.at, out, arena, ends); err != nil {
				return err
			}
		}
		out.placed(r.at)
	}
	out.cutKeys(arena, ends)
	return nil
}

// plain takes the next record in one go if it is a usual one: numbers where
// numbers belong, nothing quoted, nothing missing. It reports false, and has
// taken nothing, if the record has to be looked at more closely.
func (p *plan) plain(r *records, out *batch) bool {
	if len(r.text) == 0 {
		return false
	}
	base := len(out.x)
	row := out.x[base:][:p.width]
	text, i := r.text, 0
	last := len(p.columns) - 1
	var label []byte
	for c := range p.columns {
		slot := p.slots[c]
		if p.columns[c].Kind == Number {
			if i+1 < len(text) && text[i]-'0' <= 9 && text[i+1] == p.separator { // as in a column of 0 and 1
				row[slot] = float64(text[i] - '0')
				if i++; c < last {
					i++
					continue
				}
			}
			v, next := numberAt(text, i)
			if next < 0 {
				return false
			}
			row[slot] = v
			i = next
		} else {
			from := i
			for i < len(text) && text[i] != p.separator && text[i] != '\n' {
				if text[i] == '"' {
					return false
				}
				i++
			}
			if slot >= 0 || c == p.label {
				field := trim(text[from:i])
				if p.isNA(field) {
					return false
				}
				if c == p.label {
					label = field
				} else {
					row[slot] = float64(out.words[c].of(field))
				}
			}
		}
		if c < last {
			if i >= len(text) || text[i] != p.separator {
				return false
			}
			i++
			continue
		}
		if i < len(text) && text[i] == '\r' {
			i++
		}
		if i < len(text) && text[i] != '\n' {
			return false
		}
		i++
	}
	out.x = out.x[:base+p.width]
	out.y = append(out.y, out.words[p.label].of(label))
	r.text = text[min(i, len(text)):]
	r.at = r.line
	r.line++
	out.placed(r.at)
	return true
}

// row appends what a record says to the batch, or reports that it is dropped
// for a missing value.
func (p *plan) row(fields [][]byte, line int, out *batch) (dropped bool, err error) {
	base := len(out.x)
	out.x = out.x[:base+p.width]
	row := out.x[base:]
	for c, field := range fields {
		slot := p.slots[c]
		if slot < 0 && c != p.label {
			continue
		}
		field = trim(field)
		if kind := p.columns[c].Kind; kind == Number {
			// Most fields are numbers, so that looks come first.
			v, ok := number(field)
			if ok {
				row[slot] = v
				continue
			}
			if !p.isNA(field) {
				return false, p.fail(line, c, "%q is not a finite number, as the first %d records have there; correct it, or say what it is: na=… if it stands for a missing value, categorical=… or drop=… for the column", abridge(string(field)), p.sampled)
			}
		} else if !p.isNA(field) {
			code := out.words[c].of(field)
			if c == p.label {
				out.y = append(out.y, code)
			} else {
				row[slot] = float64(code)
			}
			continue
		}
		switch {
		case p.policy == "drop":
			out.x = out.x[:base]
			out.y = out.y[:out.rows]
			return true, nil
		case c == p.label || p.policy == "error":
			return false, p.fail(line, c, "no value (%q); say what to do about missing values with missing=drop, mean, median or zero", field)
		case p.columns[c].Kind == Number:
			row[slot] = math.NaN()
		default:
			row[slot] = float64(out.words[c].of(nil))
		}
	}
	return false, nil
}

// addID appends the id of a row.
func (p *plan) addID(field []byte, line int, out *batch, arena []byte, ends []int) ([]byte, []int, error) {
	if p.isNA(field) {
		return nil, nil, p.fail(line, p.id, "no id (%q); every row needs one", field)
	}
	if ends == nil {
		if v, ok := integer(field); ok {
			out.ids = append(out.ids, v)
			return arena, ends, nil
		}
		ends = make([]int, 0, cap(out.ids)+64)
		for _, v := range out.ids {
			arena = strconv.AppendInt(arena, int64(v), 10)
			ends = append(ends, len(arena))
		}
		out.ids = out.ids[:0]
	}
	arena = append(arena, field...)
	return arena, append(ends, len(arena)), nil
}

func (b *batch) cutKeys(arena []byte, ends []int) {
	if ends == nil {
		return
	}
	all := string(arena)
	from := 0
	for _, end := range ends {
		b.keys = append(b.keys, all[from:end])
		from = end
	}
}

// placed ends a row that stands at line.
func (b *batch) placed(line int) {
	if b.lines == nil && line != b.first+b.rows {
		b.lines = make([]int32, b.rows, 2*b.rows+64)
		for i := range b.lines {
			b.lines[i] = int32(i)
		}
	}
	if b.lines != nil {
		b.lines = append(b.lines, int32(line-b.first))
	}
	b.rows++
}

// reset makes b an empty batch that has room for all rows of a block.
func (b *batch) reset(line int, p *plan) {
	*b = batch{first: line, x: b.x[:0], y: b.y[:0], ids: b.ids[:0], words: make([]words, len(p.columns))}
}

// room makes room for the rows of text, in which a record of so many columns
// takes a byte each at least.
func (b *batch) room(text []byte, columns, width int) {
	rows := min(bytes.Count(text, []byte{'\n'}), len(text)/columns) + 1
	if cap(b.x) < rows*width {
		b.x = make([]float64, 0, rows*width)
	}
}
