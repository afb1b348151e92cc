package bench

import (
	"cmp"
	"fmt"
	"image/color"
	"io"
	"math"
	"slices"
	"strings"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/plotter"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
)

// palette is Okabe and Ito's, distinguishable with colour-vision deficiencies.
var palette = []color.RGBA{
	{0xD5, 0x5E, 0x00, 0xFF}, {0x00, 0x72, 0xB2, 0xFF}, {0x00, 0x9E, 0x73, 0xFF}, {0xCC, 0x79, 0xA7, 0xFF},
	{0xE6, 0x9F, 0x00, 0xFF}, {0x56, 0xB4, 0xE9, 0xFF}, {0x80, 0x80, 0x80, 0xFF}, {0x00, 0x00, 0x00, 0xFF},
}

// WriteFigure draws columns, one a row of panels, against cost in units of
// retraining, one panel a section, in a format of FigureFormat. Methods with a budget, "mini:0.1"
// and "mini:0.2", make one curve; those without cost, and retraining, are
// horizontal lines. Columns whose values are all positive and span more than a factor of twenty
// get a logarithmic axis.
func (t *Table) WriteFigure(w io.Writer, format string, heads ...string) error {
	sel := &Table{Results: t.Results}
	if err := sel.Select(heads...); err != nil {
		return err
	}
	if len(heads) == 0 || len(t.Results) == 0 {
		return fmt.Errorf("bench: a figure needs results and a column of %s", strings.Join(Columns(), ", "))
	}
	order, groups := t.cells()
	plots := make([][]*plot.Plot, len(heads))
	colours := map[string]color.RGBA{}
	legend := plot.New() // in a column of its own
	legend.HideAxes()
	legend.Legend.Top, legend.Legend.Left = true, true
	for i, col := range sel.columns {
		row := make([]*plot.Plot, len(order)+1)
		if i == 0 {
			row[len(order)] = legend
		}
		lo, hi := math.Inf(1), math.Inf(-1)
		for j, c := range order {
			row[j] = plot.New()
			if i == 0 {
				row[j].Title.Text = c.forget
			}
			if i == len(heads)-1 {
				row[j].X.Label.Text = "cost, of retraining"
			}
			if j == 0 {
				row[j].Y.Label.Text = col.head
			}
			for _, cv := range curves(groups[c], col) {
				_, known := colours[cv.name]
				if !known {
					colours[cv.name] = palette[len(colours)%len(palette)]
				}
				key, err := cv.draw(row[j], colours[cv.name])
				if err != nil {
					return fmt.Errorf("bench: figure: %w", err)
				}
				if !known {
					legend.Legend.Add(cv.name, key)
				}
				for _, pt := range cv.points {
					lo, hi = min(lo, pt.Y), max(hi, pt.Y)
				}
			}
			row[j].X.Min = 0
		}
		for _, p := range row[:len(order)] {
			p.Y.Min, p.Y.Max = lo, hi
			if lo > 0 && hi > 20*lo {
				p.Y.Scale, p.Y.Tick.Marker = plot.LogScale{}, plot.LogTicks{Prec: -1}
			}
		}
		plots[i] = row
	}
	c, err := newCanvas(format, vg.Length(len(order)+1)*2.4*vg.Inch, vg.Length(len(heads))*2.2*vg.Inch)
	if err != nil {
		return fmt.Errorf("bench: %w", err)
	}
	tiles := draw.Tiles{Rows: len(heads), Cols: len(order) + 1, PadX: vg.Points(8), PadY: vg.Points(8), PadRight: vg.Points(4)}
	for i, row := range plot.Align(plots, tiles, draw.New(c)) {
		for j, canvas := range row {
			if plots[i][j] != nil {
				plots[i][j].Draw(canvas)
			}
		}
	}
	_, err = c.WriteTo(w)
	return err
}

// curve is what a method does for several budgets: mean cost and value.
type curve struct {
	name   string
	points plotter.XYs
}

// curves returns the curves of one section, in the order of their methods.
func curves(results []Result, col column) []curve {
	methods, by := byMethod(results)
	var all []curve
	for _, m := range methods {
		var cost, value float64
		n := 0.
		for _, r := range by[m] {
			if v := col.value(r); v.Exists() {
				cost += r.GradEvals / r.RetrainGradEvals
				value += float64(v)
				n++
			}
		}
		if n == 0 {
			continue
		}
		name, _, _ := strings.Cut(m, ":")
		i := slices.IndexFunc(all, func(c curve) bool { return c.name == name })
		if i < 0 {
			i = len(all)
			all = append(all, curve{name: name})
		}
		all[i].points = append(all[i].points, plotter.XY{X: cost / n, Y: value / n})
	}
	for _, c := range all {
		slices.SortFunc(c.points, func(a, b plotter.XY) int { return cmp.Or(cmp.Compare(a.X, b.X), cmp.Compare(a.Y, b.Y)) })
	}
	return all
}

// draw adds the curve to a panel: a line with marks, or, where the cost says
// nothing (none, or retraining's), a dashed level.
func (c curve) draw(p *plot.Plot, colour color.RGBA) (key plot.Thumbnailer, err error) {
	if cost := c.points[0].X; len(c.points) == 1 && (cost == 0 || cost >= 0.999) {
		level := plotter.NewFunction(func(float64) float64 { return c.points[0].Y })
		level.Color, level.Dashes = colour, []vg.Length{vg.Points(3), vg.Points(2)}
		p.Add(level)
		p.X.Max = max(p.X.Max, 0.5)
		return level, nil
	}
	line, marks, err := plotter.NewLinePoints(c.points)
	if err != nil {
		return nil, err
	}
	line.Color, line.Width = colour, vg.Points(1.2)
	marks.Color, marks.Radius, marks.Shape = colour, vg.Points(2), draw.CircleGlyph{}
	p.Add(line, marks)
	return line, nil
}
