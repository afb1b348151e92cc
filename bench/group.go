package bench

import (
	"cmp"
	"fmt"
	"maps"
	"math"
	"slices"
	"strconv"
	"strings"
)

// Study is the groups of a table that differ only in what is forgotten.
type Study struct {
	// Dataset and Net are its data set and architecture, Setting the rest that
	// its results agree in, in words.
	Dataset, Net, Setting string
	Groups                []*Group
}

// Group is the results of a table that differ only in method and seed: one
// section of the table, one panel of a figure.
type Group struct {
	Forget  string   // the specification of the forget set
	Share   float64  // of the training examples that are forgotten, a mean over results
	Use     string   // what the experiment has it for, see Result.Use
	Methods []string // in the order of first appearance
	Results []Result

	key    cell
	of     map[string][]Result
	traces map[string][]Trace
}

// Of returns the results of a method, none if it has none.
func (g *Group) Of(method string) []Result { return g.of[method] }

// Traces returns the traces of a method's results, none where they are not known.
func (g *Group) Traces(method string) []Trace { return g.traces[method] }

// The rows that all others are read against; Reference.Measure and the methods
// of those names make them.
const (
	beforeRow = "before"
	goalRow   = "retrain"
	otherRow  = "retrain-other-seed"
)

// IsReference reports whether a row is there for others to be read against, and
// not as a method that is judged.
func IsReference(method string) bool {
	return method == beforeRow || method == goalRow || method == otherRow
}

// Kinds returns the names that all budgets of a method share, as "mini" of
// "mini:0.1", and the methods of each.
func (g *Group) Kinds() (order []string, of map[string][]string) {
	of = map[string][]string{}
	for _, m := range g.Methods {
		kind, _, _ := strings.Cut(m, ":")
		if of[kind] == nil {
			order = append(order, kind)
		}
		of[kind] = append(of[kind], m)
	}
	return order, of
}

// cell is what results of one group agree in.
type cell struct {
	forget string
	study
}

// study is what results of one Study agree in.
type study struct {
	dataset, net, schedule  string
	engine                  string
	n, batch                int
	epochs, momentum, decay float64
	lr                      string // a Float that may be missing, comparable
	augment, dtype          string
	wrong                   float64 // labels
}

func cellOf(r Result) cell {
	return cell{r.Forget, study{r.Dataset, r.Net, r.Schedule, r.Engine, r.N, r.Batch, r.Epochs, r.Momentum, r.WeightDecay, number(r.LR), r.Augment, r.DType, r.WrongLabels}}
}

func number(f Float) string {
	if !f.Exists() {
		return "—"
	}
	return strconv.FormatFloat(float64(f), 'g', -1, 64)
}

// training says how the base runs of a study were made.
func (s study) training() string {
	batch := strconv.Itoa(s.batch)
	if s.batch > s.n {
		batch += " (above n: each step takes all examples)"
	}
	text := fmt.Sprintf("%g epochs, batch %s, %s %s, momentum %g, weight decay %g", s.epochs, batch, s.schedule, s.lr, s.momentum, s.decay)
	if s.augment != "" {
		text += ", augmented by " + s.augment
	}
	if s.wrong != 0 {
		text += fmt.Sprintf(", %.4g%% of the labels wrong", 100*s.wrong)
	}
	if s.dtype != "" {
		text += ", " + s.dtype
	}
	return text
}

// Groups returns the groups of the table, and in a group the methods, in the
// order of first appearance, but for what Sort says.
func (t *Table) Groups() []*Group {
	of := map[cell]*Group{}
	var order []*Group
	for i, r := range t.Results {
		c := cellOf(r)
		g := of[c]
		if g == nil {
			g = &Group{Forget: r.Forget, Use: r.Use, key: c, of: map[string][]Result{}, traces: map[string][]Trace{}}
			of[c] = g
			order = append(order, g)
		}
		if g.of[r.Method] == nil {
			g.Methods = append(g.Methods, r.Method)
		}
		g.of[r.Method] = append(g.of[r.Method], r)
		if t.traces != nil && r.Error == "" {
			g.traces[r.Method] = append(g.traces[r.Method], t.traces[i])
		}
		g.Results = append(g.Results, r)
	}
	for _, g := range order {
		t.sorted(g)
		for _, r := range g.Results {
			g.Share += float64(r.NForget) / float64(max(r.N, 1)) / float64(len(g.Results))
		}
	}
	return order
}

// Studies returns the groups of the table by study, in the order of first
// appearance.
func (t *Table) Studies() []Study {
	var keys []study
	of := map[study][]*Group{}
	engines := map[string]bool{}
	for _, g := range t.Groups() {
		if of[g.key.study] == nil {
			keys = append(keys, g.key.study)
		}
		of[g.key.study] = append(of[g.key.study], g)
		engines[g.key.engine] = true
	}
	var all []Study
	for _, k := range keys {
		var results []Result
		for _, g := range of[k] {
			results = append(results, g.Results...)
		}
		s := Study{Dataset: k.dataset, Net: k.net, Groups: of[k]}
		s.Setting = fmt.Sprintf("%d examples, %s, %s", k.n, k.training(), seedsOf(results))
		if len(engines) > 1 {
			s.Setting += ", engine " + cmp.Or(k.engine, "not recorded")
		}
		all = append(all, s)
	}
	return all
}

// seedsOf names the seeds of results.
func seedsOf(results []Result) string {
	var seeds []uint64
	for _, r := range results {
		seeds = append(seeds, r.Seed)
	}
	slices.Sort(seeds)
	seeds = slices.Compact(seeds)
	plural := ""
	if len(seeds) > 1 {
		plural = "s"
	}
	return "seed" + plural + " " + strings.Trim(strings.ReplaceAll(fmt.Sprint(seeds), " ", ", "), "[]")
}

// title names a group and all that its results agree in.
func (g *Group) title() string {
	lo, hi := math.MaxInt, 0
	for _, r := range g.Results {
		lo, hi = min(lo, r.NForget), max(hi, r.NForget)
	}
	count := strconv.Itoa(lo)
	if lo < hi {
		count = fmt.Sprintf("%d to %d", lo, hi)
	}
	return fmt.Sprintf("%s, %s: %d examples, %s to forget (%s); %s; %s", g.key.dataset, g.key.net, g.key.n, count, g.Forget, g.key.training(), seedsOf(g.Results))
}

// Route says which ways a method went and with how many seeds, "" if it knows
// one only. The reason stands with the first.
func (g *Group) Route(method string) string {
	var order []string
	count, reason := map[string]int{}, map[string]string{}
	for _, r := range g.of[method] {
		route := string(r.Route)
		if route == "" {
			continue
		}
		if count[route] == 0 {
			order = append(order, route)
			reason[route] = r.RouteReason
		}
		count[route]++
	}
	for i, route := range order {
		text := route
		if len(order) > 1 {
			text += fmt.Sprintf(" with %d seeds", count[route])
		}
		if reason[route] != "" {
			text += " (" + reason[route] + ")"
		}
		order[i] = text
	}
	return strings.Join(order, "; ")
}

// Guards says how often the guards of a method fired, "" if none did.
func (g *Group) Guards(method string) string {
	sums := map[string]int{}
	for _, r := range g.of[method] {
		for name, n := range r.Guards {
			sums[string(name)] += n
		}
	}
	var counts []string
	for _, name := range slices.Sorted(maps.Keys(sums)) {
		counts = append(counts, fmt.Sprintf("%s %d", name, sums[name]))
	}
	return strings.Join(counts, ", ")
}

// Failures says why a method could not run with which seeds, "" if it could.
func (g *Group) Failures(method string) string {
	var whys []string
	seeds := map[string][]string{}
	for _, r := range g.of[method] {
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
		whys[i] = fmt.Sprintf("with seed%s %s: %s", plural, strings.Join(seeds[why], ", "), why)
	}
	return strings.Join(whys, "; ")
}

// each joins what is said of the methods of a group, where there is something.
func (g *Group) each(says func(method string) string) string {
	var parts []string
	for _, m := range g.Methods {
		if s := says(m); s != "" {
			parts = append(parts, m+" "+s)
		}
	}
	return strings.Join(parts, "; ")
}
