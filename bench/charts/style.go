package charts

import (
	"image/color"
	"math"
	"slices"
	"strconv"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/font"
	"gonum.org/v1/plot/plotter"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"

	"github.com/miniunlearn/miniunlearn/internal/palette"
)

// Sizes of a figure.
const (
	panelWidth  = 1.95 * vg.Inch
	panelHeight = 1.6 * vg.Inch
	axisSpace   = 0.45 * vg.Inch // left of the first panel, for its label
	titleSpace  = 22             // above the panels, points, as all below
	headSpace   = 14             // between the title and the panels, for their own
	labelSpace  = 12             // left of the panels, for the rows' labels
	textSize    = 9
	titleSize   = 11
	lineWidth   = 1.3
	markRadius  = 2.6
)

var (
	inkColour  = color.RGBA{0x22, 0x22, 0x22, 0xFF}
	gridColour = color.RGBA{0xE6, 0xE6, 0xE6, 0xFF}
	bandColour = color.RGBA{0xD9, 0xD9, 0xD9, 0xFF}
)

// sans returns the figures' font.
func sans(size vg.Length) font.Font {
	return font.From(font.Font{Typeface: "Liberation", Variant: "Sans"}, size)
}

// newPanel returns an empty plot in the figures' style.
func newPanel() *plot.Plot {
	p := plot.New()
	p.Title.TextStyle.Font, p.Title.TextStyle.Color = sans(textSize+0.5), inkColour
	p.Title.Padding = 3
	for _, a := range []*plot.Axis{&p.X, &p.Y} {
		a.Label.TextStyle.Font, a.Label.TextStyle.Color = sans(textSize), inkColour
		a.Tick.Label.Font, a.Tick.Label.Color = sans(textSize-1), inkColour
		a.LineStyle.Width, a.Tick.LineStyle.Width = 0.5, 0.5
		a.LineStyle.Color, a.Tick.LineStyle.Color = inkColour, inkColour
		a.Tick.Length = 3
		a.Label.Padding = 3
		a.Padding = 3
	}
	return p
}

// gridLines returns thin lines at the labelled ticks of y.
func gridLines() *plotter.Grid {
	g := plotter.NewGrid()
	g.Horizontal = draw.LineStyle{Color: gridColour, Width: 0.5}
	g.Vertical = draw.LineStyle{Color: gridColour, Width: 0}
	return g
}

// linearTicks labels at most five round numbers, all with the same decimals.
func linearTicks(lo, hi float64) []plot.Tick { return roundTicks(lo, hi, 4.5) }

// narrowTicks is linearTicks for a horizontal axis: as many as fit side by side.
func narrowTicks(lo, hi float64) []plot.Tick {
	for most := 4.5; ; most-- {
		ticks := roundTicks(lo, hi, most)
		need := vg.Length(0)
		for _, t := range ticks {
			need += sans(textSize-1).Size*0.56*vg.Length(len(t.Label)) + 6
		}
		if need <= panelWidth-45 || most < 2 {
			return ticks
		}
	}
}

// roundTicks returns multiples of a round number, most of its steps from lo to hi
// or fewer.
func roundTicks(lo, hi, most float64) []plot.Tick {
	if !(hi > lo) {
		return []plot.Tick{{Value: lo, Label: strconv.FormatFloat(lo, 'g', 4, 64)}}
	}
	unit := math.Pow10(int(math.Floor(math.Log10(hi - lo))))
	step := 10 * unit
	for _, f := range []float64{0.1, 0.2, 0.25, 0.5, 1, 2, 2.5, 5} {
		if (hi-lo)/(f*unit) <= most {
			step = f * unit
			break
		}
	}
	decimals := 0
	for f := step; decimals < 12 && math.Abs(f-math.Round(f)) > 1e-9*f; f *= 10 {
		decimals++
	}
	format := byte('f')
	if far := max(math.Abs(lo), math.Abs(hi)); far >= 1e5 || far < 1e-4 {
		format, decimals = 'g', -1
	}
	var ticks []plot.Tick
	for i := math.Ceil(lo/step - 1e-9); i*step <= hi+1e-9*step; i++ {
		v, err := strconv.ParseFloat(strconv.FormatFloat(i*step, 'g', 10, 64), 64) // 0.3, not 0.30000000000000004
		if err != nil || v == 0 {
			v = 0 // without a sign
		}
		ticks = append(ticks, plot.Tick{Value: v, Label: strconv.FormatFloat(v, format, decimals, 64)})
	}
	return ticks
}

// logTicks labels powers of ten, every other one or fewer where there are many,
// and numbers between them where there are few.
func logTicks(lo, hi float64) []plot.Tick {
	decades := math.Log10(hi / lo)
	between, every := []float64{1}, 1
	switch {
	case decades < 1.2:
		between = []float64{1, 2, 5}
	case decades < 2:
		between = []float64{1, 3}
	default:
		every = int(math.Ceil(decades / 5))
	}
	var ticks []plot.Tick
	for e := int(math.Floor(math.Log10(lo))); e <= int(math.Ceil(math.Log10(hi))); e++ {
		for m := 1.0; m < 10; m++ {
			v := m * math.Pow10(e)
			if v < lo*(1-1e-9) || v > hi*(1+1e-9) {
				continue
			}
			t := plot.Tick{Value: v}
			if slices.Contains(between, m) && e%every == 0 {
				t.Label = strconv.FormatFloat(v, 'g', 3, 64)
			}
			if t.Label != "" || decades < 5 {
				ticks = append(ticks, t)
			}
		}
	}
	return ticks
}

// useLinear and useLog set the range and the ticks of an axis.
func useLinear(a *plot.Axis, lo, hi float64) {
	const most = 1e300 // the difference of larger ones may be no number
	lo, hi = min(max(lo, -most), most), max(min(hi, most), -most)
	far := max(math.Abs(lo), math.Abs(hi))
	if hi-lo < max(1e-9*far, 1/most) { // differ by rounding, if at all: too close for ticks between them
		pad := max(far*0.1, 1e-9)
		lo, hi = lo-pad, hi+pad
	}
	a.Min, a.Max = lo, hi
	a.Tick.Marker = plot.TickerFunc(linearTicks)
}

// useNarrow is useLinear for a horizontal axis.
func useNarrow(a *plot.Axis, lo, hi float64) {
	useLinear(a, lo, hi)
	a.Tick.Marker = plot.TickerFunc(narrowTicks)
}

func useLog(a *plot.Axis, lo, hi float64) {
	a.Min, a.Max = lo, hi
	a.Scale, a.Tick.Marker = plot.LogScale{}, plot.TickerFunc(logTicks)
}

// band fills a horizontal stripe: the noise floor.
type band struct{ lo, hi float64 }

// Plot implements plot.Plotter.
func (b band) Plot(c draw.Canvas, p *plot.Plot) {
	_, y := p.Transforms(&c)
	lo, hi := max(b.lo, p.Y.Min), min(b.hi, p.Y.Max)
	if !(lo < hi) {
		return
	}
	c.SetColor(bandColour)
	c.Fill(vg.Rectangle{Min: vg.Point{X: c.Min.X, Y: y(lo)}, Max: vg.Point{X: c.Max.X, Y: y(hi)}}.Path())
}

// Thumbnail implements plot.Thumbnailer.
func (b band) Thumbnail(c *draw.Canvas) {
	c.SetColor(bandColour)
	c.Fill(c.Rectangle.Path())
}

// level draws a horizontal line in a method's look.
type level struct {
	y     float64
	style palette.Style
}

// Plot implements plot.Plotter.
func (l level) Plot(c draw.Canvas, p *plot.Plot) {
	if l.y < p.Y.Min || l.y > p.Y.Max {
		return
	}
	_, y := p.Transforms(&c)
	c.StrokeLine2(l.style.Line(1), c.Min.X, y(l.y), c.Max.X, y(l.y))
}

// Thumbnail implements plot.Thumbnailer.
func (l level) Thumbnail(c *draw.Canvas) {
	y := (c.Min.Y + c.Max.Y) / 2
	c.StrokeLine2(l.style.Line(1), c.Min.X, y, c.Max.X, y)
}
