package bench

import (
	"cmp"
	"fmt"
	"strings"
	"unicode/utf8"
)

// Table is results to be read side by side. Rows that differ in nothing but
// the seed are shown as one, with means and 95% intervals.
type Table struct {
	Results []Result
	columns []Column // nil means the default ones
	sort    *Column  // nil leaves methods in the order of first appearance
	traces  []Trace  // of Results, nil where they are not known
}

// NewTraced is NewTable for rows, whose traces pictures can then show.
func NewTraced(rows []Row) (*Table, error) {
	var results []Result
	var traces []Trace
	for _, r := range rows {
		results, traces = append(results, r.Result), append(traces, r.Trace)
	}
	t, err := NewTable(results)
	if err == nil {
		t.traces = traces
	}
	return t, err
}

// NewTable returns the table of results, which may belong to several
// experiments. One method with one seed twice is an error: it would count as
// two seeds.
func NewTable(results []Result) (*Table, error) {
	type key struct {
		cell   cell
		method string
		seed   uint64
	}
	seen := map[key]bool{}
	for _, r := range results {
		k := key{cellOf(r), r.Method, r.Seed}
		if seen[k] {
			return nil, fmt.Errorf("bench: %s with seed %d stands there twice for %s, %s, %s; give each result once", r.Method, r.Seed, r.Dataset, r.Net, r.Forget)
		}
		seen[k] = true
	}
	return &Table{Results: results}, nil
}

// section is a group as text.
type section struct {
	*Group
	title string
	rows  [][]string
}

// sections returns the groups as text.
func (t *Table) sections() []section {
	groups := t.Groups()
	engines := map[string]bool{}
	for _, g := range groups {
		engines[g.key.engine] = true
	}
	var out []section
	for _, g := range groups {
		s := section{Group: g, title: g.title()}
		if len(engines) > 1 { // titles tell them apart
			s.title += "; engine " + cmp.Or(g.key.engine, "not recorded")
		}
		for _, m := range g.Methods {
			row := []string{m}
			for _, c := range t.Shown() {
				row = append(row, c.format(g.of[m]))
			}
			s.rows = append(s.rows, row)
		}
		out = append(out, s)
	}
	return out
}

// Notes that may stand beneath a table.
const (
	guardsHead   = "Guards that fired, over all seeds: "
	failuresHead = "Could not run: "
)

// notes returns what stands beneath the table of a section, a line each.
func (s section) notes() (lines []string) {
	seeds := map[uint64]bool{}
	for _, r := range s.Results {
		seeds[r.Seed] = true
	}
	if len(seeds) > 1 {
		lines = append(lines, fmt.Sprintf("Means over %d seeds ± half the width of their 95%% t-intervals.", len(seeds)))
	}
	if labels := s.Results[0].Labels; labels != nil {
		lines = append(lines, "Classes: "+classes(labels)+".")
	}
	if fired := s.each(s.Guards); fired != "" {
		lines = append(lines, guardsHead+fired+".")
	}
	if failed := s.each(s.Failures); failed != "" {
		lines = append(lines, failuresHead+failed+".")
	}
	return lines
}

// classes says what the data call the classes, twenty at most.
func classes(labels []string) string {
	var names []string
	for y, l := range labels[:min(20, len(labels))] {
		names = append(names, fmt.Sprintf("%d is %s", y, l))
	}
	if len(labels) > len(names) {
		names = append(names, fmt.Sprintf("and %d more", len(labels)-len(names)))
	}
	return strings.Join(names, ", ")
}

// String returns the table as aligned text.
func (t *Table) String() string {
	var b strings.Builder
	for i, s := range t.sections() {
		if i > 0 {
			b.WriteByte('\n')
		}
		fmt.Fprintf(&b, "%s\n\n", s.title)
		rows := append([][]string{t.headers()}, s.rows...)
		widths := make([]int, len(t.Shown())+1)
		for _, row := range rows {
			for j, c := range row {
				widths[j] = max(widths[j], utf8.RuneCountInString(c))
			}
		}
		for _, row := range rows {
			var line strings.Builder
			for j, c := range row {
				pad := strings.Repeat(" ", widths[j]-utf8.RuneCountInString(c))
				if j == 0 {
					line.WriteString(c + pad)
				} else {
					line.WriteString("  " + pad + c)
				}
			}
			b.WriteString(strings.TrimRight(line.String(), " ") + "\n")
		}
		for _, n := range s.notes() {
			fmt.Fprintf(&b, "\n%s\n", n)
		}
	}
	return b.String()
}
