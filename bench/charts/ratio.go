package charts

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"

	"gonum.org/v1/plot"

	"github.com/miniunlearn/miniunlearn/bench"
)

// Ratio draws columns against the share that is forgotten: a row of panels for
// each column, a panel for each budget, in which methods without a budget stand
// too. It returns nil unless two forget sets are of one kind, such as random:0.1
// and random:0.2.
func Ratio(s bench.Study, columns []bench.Column) *Figure {
	groups := ofOneKind(s.Groups)
	if len(groups) < 2 {
		return nil
	}
	costs := budgetsOf(groups)
	g := &grid{}
	for i, c := range columns {
		e := newExtent(c)
		row := make([]*plot.Plot, len(costs))
		for j, cost := range costs {
			p := newPanel()
			p.Add(gridLines())
			if i == 0 && cost != "" {
				p.Title.Text = "budget " + cost
			}
			if i == len(columns)-1 {
				p.X.Label.Text = "share forgotten"
			}
			if j == 0 {
				p.Y.Label.Text = c.Head
			}
			if f := floors(groups, c); len(f.points) > 1 {
				p.Add(f)
				g.legend.add(floorName, f)
				for _, pt := range f.points {
					e.floors = append(e.floors, band{pt.y - pt.half, pt.y + pt.half})
				}
			}
			for _, curve := range ratios(groups, c, cost) {
				p.Add(curve)
				g.legend.add(curve.name, curve)
				for _, pt := range curve.points {
					e.add(pt.y, pt.half)
				}
			}
			shareAxis(&p.X, groups)
			row[j] = p
		}
		for _, p := range row {
			e.apply(&p.Y)
		}
		g.panels = append(g.panels, row)
	}
	return g.figure(title(s)+": against the share forgotten", fmt.Sprintf("%s against the share of the training examples that is forgotten, by budget in units of retraining. Bars are 95%% intervals over seeds.", heads(columns)))
}

// shareAxis sets the axis of shares, logarithmic where they span a factor of 20,
// and labels those that there are as far as there is room.
func shareAxis(a *plot.Axis, groups []*bench.Group) {
	lo, hi := groups[0].Share, groups[len(groups)-1].Share
	at := func(v float64) float64 { return (v - lo) / (hi - lo) }
	if hi > 20*lo && lo > 0 {
		at = func(v float64) float64 { return math.Log(v/lo) / math.Log(hi/lo) }
		useLog(a, lo/1.25, hi*1.25)
	} else {
		pad := 0.08 * (hi - lo)
		useNarrow(a, lo-pad, hi+pad)
	}
	var ticks plot.ConstantTicks
	last := -1.0
	for _, g := range groups {
		t := plot.Tick{Value: g.Share}
		if at(g.Share)-last > 0.17 {
			t.Label = strconv.FormatFloat(g.Share, 'g', 2, 64)
			last = at(g.Share)
		}
		ticks = append(ticks, t)
	}
	a.Tick.Marker = ticks
}

// ofOneKind returns the groups of the commonest kind of forget set, by share.
func ofOneKind(groups []*bench.Group) []*bench.Group {
	of := map[string][]*bench.Group{}
	best := ""
	for _, g := range groups {
		kind, _, _ := strings.Cut(g.Forget, ":")
		of[kind] = append(of[kind], g)
		if len(of[kind]) > len(of[best]) {
			best = kind
		}
	}
	sorted := slices.Clone(of[best])
	slices.SortStableFunc(sorted, func(a, b *bench.Group) int { return cmp.Compare(a.Share, b.Share) })
	return slices.CompactFunc(sorted, func(a, b *bench.Group) bool { return a.Share == b.Share })
}

// budgetsOf returns the budgets that at least two methods have, at most six, and
// "" alone if there are none.
func budgetsOf(groups []*bench.Group) []string {
	count := map[string]map[string]bool{}
	var order []string
	for _, g := range groups {
		for _, m := range g.Methods {
			kind, cost, ok := strings.Cut(m, ":")
			if !ok {
				continue
			}
			if count[cost] == nil {
				count[cost] = map[string]bool{}
				order = append(order, cost)
			}
			count[cost][kind] = true
		}
	}
	order = slices.DeleteFunc(order, func(cost string) bool { return len(count[cost]) < 2 })
	if len(order) == 0 {
		return []string{""}
	}
	return order[:min(len(order), maxColumns)]
}

// ratios returns the curves of the methods with that budget and of those without
// any, retraining only where it is not at distance 0 from itself.
func ratios(groups []*bench.Group, c bench.Column, cost string) []*series {
	var all []*series
	of := map[string]*series{}
	for _, g := range groups {
		for _, m := range g.Methods {
			kind, budget, _ := strings.Cut(m, ":")
			if budget != "" && budget != cost || kind == "retrain-other-seed" || kind == "retrain" && c.Kind == bench.Distance {
				continue
			}
			if of[kind] == nil {
				of[kind] = newSeries(kind)
				all = append(all, of[kind])
			}
			y := c.Summary(g.Of(m))
			of[kind].add(g.Share, y.Mean, y.Half)
		}
	}
	all = slices.DeleteFunc(all, func(s *series) bool { return len(s.points) == 0 })
	spreadOut(all)
	return all
}

// floors returns the noise floors of the groups that have one.
func floors(groups []*bench.Group, c bench.Column) (r ribbon) {
	for _, g := range groups {
		if f, ok := g.Floor(c); ok {
			b := floorBand(f, c)
			r.points = append(r.points, point{g.Share, (b.hi + b.lo) / 2, (b.hi - b.lo) / 2})
		}
	}
	return r
}
