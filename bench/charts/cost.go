package charts

import (
	"fmt"
	"slices"
	"strings"

	"gonum.org/v1/plot"

	"github.com/miniunlearn/miniunlearn/bench"
	"github.com/miniunlearn/miniunlearn/internal/palette"
)

// maxColumns is the number of panels side by side.
const maxColumns = 6

const floorName = "noise floor: what another seed changes"

// ofRetraining is the horizontal axis of costs.
const ofRetraining = "of retraining"

func column(head string) bench.Column {
	c, err := bench.ColumnOf(head)
	if err != nil {
		panic(err)
	}
	return c
}

// title names the data set and the network of a study.
func title(s bench.Study) string { return s.Dataset + " · " + s.Net }

// Cost draws columns against cost in units of retraining: a row of panels for
// each column, a panel for each forget set, at most six of them in a figure. With
// one forget set the columns stand side by side.
// Budgets of one method are one curve; methods without a budget are points.
func Cost(s bench.Study, columns []bench.Column) []*Figure {
	var figures []*Figure
	for groups := range slices.Chunk(s.Groups, maxColumns) {
		g := &grid{}
		most := 0.0
		for i, c := range columns {
			e := newExtent(c)
			row := make([]*plot.Plot, len(groups))
			for j, group := range groups {
				p := newPanel()
				p.Add(gridLines())
				alone := len(s.Groups) == 1
				switch {
				case alone:
					p.Title.Text = c.Head
				case i == 0:
					p.Title.Text = group.Forget
				}
				if alone || i == len(columns)-1 {
					p.X.Label.Text = "cost, of retraining"
				}
				if j == 0 && !alone {
					p.Y.Label.Text = c.Head
				}
				references(p, group, c, &e, &g.legend)
				for _, curve := range costs(group, c) {
					p.Add(curve)
					g.legend.add(curve.name, curve)
					for _, pt := range curve.points {
						e.add(pt.y, pt.half)
						most = max(most, pt.x)
					}
				}
				row[j] = p
			}
			for _, p := range row {
				e.apply(&p.Y)
			}
			g.panels = append(g.panels, row)
		}
		for _, row := range g.panels {
			for _, p := range row {
				useNarrow(&p.X, 0, max(most*1.1, 0.1))
			}
		}
		name := title(s) + ": against cost"
		if len(s.Groups) == 1 {
			name += ", forgetting " + s.Groups[0].Forget
			var row []*plot.Plot
			for _, r := range g.panels {
				row = append(row, r[0])
			}
			g.panels = [][]*plot.Plot{row}
		}
		figures = append(figures, g.figure(name, fmt.Sprintf("%s against gradient evaluations in units of retraining's, by what is forgotten. Bars are 95%% intervals over seeds.", heads(columns))))
	}
	return figures
}

// references adds the rows to read others against: the model before as a line,
// retraining for levels, and the noise floor.
func references(p *plot.Plot, g *bench.Group, c bench.Column, e *extent, l *legend) {
	if f, ok := g.Floor(c); ok {
		b := floorBand(f, c)
		p.Add(b)
		e.floors = append(e.floors, b)
		defer l.add(floorName, b)
	}
	for _, name := range []string{"before", "retrain"} {
		m := c.Summary(g.Of(name))
		if !m.Exists() || c.Kind == bench.Cost || c.Kind == bench.Distance && name == "retrain" {
			continue // retraining is at distance 0 from itself
		}
		line := level{m.Mean, palette.Of(name)}
		p.Add(line)
		e.add(m.Mean, 0)
		l.add(name, line)
	}
}

// floorBand is the stripe of values within a noise floor; a distance is never
// below 0.
func floorBand(f bench.Floor, c bench.Column) band {
	if c.Kind == bench.Distance {
		return band{0, f.Width}
	}
	return band{f.Centre - f.Width, f.Centre + f.Width}
}

// costs returns the curves of a group, methods in their order.
func costs(g *bench.Group, c bench.Column) []*series {
	kinds, of := g.Kinds()
	var all []*series
	for _, kind := range kinds {
		if bench.IsReference(kind) {
			continue
		}
		s := newSeries(kind)
		for _, m := range of[kind] {
			x, y := column(ofRetraining).Summary(g.Of(m)), c.Summary(g.Of(m))
			s.add(x.Mean, y.Mean, y.Half)
		}
		if len(s.points) > 0 {
			s.sort()
			all = append(all, s)
		}
	}
	spreadOut(all)
	return all
}

// heads lists columns at the start of a sentence.
func heads(columns []bench.Column) string {
	var names []string
	for _, c := range columns {
		names = append(names, c.Head)
	}
	last := len(names) - 1
	text := names[last]
	if last > 0 {
		text = strings.Join(names[:last], ", ") + " and " + text
	}
	return strings.ToUpper(text[:1]) + text[1:]
}

// budgets reports whether some method of the study has more than one.
func budgets(s bench.Study) bool {
	for _, g := range s.Groups {
		kinds, of := g.Kinds()
		for _, k := range kinds {
			if len(of[k]) > 1 {
				return true
			}
		}
	}
	return false
}
