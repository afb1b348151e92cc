package charts

import (
	"fmt"
	"slices"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"

	"github.com/miniunlearn/miniunlearn/bench"
	"github.com/miniunlearn/miniunlearn/internal/palette"
)

// Dots draws columns with a line of its own for each method: what there is to see
// of a single budget. A row of panels is a forget set, a panel a column.
func Dots(s bench.Study, columns []bench.Column) *Figure {
	most, names := 0, vg.Length(0)
	style := legendStyle()
	for _, g := range s.Groups {
		most = max(most, len(g.Methods))
		for _, m := range g.Methods {
			names = max(names, style.Width(m))
		}
	}
	g := &grid{width: panelWidth, height: vg.Length(most)*11 + 48, left: names}
	ranges := make([]extent, len(columns))
	for i := range ranges {
		ranges[i] = newExtent(columns[i])
	}
	for i, group := range s.Groups {
		row := make([]*plot.Plot, len(columns))
		for j, c := range columns {
			p := newPanel()
			if i == 0 {
				p.Title.Text = c.Head
			}
			if j == 0 {
				p.Y.Label.Text = group.Forget
			}
			if f, ok := group.Floor(c); ok {
				s := stripe(floorBand(f, c))
				p.Add(s)
				ranges[j].floors = append(ranges[j].floors, band(s))
				g.legend.add(floorName, s)
			}
			var ticks []plot.Tick
			for k, m := range slices.Backward(group.Methods) {
				y := float64(len(group.Methods) - 1 - k)
				tick := plot.Tick{Value: y}
				if j == 0 {
					tick.Label = m
				}
				ticks = append(ticks, tick)
				v := c.Summary(group.Of(m))
				if !v.Exists() {
					continue
				}
				p.Add(dot{v.Mean, v.Half, y, palette.Of(m)})
				ranges[j].add(v.Mean, v.Half)
			}
			p.Y.Min, p.Y.Max = -0.6, float64(len(group.Methods))-0.4
			p.Y.Tick.Marker = plot.ConstantTicks(ticks)
			row[j] = p
		}
		g.panels = append(g.panels, row)
	}
	for _, row := range g.panels {
		for j, p := range row {
			ranges[j].apply(&p.X)
			if _, log := p.X.Scale.(plot.LogScale); !log && len(ranges[j].means) > 0 {
				p.X.Tick.Marker = plot.TickerFunc(narrowTicks)
			}
		}
	}
	return g.figure(title(s), fmt.Sprintf("%s of each method. Bars are 95%% intervals over seeds.", heads(columns)))
}

// stripe fills a vertical stripe: the noise floor.
type stripe struct{ lo, hi float64 }

// Plot implements plot.Plotter.
func (b stripe) Plot(c draw.Canvas, p *plot.Plot) {
	x, _ := p.Transforms(&c)
	lo, hi := max(b.lo, p.X.Min), min(b.hi, p.X.Max)
	if !(lo < hi) {
		return
	}
	c.SetColor(bandColour)
	c.Fill(vg.Rectangle{Min: vg.Point{X: x(lo), Y: c.Min.Y}, Max: vg.Point{X: x(hi), Y: c.Max.Y}}.Path())
}

// Thumbnail implements plot.Thumbnailer.
func (b stripe) Thumbnail(c *draw.Canvas) { band{}.Thumbnail(c) }

// dot is a value with its interval, on a line of its own.
type dot struct {
	x, half, y float64
	style      palette.Style
}

// Plot implements plot.Plotter.
func (d dot) Plot(c draw.Canvas, p *plot.Plot) {
	tx, ty := p.Transforms(&c)
	clamp := func(v float64) float64 { return min(max(v, p.X.Min), p.X.Max) }
	y := ty(d.y)
	c.StrokeLine2(draw.LineStyle{Color: gridColour, Width: 0.5}, c.Min.X, y, c.Max.X, y)
	bar := draw.LineStyle{Color: d.style.Colour, Width: 1}
	if d.half > 0 {
		c.StrokeLine2(bar, tx(clamp(d.x-d.half)), y, tx(clamp(d.x+d.half)), y)
	}
	if d.x >= p.X.Min && d.x <= p.X.Max {
		c.DrawGlyphNoClip(d.style.Glyph(markRadius+0.3), vg.Point{X: tx(d.x), Y: y})
	}
}
