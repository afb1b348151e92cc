package table

import "fmt"

// Encode writes the features of row i, as the columns have them, to the slice
// that to returns for it; nil leaves the row out. Rows are encoded several at a
// time. The columns are those that Fit returned for this table, or for another of
// the same columns.
func (t *Table) Encode(columns []Column, to func(i int) []float32) error {
	steps, err := t.steps(columns)
	if err != nil {
		return err
	}
	width := t.plan.width
	return t.x.pieces(width, func(p *piece) {
		for k := 0; k*width < len(p.x); k++ {
			dst := to(p.row + k)
			if dst == nil {
				continue
			}
			if err := t.encode(steps, dst, p.x[k*width:(k+1)*width], p.row+k); err != nil {
				p.err = err
				return
			}
		}
	}, nil)
}

// encode writes the features of row i, in the table's own numbers and codes.
func (t *Table) encode(steps []step, dst []float32, row []float64, i int) error {
	at := 0
	for s := range steps {
		s := &steps[s]
		v := row[s.slot]
		if s.codes == nil {
			if v != v {
				if s.column.Fill == nil {
					return t.plan.fail(t.Line(i), s.at, "no value; nothing was said about missing ones when the data were prepared")
				}
				v = *s.column.Fill
			}
			s.column.number(dst[at:], v)
			if f := dst[at]; f-f != 0 {
				return t.plan.fail(t.Line(i), s.at, "%g is too large for a float32 feature", v)
			}
			at++
			continue
		}
		k := s.codes[int(v)]
		if k < 0 {
			_, err := s.column.find(t.words[s.at][int(v)])
			return t.plan.fail(t.Line(i), s.at, "%v", err)
		}
		end := at + s.column.Features()
		s.column.category(dst[at:end], k)
		at = end
	}
	return nil
}

// step encodes one column.
type step struct {
	at     int // of the column
	slot   int
	column *Column
	codes  []int // of a column of categories: this table's codes to those of the column, −1 for an unseen one
}

func (t *Table) steps(columns []Column) ([]step, error) {
	p := t.plan
	if len(columns) != len(p.columns) {
		return nil, fmt.Errorf("data: %s has %d columns, the data it was prepared with %d", p.name, len(p.columns), len(columns))
	}
	var steps []step
	for c := range columns {
		col := &columns[c]
		if col.Name != p.columns[c].Name || col.Kind != p.columns[c].Kind {
			return nil, fmt.Errorf("data: %s: column %d is %q, a %s, where the data that it was prepared with have %q, a %s", p.name, c+1, p.columns[c].Name, p.columns[c].Kind, col.Name, col.Kind)
		}
		switch col.Kind {
		case Number:
			steps = append(steps, step{c, p.slots[c], col, nil})
		case Category:
			s := step{c, p.slots[c], col, make([]int, len(t.words[c]))}
			for k, w := range t.words[c] {
				var err error
				if s.codes[k], err = col.find(w); err != nil {
					s.codes[k] = -1
				}
			}
			steps = append(steps, s)
		}
	}
	return steps, nil
}

// Close frees what the table holds in memory or in a temporary file.
func (t *Table) Close() { t.x.close() }
