package bench

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/miniunlearn/miniunlearn/unlearning"
)

// Table is results to be read side by side. Rows that differ in nothing but
// the seed are shown as one, with means and 95% intervals.
type Table struct {
	Results []Result
	columns []column // nil means the default ones
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

// String returns the table as aligned text.
func (t *Table) String() string {
	var b strings.Builder
	for i, s := range t.sections() {
		if i > 0 {
			b.WriteByte('\n')
		}
		fmt.Fprintf(&b, "%s\n\n", s.title)
		rows := append([][]string{t.headers()}, s.rows...)
		widths := make([]int, len(t.shown())+1)
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
		b.WriteString(s.notes())
	}
	return b.String()
}

// Markdown returns the table in Markdown.
func (t *Table) Markdown() string {
	var b strings.Builder
	for i, s := range t.sections() {
		if i > 0 {
			b.WriteByte('\n')
		}
		fmt.Fprintf(&b, "%s\n\n| %s |\n|---|%s\n", s.title, strings.Join(t.headers(), " | "), strings.Repeat("---:|", len(t.shown())))
		for _, row := range s.rows {
			fmt.Fprintf(&b, "| %s |\n", strings.Join(row, " | "))
		}
		b.WriteString(s.notes())
	}
	return b.String()
}

// Brief returns one Markdown table of all sections, without their titles: the
// first column says what is forgotten. Guards that fired stand beneath, and why
// methods could not run.
func (t *Table) Brief() string {
	var b strings.Builder
	fmt.Fprintf(&b, "| forget | %s |\n|---|---|%s\n", strings.Join(t.headers(), " | "), strings.Repeat("---:|", len(t.shown())))
	var fired, failed []string
	for _, s := range t.sections() {
		for _, row := range s.rows {
			fmt.Fprintf(&b, "| %s | %s |\n", s.forget, strings.Join(row, " | "))
		}
		if s.guards != "" {
			fired = append(fired, s.forget+": "+s.guards)
		}
		if s.failures != "" {
			failed = append(failed, s.forget+": "+s.failures)
		}
	}
	if fired != nil {
		fmt.Fprintf(&b, "\n%s%s.\n", guardsHead, strings.Join(fired, " | "))
	}
	if failed != nil {
		fmt.Fprintf(&b, "\n%s%s.\n", failuresHead, strings.Join(failed, " | "))
	}
	return b.String()
}

// cell is what results of one section agree in.
type cell struct {
	dataset, net, forget, schedule string
	engine                         string
	n, batch                       int
	epochs, momentum, decay        float64
	lr                             string // a Float that may be missing, comparable
}

func cellOf(r Result) cell {
	return cell{r.Dataset, r.Net, r.Forget, r.Schedule, r.Engine, r.N, r.Batch, r.Epochs, r.Momentum, r.WeightDecay, number(r.LR)}
}

func number(f Float) string {
	if !f.Exists() {
		return "—"
	}
	return strconv.FormatFloat(float64(f), 'g', -1, 64)
}

type section struct {
	forget      string
	title, note string
	guards      string // by method, how often they fired
	failures    string // by method and seed, why they could not run
	rows        [][]string
}

const (
	guardsHead   = "Guards that fired, over all seeds: "
	failuresHead = "Could not run: "
)

// notes returns what stands beneath the table of a section.
func (s section) notes() string {
	var b strings.Builder
	if s.note != "" {
		fmt.Fprintf(&b, "\n%s\n", s.note)
	}
	if s.guards != "" {
		fmt.Fprintf(&b, "\n%s%s.\n", guardsHead, s.guards)
	}
	if s.failures != "" {
		fmt.Fprintf(&b, "\n%s%s.\n", failuresHead, s.failures)
	}
	return b.String()
}

// failures says which seeds of a method could not run and why, "" if all could.
func failures(method string, results []Result) string {
	var whys []string
	seeds := map[string][]string{}
	for _, r := range results {
		if r.Error == "" {
			continue
		}
		if seeds[r.Error] == nil {
			whys = append(whys, r.Error)
		}
		seeds[r.Error] = append(seeds[r.Error], strconv.FormatUint(r.Seed, 10))
	}
	for i, why := range whys {
		plural := "s"
		if len(seeds[why]) == 1 {
			plural = ""
		}
		whys[i] = fmt.Sprintf("%s with seed%s %s: %s", method, plural, strings.Join(seeds[why], ", "), why)
	}
	return strings.Join(whys, "; ")
}

// fired says how often the guards of a method fired in results, "" if none did.
func fired(method string, results []Result) string {
	sums := map[unlearning.Guard]int{}
	for _, r := range results {
		for name, n := range r.Guards {
			sums[name] += n
		}
	}
	var counts []string
	for _, name := range slices.Sorted(maps.Keys(sums)) {
		counts = append(counts, fmt.Sprintf("%s %d", name, sums[name]))
	}
	if counts == nil {
		return ""
	}
	return method + " " + strings.Join(counts, ", ")
}

// cells returns the cells in the order of first appearance, and the results of
// each.
func (t *Table) cells() (order []cell, of map[cell][]Result) {
	of = map[cell][]Result{}
	for _, r := range t.Results {
		c := cellOf(r)
		if of[c] == nil {
			order = append(order, c)
		}
		of[c] = append(of[c], r)
	}
	return order, of
}

// byMethod returns the methods of results in the order of first appearance,
// and the results of each.
func byMethod(results []Result) (order []string, of map[string][]Result) {
	of = map[string][]Result{}
	for _, r := range results {
		if of[r.Method] == nil {
			order = append(order, r.Method)
		}
		of[r.Method] = append(of[r.Method], r)
	}
	return order, of
}

// sections groups the results by cell, and in a cell by method, both in the
// order of first appearance.
func (t *Table) sections() []section {
	order, groups := t.cells()
	engines := map[string]bool{}
	for _, c := range order {
		engines[c.engine] = true
	}
	var out []section
	for _, c := range order {
		s := t.newSection(c, groups[c])
		if len(engines) > 1 { // titles tell them apart
			s.title += "; engine " + cmp.Or(c.engine, "not recorded")
		}
		out = append(out, s)
	}
	return out
}

func (t *Table) newSection(c cell, results []Result) section {
	methods, by := byMethod(results)
	var seeds []uint64
	var forgotten []int
	for _, r := range results {
		seeds, forgotten = append(seeds, r.Seed), append(forgotten, r.NForget)
	}
	s := section{forget: c.forget}
	var guards, failed []string
	for _, m := range methods {
		if f := failures(m, by[m]); f != "" {
			failed = append(failed, f)
		}
		if f := fired(m, by[m]); f != "" {
			guards = append(guards, f)
		}
		row := []string{m}
		for _, col := range t.shown() {
			row = append(row, col.format(by[m]))
		}
		s.rows = append(s.rows, row)
	}
	s.guards, s.failures = strings.Join(guards, "; "), strings.Join(failed, "; ")
	slices.Sort(seeds)
	seeds = slices.Compact(seeds)
	text := strings.Trim(strings.ReplaceAll(fmt.Sprint(seeds), " ", ", "), "[]")
	count := strconv.Itoa(slices.Min(forgotten))
	if lo, hi := slices.Min(forgotten), slices.Max(forgotten); lo < hi {
		count = fmt.Sprintf("%d to %d", lo, hi)
	}
	plural := ""
	if len(seeds) > 1 {
		plural = "s"
		s.note = fmt.Sprintf("Means over %d seeds ± half the width of their 95%% t-intervals.", len(seeds))
	}
	s.title = fmt.Sprintf("%s, %s: %d examples, %s to forget (%s); %g epochs, batch %d, %s %s, momentum %g, weight decay %g; seed%s %s",
		c.dataset, c.net, c.n, count, c.forget, c.epochs, c.batch, c.schedule, c.lr, c.momentum, c.decay, plural, text)
	return s
}
