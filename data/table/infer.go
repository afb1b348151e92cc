package table

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/miniunlearn/miniunlearn/data/files"
)

// planText looks at the first block of a CSV file, and takes the header line
// off it.
func planText(first *block, name string, o Options) (*plan, error) {
	p := &plan{name: name, separator: o.Separator, comment: o.Comment, policy: o.Missing, id: -1, na: map[string]bool{}}
	for _, s := range o.NA {
		p.na[s] = true
		p.longestNA = max(p.longestNA, len(s))
	}
	if p.separator == 0 {
		p.separator = separator(first.text, o.Comment)
	}
	r := records{text: first.text, comma: p.separator, skip: p.comment, line: first.line}
	ok, err := r.next()
	if err != nil {
		return nil, p.fail(r.at, -1, "%v", err)
	}
	if !ok {
		return nil, &files.Error{File: name, Line: 1, Msg: "no rows in it"}
	}
	if len(r.fields) > maxFeatures {
		return nil, &files.Error{File: name, Line: r.at, Msg: fmt.Sprintf("%d columns; %d are read: leave columns out of the file", len(r.fields), maxFeatures)}
	}
	names := make([]string, len(r.fields))
	for i, f := range r.fields {
		names[i] = strings.TrimSpace(string(f))
	}
	if o.Header == WithHeader || o.Header == Auto && p.looksLikeHeader(names) {
		first.text, first.line = r.text, r.line
	} else {
		for i := range names {
			names[i] = strconv.Itoa(i + 1)
		}
		if o.Names != nil {
			if len(o.Names) != len(names) {
				return nil, &files.Error{File: name, Line: r.at, Msg: fmt.Sprintf("%d columns; there should be %d", len(names), len(o.Names))}
			}
			names = slices.Clone(o.Names)
		}
	}
	for _, n := range names {
		p.columns = append(p.columns, Column{Name: n})
	}
	if o.Like != nil {
		err = p.like(names, o.Like)
	} else {
		err = p.assign(names, o)
	}
	if err != nil {
		return nil, err
	}
	if err := p.infer(first); err != nil {
		return nil, err
	}
	p.slots = make([]int, len(p.columns))
	for c := range p.columns {
		p.slots[c] = -1
		if k := p.columns[c].Kind; k == Number || k == Category {
			p.slots[c] = p.width
			p.width++
		}
	}
	if p.width == 0 {
		return nil, &files.Error{File: name, Line: 1, Msg: "no column is left for features"}
	}
	return p, nil
}

// separator returns what the first line separates fields with.
func separator(text []byte, comment byte) byte {
	line, rest, _ := strings.Cut(string(text[:min(len(text), 1<<16)]), "\n")
	for comment != 0 && rest != "" && line != "" && line[0] == comment {
		line, rest, _ = strings.Cut(rest, "\n")
	}
	for _, c := range ",;\t|" {
		if strings.ContainsRune(line, c) {
			return byte(c)
		}
	}
	return ','
}

// looksLikeHeader: names are no numbers, not empty and all different.
func (p *plan) looksLikeHeader(names []string) bool {
	seen := map[string]bool{}
	for _, n := range names {
		if _, ok := number([]byte(n)); ok || p.na[n] || seen[n] {
			return false
		}
		seen[n] = true
	}
	return true
}

// assign gives the columns that the options name their kinds.
func (p *plan) assign(names []string, o Options) error {
	where := func(err error) error { return fmt.Errorf("data: %s: %w", p.name, err) }
	set := func(ref, what string, kind Kind) (int, error) {
		c, err := column(names, ref, what)
		if err != nil {
			return 0, where(err)
		}
		if old := p.columns[c].Kind; old != "" && old != kind {
			return 0, where(fmt.Errorf("%s: column %q is the %s already; a column is for one thing", what, names[c], old))
		}
		p.columns[c].Kind = kind
		return c, nil
	}
	if o.Label == "" {
		return where(fmt.Errorf("which column has the class to learn? say label=NAME; there are %s", list(names)))
	}
	var err error
	if p.label, err = set(o.Label, "label", Label); err != nil {
		return err
	}
	if o.ID != "" {
		if p.id, err = set(o.ID, "id", ID); err != nil {
			return err
		}
	}
	for _, ref := range o.Drop {
		if _, err := set(ref, "drop", Dropped); err != nil {
			return err
		}
	}
	for _, ref := range o.Categorical {
		if _, err := set(ref, "categorical", Category); err != nil {
			return err
		}
	}
	return nil
}

// like gives the columns the kinds that they have in another table.
func (p *plan) like(names []string, columns []Column) error {
	if len(names) != len(columns) {
		return &files.Error{File: p.name, Line: 1, Msg: fmt.Sprintf("%d columns; the data that it has to be like have %d", len(names), len(columns))}
	}
	for c, col := range columns {
		if names[c] != col.Name {
			return p.fail(1, c, "column %d is %q in the data that this has to be like", c+1, col.Name)
		}
		p.columns[c].Kind = col.Kind
		switch col.Kind {
		case Label:
			p.label = c
		case ID:
			p.id = c
		}
	}
	return nil
}

// fewWords is how rare words among the numbers of a column have to be to look like
// mistakes, and no categories: one value in so many.
const fewWords = 10

// infer gives the other columns their kinds: numbers where every value of the
// first block is one. A few words among many numbers are refused: as categories the
// numbers would mean nothing.
func (p *plan) infer(first *block) error {
	type count struct {
		numbers, words int
		line           int    // of the first word
		word           string // the first
	}
	counts := make([]count, len(p.columns))
	r := records{text: first.text, comma: p.separator, skip: p.comment, line: first.line}
	for {
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
		p.sampled++
		for c, f := range r.fields {
			if p.columns[c].Kind != "" {
				continue
			}
			switch n, f := &counts[c], trim(f); {
			case p.isNA(f):
			case likeNumber(f):
				n.numbers++
			default:
				if n.words++; n.words == 1 {
					n.line, n.word = r.at, string(f)
				}
			}
		}
	}
	for c := range p.columns {
		if p.columns[c].Kind != "" {
			continue
		}
		p.columns[c].Kind = Number
		if n := counts[c]; n.words > 0 {
			if n.numbers >= fewWords*n.words {
				short, na := abridge(n.word), ""
				if short == n.word { // what is cut off is no value of the file
					na = fmt.Sprintf("na=%s if it stands for a missing value, ", short)
				}
				return p.fail(n.line, c, "%q is no number, and %d other values of the column are; correct it, say %scategorical=%[4]s if numbers are names there, or drop=%[4]s", short, n.numbers, na, p.columns[c].Name)
			}
			p.columns[c].Kind = Category
		}
	}
	return nil
}

// likeNumber reports whether a field is a number, if one that is too large or
// infinite: a mistake in a column of numbers, and no category.
func likeNumber(f []byte) bool {
	if _, ok := number(f); ok {
		return true
	}
	_, err := strconv.ParseFloat(string(f), 64)
	return err == nil || errors.Is(err, strconv.ErrRange)
}

// SortedNames returns the different names of a list, sorted as categories are.
func SortedNames(names []string) []string {
	names = slices.Clone(names)
	slices.SortFunc(names, compareCategories)
	return slices.Compact(names)
}
