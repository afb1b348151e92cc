package charts

import (
	"fmt"
	"math"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"

	"github.com/miniunlearn/miniunlearn/internal/palette"
)

// Rate is a point of a ROC: rates of false and of true positives, and the ends of
// the interval of the latter, equal to it where none is known.
type Rate struct{ FPR, TPR, Low, High float64 }

// Curve is the ROC of an attack on one method's models.
type Curve struct {
	Method string
	AUC    float64 // NaN if it is not known
	Rates  []Rate  // in order of FPR
}

// ROC draws curves on logarithmic axes, where the low rates of false positives
// that matter are visible. Rates of 0 are at the edge. It returns nil if there is
// nothing to draw.
func ROC(name, caption string, curves []Curve) *Figure {
	low := 1.0
	for _, c := range curves {
		for _, r := range c.Rates {
			for _, v := range []float64{r.FPR, r.TPR} {
				if v > 0 {
					low = min(low, v)
				}
			}
		}
	}
	if low == 1 {
		return nil
	}
	low = math.Pow10(int(math.Floor(math.Log10(low) + 1e-9)))
	p := newPanel()
	p.X.Label.Text, p.Y.Label.Text = "false-positive rate", "true-positive rate"
	useLog(&p.X, low, 1)
	useLog(&p.Y, low, 1)
	p.Add(gridLines(), diagonal{})
	g := &grid{width: 3.4 * vg.Inch, height: 3.2 * vg.Inch, panels: [][]*plot.Plot{{p}}}
	g.legend.add("chance", diagonal{})
	for _, c := range curves {
		if len(c.Rates) == 0 {
			continue
		}
		r := rocCurve{c, palette.Of(c.Method), low}
		p.Add(r)
		text := c.Method
		if !math.IsNaN(c.AUC) {
			text += fmt.Sprintf(" (AUC %.3f)", c.AUC)
		}
		g.legend.add(text, r)
	}
	return g.figure(name, caption)
}

// diagonal is what chance gets.
type diagonal struct{}

var diagonalLine = draw.LineStyle{Color: palette.Of("before").Colour, Width: 0.8, Dashes: []vg.Length{1, 2}}

// Plot implements plot.Plotter.
func (diagonal) Plot(c draw.Canvas, _ *plot.Plot) {
	c.StrokeLine2(diagonalLine, c.Min.X, c.Min.Y, c.Max.X, c.Max.Y)
}

// Thumbnail implements plot.Thumbnailer.
func (diagonal) Thumbnail(c *draw.Canvas) {
	y := (c.Min.Y + c.Max.Y) / 2
	c.StrokeLine2(diagonalLine, c.Min.X, y, c.Max.X, y)
}

// rocCurve is a curve with its look.
type rocCurve struct {
	Curve
	style palette.Style
	low   float64 // the axes begin here
}

// Plot implements plot.Plotter.
func (r rocCurve) Plot(c draw.Canvas, p *plot.Plot) {
	tx, ty := p.Transforms(&c)
	at := func(v float64) float64 { return min(max(v, r.low), 1) }
	var line []vg.Point
	for _, rate := range r.Rates {
		line = append(line, vg.Point{X: tx(at(rate.FPR)), Y: ty(at(rate.TPR))})
	}
	c.StrokeLines(r.style.Line(lineWidth), line)
	marks := len(r.Rates) <= 12 // points that were read off, not a whole curve
	for i, rate := range r.Rates {
		if rate.High > rate.Low {
			c.StrokeLine2(draw.LineStyle{Color: r.style.Colour, Width: 0.8}, line[i].X, ty(at(rate.Low)), line[i].X, ty(at(rate.High)))
		}
		if marks {
			c.DrawGlyphNoClip(r.style.Glyph(markRadius), line[i])
		}
	}
}

// Thumbnail implements plot.Thumbnailer.
func (r rocCurve) Thumbnail(c *draw.Canvas) { (&series{style: r.style}).Thumbnail(c) }
