package bench

import (
	"fmt"
	"math"
	"slices"
	"strings"
)

// Standing is how a method stands beside a rival of at least its cost.
type Standing string

// Standings, the worst last.
const (
	Ahead        Standing = "ahead"                        // at most the rival's distance
	BehindWithin Standing = "behind within the interval"   // above it, by no more than chance
	BehindBeyond Standing = "behind beyond the interval"   // above it
	NoResult     Standing = "no result"                    // the method could not run
	NoRival      Standing = "the rival could not run"      // and the method could
	NoBudget     Standing = "no budget within the rival's" // nothing to compare
)

var standings = []Standing{Ahead, NoRival, BehindWithin, BehindBeyond, NoResult, NoBudget}

// Closer is a setting of a rival beside the largest budget of a method that costs no more.
type Closer struct {
	Rival, Method string // as "deltagrad:5" and "mini:0.23"
	// Cost is the rival's, of retraining; Theirs and Mine are the relative distances from
	// replayed retraining, means over seeds, NaN where there are none.
	Cost, Theirs, Mine float64
	Standing           Standing
}

// Closer compares how near a method and a rival come to replayed retraining, for every
// setting of the rival, in a group that has the method. Distances may differ by orders of magnitude between seeds where
// a method diverges, so what decides is the ratio: the mean over seeds of the logarithm of
// the method's distance over the rival's, with its 95% t-interval.
func (g *Group) Closer(method, rival string) []Closer {
	_, kinds := g.Kinds()
	if len(kinds[method]) == 0 {
		return nil
	}
	cost, distance := must("of retraining"), must("rel. distance")
	var all []Closer
	for _, theirs := range kinds[rival] {
		c := Closer{Rival: theirs, Cost: cost.Summary(g.of[theirs]).Mean, Theirs: distance.Summary(g.of[theirs]).Mean, Mine: math.NaN(), Standing: NoBudget}
		best := math.Inf(-1)
		for _, mine := range kinds[method] {
			if x := cost.Summary(g.of[mine]); (x.Mean <= c.Cost || math.IsNaN(c.Cost)) && x.Mean > best {
				best, c.Method = x.Mean, mine
			}
		}
		if c.Method != "" {
			c.Mine = distance.Summary(g.of[c.Method]).Mean
			c.Standing = stand(distance, g.of[c.Method], g.of[theirs])
		}
		all = append(all, c)
	}
	return all
}

// negligible stands for a distance of 0 beside others.
const negligible = 1e-9

// stand compares results of the same seeds.
func stand(c Column, mine, theirs []Result) Standing {
	of := map[uint64]float64{}
	for _, r := range theirs {
		for _, v := range c.values([]Result{r}) {
			of[r.Seed] = v
		}
	}
	var ratios []float64
	ran := false
	for _, r := range mine {
		for _, v := range c.values([]Result{r}) {
			ran = true
			if w, ok := of[r.Seed]; ok {
				ratios = append(ratios, math.Log(max(v, negligible)/max(w, negligible)))
			}
		}
	}
	if len(ratios) == 0 {
		if ran {
			return NoRival
		}
		return NoResult
	}
	switch mean, half := tInterval(ratios); {
	case mean <= 0:
		return Ahead
	case len(ratios) > 1 && mean > half:
		return BehindBeyond
	}
	return BehindWithin
}

// WriteCloser returns Closer's comparisons as Markdown: how many groups of each use and
// data set stand how, by the worst of their comparisons, in how many the method is further
// from retraining than the model was before; and a line a group. Where the method is
// behind is bold.
func (t *Table) WriteCloser(method, rival string) (string, error) {
	type line struct {
		group *Group
		pairs []Closer
		worst Standing
		harm  bool
	}
	var lines []line
	var rivals []string
	for _, g := range t.Groups() {
		l := line{group: g, pairs: g.Closer(method, rival)}
		worst := -1
		for _, c := range l.pairs {
			worst = max(worst, slices.Index(standings, c.Standing))
			l.harm = l.harm || c.Mine > 1
			if !slices.Contains(rivals, c.Rival) {
				rivals = append(rivals, c.Rival)
			}
		}
		if worst >= 0 {
			l.worst = standings[worst]
			lines = append(lines, l)
		}
	}
	if len(lines) == 0 {
		return "", fmt.Errorf("bench: no results of %q to compare %q with", rival, method)
	}
	type class struct{ data, use string }
	var order []class
	count, harms := map[class]map[Standing]int{}, map[class]int{}
	for _, l := range lines {
		c := class{l.group.key.dataset, l.group.Use}
		if count[c] == nil {
			order, count[c] = append(order, c), map[Standing]int{}
		}
		count[c][l.worst]++
		if l.harm {
			harms[c]++
		}
	}
	var shown []Standing
	for _, s := range standings {
		if slices.ContainsFunc(lines, func(l line) bool { return l.worst == s }) || s == Ahead || s == BehindWithin || s == BehindBeyond || s == NoResult {
			shown = append(shown, s)
		}
	}
	var b strings.Builder
	row := func(cells ...string) { fmt.Fprintf(&b, "| %s |\n", strings.Join(cells, " | ")) }
	head := []string{"data", "cells"}
	for _, s := range shown {
		head = append(head, string(s))
	}
	row(append(head, "further away than before")...)
	fmt.Fprintf(&b, "|---|---|%s---:|\n", strings.Repeat("---:|", len(shown)))
	for _, c := range order {
		cells := []string{markdownEscapes.Replace(c.data), markdownEscapes.Replace(orNone(c.use))}
		for _, s := range shown {
			cells = append(cells, fmt.Sprint(count[c][s]))
		}
		row(append(cells, fmt.Sprint(harms[c]))...)
	}
	b.WriteString("\n")
	head = []string{"data", "batch", "rate", "momentum", "weight decay", "forget", "cells"}
	for _, r := range rivals {
		head = append(head, markdownEscapes.Replace(method+" / "+r+" (cost)"))
	}
	row(head...)
	fmt.Fprintf(&b, "|---|---:|---:|---:|---:|---|---|%s\n", strings.Repeat("---:|", len(rivals)))
	for _, l := range lines {
		k := l.group.key
		cells := []string{k.dataset, fmt.Sprint(k.batch), k.lr, fmt.Sprintf("%g", k.momentum), fmt.Sprintf("%g", k.decay), k.forget, orNone(l.group.Use)}
		for i := range cells {
			cells[i] = markdownEscapes.Replace(cells[i])
		}
		for _, r := range rivals {
			cell := "—"
			for _, c := range l.pairs {
				if c.Rival == r {
					cell = c.String()
				}
			}
			cells = append(cells, cell)
		}
		row(cells...)
	}
	return b.String(), nil
}

// String prints both distances and the cost, and in bold where the method is behind.
func (c Closer) String() string {
	number := func(x float64) string {
		switch {
		case math.IsNaN(x):
			return "—"
		case x >= 100:
			return fmt.Sprintf("%.0e", x)
		}
		return fmt.Sprintf("%.4f", x)
	}
	mine := number(c.Mine)
	if c.Standing == BehindWithin || c.Standing == BehindBeyond || c.Standing == NoResult {
		mine = "**" + mine + "**"
	}
	text := fmt.Sprintf("%s / %s (%.2f)", mine, number(c.Theirs), c.Cost)
	if c.Standing == BehindBeyond {
		text += " beyond"
	}
	return text
}
