package table

import (
	"fmt"
	"hash/maphash"
	"slices"
	"strconv"
	"strings"

	"github.com/miniunlearn/miniunlearn/data/files"
)

const (
	maxClasses = 10_000
	// A column with more categories than this is a name, an address, an id: no
	// training row would say anything about another.
	maxCategories = 10_000
)

// finish checks what only the whole table tells.
func (t *Table) finish(o Options) error {
	p := t.plan
	if len(t.Y) == 0 {
		return &files.Error{File: p.name, Line: 1, Msg: "no rows in it"}
	}
	for c, w := range t.words {
		if p.columns[c].Kind == Category && len(w) > maxCategories {
			return &files.Error{File: p.name, Line: 1, Column: p.columns[c].Name,
				Msg: fmt.Sprintf("%d different values, such as %s; leave the column out with drop=…, or if these are the rows' ids say id=…", len(w), list(w[:2]))}
		}
	}
	if err := t.labels(o); err != nil {
		return err
	}
	if o.Repeats || p.id < 0 {
		return nil
	}
	return t.uniqueIDs()
}

// labels sorts the names of the classes.
func (t *Table) labels(o Options) error {
	p := t.plan
	plain := make([]string, len(t.words[p.label]))
	for k, w := range t.words[p.label] {
		plain[k] = PlainLabel(strings.TrimSuffix(w, o.TrimLabel))
	}
	t.Labels = SortedNames(plain)
	switch n := len(t.Labels); {
	case n > maxClasses || n > 100 && n > len(t.Y)/2:
		return &files.Error{File: p.name, Line: 1, Column: p.columns[p.label].Name,
			Msg: fmt.Sprintf("%d different labels in %d rows, such as %s; this toolkit learns classes", n, len(t.Y), list(t.Labels[:2]))}
	case n < 2:
		return &files.Error{File: p.name, Line: 1, Column: p.columns[p.label].Name,
			Msg: fmt.Sprintf("every row has the label %q; there is nothing to learn", t.Labels[0])}
	}
	code := make([]int32, len(plain))
	for k, w := range plain {
		at, _ := slices.BinarySearchFunc(t.Labels, w, compareCategories)
		code[k] = int32(at)
	}
	for i, y := range t.Y {
		t.Y[i] = code[y]
	}
	return nil
}

// PlainLabel writes a number in its plainest notation, so that 1, 1.0 and
// 1.000e+00 are one class; other labels stay as they are.
func PlainLabel(s string) string {
	if v, ok := number([]byte(s)); ok {
		return strconv.FormatFloat(v+0, 'f', -1, 64) // +0: no -0
	}
	return s
}

// uniqueIDs refuses two rows with one id.
func (t *Table) uniqueIDs() error {
	twice := func(same func(i, j int) bool, hash func(i int) uint64) error {
		sorted := make([]uint64, t.Rows())
		for i := range sorted {
			sorted[i] = hash(i)
		}
		slices.Sort(sorted)
		suspect := map[uint64][]int{}
		for k := 1; k < len(sorted); k++ {
			if sorted[k] == sorted[k-1] && len(suspect) < 1000 {
				suspect[sorted[k]] = nil
			}
		}
		if len(suspect) == 0 {
			return nil
		}
		for i := range t.Rows() {
			h := hash(i)
			rows, ok := suspect[h]
			if !ok {
				continue
			}
			for _, j := range rows {
				if same(i, j) {
					id := ""
					if t.Keys != nil {
						id = t.Keys[i]
					} else {
						id = strconv.Itoa(t.IDs[i])
					}
					return t.plan.fail(t.Line(i), t.plan.id, "the id %q is that of line %d already; correct it, or if an id may have several rows say repeats=yes", abridge(id), t.Line(j))
				}
			}
			suspect[h] = append(rows, i)
		}
		return nil
	}
	if t.Keys != nil {
		seed := maphash.MakeSeed()
		return twice(func(i, j int) bool { return t.Keys[i] == t.Keys[j] }, func(i int) uint64 { return maphash.String(seed, t.Keys[i]) })
	}
	return twice(func(i, j int) bool { return t.IDs[i] == t.IDs[j] }, func(i int) uint64 { return uint64(t.IDs[i]) })
}
