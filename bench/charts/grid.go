package charts

import (
	"math"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/text"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
)

// grid is panels in rows and columns under a title, with one legend beneath.
type grid struct {
	panels        [][]*plot.Plot // all rows have as many
	legend        legend
	width, height vg.Length // of a panel; 0 means the usual
	left          vg.Length // more room for names left of the first panel
}

// figure lays the panels out.
func (g *grid) figure(title, caption string) *Figure {
	if g.width == 0 {
		g.width, g.height = panelWidth, panelHeight
	}
	rows, cols := len(g.panels), len(g.panels[0])
	// A plot moves its title and its label by what else it holds, so they are set
	// apart from it.
	heads, labels := make([]string, cols), make([]string, rows)
	for i, row := range g.panels {
		for j, p := range row {
			if i == 0 {
				heads[j] = p.Title.Text
			}
			if j == 0 {
				labels[i] = p.Y.Label.Text
			}
			p.Title.Text, p.Y.Label.Text = "", ""
		}
	}
	// A single panel is widened until the title and a few names fit.
	width := max(axisSpace+g.left+g.width*vg.Length(cols), titleStyle().Width(title)+16, 4*vg.Inch)
	legend := g.legend.height(width - 16)
	height := titleSpace + headSpace + g.height*vg.Length(rows) + legend + 10
	return &Figure{Title: title, Caption: caption, width: width, height: height, paint: func(c draw.Canvas) error {
		c.FillText(titleStyle(), vg.Point{X: c.Min.X + 8, Y: c.Max.Y - 6}, title)
		inner := draw.Crop(c, 8+labelSpace, -8, legend+8, -titleSpace-headSpace)
		tiles := draw.Tiles{Rows: rows, Cols: cols, PadX: 10, PadY: 10}
		for i, row := range plot.Align(g.panels, tiles, inner) {
			for j, canvas := range row {
				p := g.panels[i][j]
				p.Draw(canvas)
				data := p.DataCanvas(canvas)
				style := legendStyle()
				style.XAlign = draw.XCenter
				if i == 0 {
					style.YAlign = draw.YBottom
					c.FillText(style, vg.Point{X: (data.Min.X + data.Max.X) / 2, Y: data.Max.Y + 6}, heads[j])
				}
				if j == 0 {
					style.Rotation, style.YAlign = math.Pi/2, draw.YTop
					c.FillText(style, vg.Point{X: c.Min.X + 8, Y: (data.Min.Y + data.Max.Y) / 2}, labels[i])
				}
			}
		}
		g.legend.draw(draw.Crop(c, 8, -8, 2, 0-(c.Max.Y-c.Min.Y-legend-2)))
		return nil
	}}
}

func titleStyle() text.Style {
	return text.Style{Color: inkColour, Font: sans(titleSize), YAlign: draw.YTop, Handler: plot.DefaultTextHandler}
}
