package table

import (
	"fmt"
	"math"
	"slices"

	"github.com/miniunlearn/miniunlearn/data/files"
)

// Fit measures the columns on the rows that train reports: means and deviations
// of numbers, what replaces missing ones, and which categories there are. The
// columns it returns encode these and other rows.
//
// A number that is the same in all training rows gets the deviation 1, as
// data.Stats has it.
func (t *Table) Fit(o Options, train func(i int) bool) ([]Column, error) {
	o, err := o.withDefaults()
	if err != nil {
		return nil, err
	}
	p := t.plan
	columns := slices.Clone(p.columns)
	if err := t.fitNumbers(columns, o, train); err != nil {
		return nil, err
	}
	if err := t.fitCategories(columns, o, train); err != nil {
		return nil, err
	}
	features := 0
	for c := range columns {
		features += columns[c].Features()
	}
	if features > maxFeatures {
		return nil, &files.Error{File: p.name, Line: 1, Msg: fmt.Sprintf("%d features once every category has one; %d are handled: leave columns out with drop=… or say codes=yes", features, maxFeatures)}
	}
	return columns, nil
}

// fitNumbers measures the columns of numbers, in two passes: sums of squares
// less squares of sums cancel.
func (t *Table) fitNumbers(columns []Column, o Options, train func(i int) bool) error {
	p := t.plan
	m := make([]measure, p.width)
	numbers := p.numbers()
	err := t.x.pieces(p.width, func(q *piece) {
		part := make([]measure, p.width)
		t.eachNumber(q, numbers, train, func(s int, v float64) { part[s].add(v) })
		q.out = part
	}, func(q *piece) error {
		for s, part := range q.out.([]measure) {
			m[s].merge(part)
		}
		return nil
	})
	if err != nil {
		return err
	}
	medians := map[int]float64{}
	if o.Missing == "median" {
		if medians, err = t.medians(numbers, train); err != nil {
			return err
		}
	}
	fill := make([]float64, p.width)
	for c := range columns {
		s := p.slots[c]
		if columns[c].Kind != Number {
			continue
		}
		m := &m[s]
		if m.count == 0 {
			return &files.Error{File: p.name, Line: 1, Column: columns[c].Name, Msg: "no training row has a value; leave the column out with drop=…"}
		}
		mean := m.sum / m.count
		if math.IsInf(m.sum, 0) {
			return &files.Error{File: p.name, Line: 1, Column: columns[c].Name, Msg: "its values are too large to be added up; leave the column out or change its unit"}
		}
		switch o.Missing {
		case "mean":
			fill[s] = mean
		case "median":
			fill[s] = medians[s]
		case "zero":
			fill[s] = 0
		default:
			continue
		}
		columns[c].Fill = &fill[s]
	}
	if o.Raw {
		for c := range columns {
			if columns[c].Kind == Number {
				columns[c].Mean, columns[c].Std = 0, 1
			}
		}
		return nil
	}
	// What is standardised is what is learned from: missing values count as
	// what replaces them.
	n := 0.0
	filled := make([]float64, p.width)
	for i := range t.Rows() {
		if train(i) {
			n++
		}
	}
	for s := range m {
		if missing := n - m[s].count; missing > 0 {
			m[s].sum += missing * fill[s]
			m[s].lowest, m[s].highest = min(m[s].lowest, fill[s]), max(m[s].highest, fill[s])
		}
		filled[s] = m[s].sum / n
	}
	err = t.x.pieces(p.width, func(q *piece) {
		part := make([]float64, p.width)
		t.eachNumber(q, numbers, train, func(s int, v float64) {
			if v != v {
				v = fill[s]
			}
			d := v - filled[s]
			part[s] += d * d
		})
		q.out = part
	}, func(q *piece) error {
		for s, squares := range q.out.([]float64) {
			m[s].squares += squares
		}
		return nil
	})
	if err != nil {
		return err
	}
	for c := range columns {
		if columns[c].Kind != Number {
			continue
		}
		s := p.slots[c]
		columns[c].Mean, columns[c].Std = filled[s], math.Sqrt(m[s].squares/n)
		if m[s].lowest == m[s].highest {
			columns[c].Mean, columns[c].Std = m[s].lowest, 1
		}
		if !(columns[c].Std > 0) || math.IsInf(columns[c].Std, 0) {
			return &files.Error{File: p.name, Line: 1, Column: columns[c].Name,
				Msg: fmt.Sprintf("its values, from %g to %g, have the standard deviation %g; change its unit, or leave it out with drop=…", m[s].lowest, m[s].highest, columns[c].Std)}
		}
	}
	return nil
}

// measure is what is known of a column of numbers.
type measure struct {
	sum, squares    float64
	count           float64
	lowest, highest float64
}

func (m *measure) add(v float64) {
	if v != v {
		return
	}
	if m.count == 0 {
		m.lowest, m.highest = v, v
	}
	m.lowest, m.highest = min(m.lowest, v), max(m.highest, v)
	m.sum += v
	m.count++
}

func (m *measure) merge(o measure) {
	switch {
	case o.count == 0:
		return
	case m.count == 0:
		*m = o
		return
	}
	m.lowest, m.highest = min(m.lowest, o.lowest), max(m.highest, o.highest)
	m.sum += o.sum
	m.count += o.count
}

// eachNumber calls f with the numbers of the training rows of a piece.
func (t *Table) eachNumber(q *piece, numbers []int, train func(i int) bool, f func(slot int, v float64)) {
	width := t.plan.width
	for k := 0; k*width < len(q.x); k++ {
		if !train(q.row + k) {
			continue
		}
		row := q.x[k*width : (k+1)*width]
		for _, s := range numbers {
			f(s, row[s])
		}
	}
}

// numbers returns the places of the numbers in a row.
func (p *plan) numbers() []int {
	var at []int
	for c := range p.columns {
		if p.columns[c].Kind == Number {
			at = append(at, p.slots[c])
		}
	}
	return at
}

// medians returns those of the training rows, column by column, so that one
// column's numbers are in memory at a time.
func (t *Table) medians(numbers []int, train func(i int) bool) (map[int]float64, error) {
	of := map[int]float64{}
	var v []float64
	for _, s := range numbers {
		v = v[:0]
		err := t.x.rows(t.plan.width, func(i int, row []float64) error {
			if x := row[s]; train(i) && x == x {
				v = append(v, x)
			}
			return nil
		})
		if err != nil {
			return nil, err
		}
		if len(v) > 0 {
			slices.Sort(v)
			of[s] = (v[(len(v)-1)/2] + v[len(v)/2]) / 2
		}
	}
	return of, nil
}

// fitCategories finds which categories the training rows have.
func (t *Table) fitCategories(columns []Column, o Options, train func(i int) bool) error {
	p := t.plan
	used := map[int][]bool{}
	for c := range columns {
		if columns[c].Kind == Category {
			used[p.slots[c]] = make([]bool, len(t.words[c]))
		}
	}
	if len(used) == 0 {
		return nil
	}
	err := t.x.rows(p.width, func(i int, row []float64) error {
		if train(i) {
			for s, u := range used {
				u[int(row[s])] = true
			}
		}
		return nil
	})
	if err != nil {
		return err
	}
	for c := range columns {
		if columns[c].Kind != Category {
			continue
		}
		var names []string
		for k, u := range used[p.slots[c]] {
			if u {
				names = append(names, t.words[c][k])
			}
		}
		slices.SortFunc(names, compareCategories)
		columns[c].Categories, columns[c].Codes, columns[c].Unseen = names, o.Codes, o.Unseen
	}
	return nil
}
