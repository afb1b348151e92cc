package charts

import (
	"gonum.org/v1/plot"
	"gonum.org/v1/plot/text"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
)

// legend is a list of names and looks that is set like a paragraph beneath the
// panels, so that no name is ever over a curve or another name.
type legend struct {
	names []string
	looks []plot.Thumbnailer
}

// add adds a name once.
func (l *legend) add(name string, look plot.Thumbnailer) {
	for _, n := range l.names {
		if n == name {
			return
		}
	}
	l.names, l.looks = append(l.names, name), append(l.looks, look)
}

const (
	swatch     = vg.Length(22)
	swatchGap  = vg.Length(4)
	entryGap   = vg.Length(14)
	legendLine = vg.Length(14)
)

func legendStyle() text.Style {
	return text.Style{Color: inkColour, Font: sans(textSize), YAlign: draw.YCenter, Handler: plot.DefaultTextHandler}
}

// lines breaks the entries into lines of at most the width, at least one each.
func (l *legend) lines(width vg.Length) (lines [][]int) {
	style := legendStyle()
	used := vg.Length(0)
	for i, name := range l.names {
		need := swatch + swatchGap + style.Width(name) + entryGap
		if len(lines) == 0 || used+need > width {
			lines = append(lines, nil)
			used = 0
		}
		last := len(lines) - 1
		lines[last] = append(lines[last], i)
		used += need
	}
	return lines
}

// height returns what the legend takes, set in that width.
func (l *legend) height(width vg.Length) vg.Length {
	if len(l.names) == 0 {
		return 0
	}
	return legendLine*vg.Length(len(l.lines(width))) + 6
}

// draw sets the legend into the canvas, from its top left on.
func (l *legend) draw(c draw.Canvas) {
	style := legendStyle()
	y := c.Max.Y - legendLine/2
	for _, line := range l.lines(c.Max.X - c.Min.X) {
		x := c.Min.X
		for _, i := range line {
			icon := draw.Canvas{Canvas: c.Canvas, Rectangle: vg.Rectangle{Min: vg.Point{X: x, Y: y - 4}, Max: vg.Point{X: x + swatch, Y: y + 4}}}
			l.looks[i].Thumbnail(&icon)
			c.FillText(style, vg.Point{X: x + swatch + swatchGap, Y: y}, l.names[i])
			x += swatch + swatchGap + style.Width(l.names[i]) + entryGap
		}
		y -= legendLine
	}
}
