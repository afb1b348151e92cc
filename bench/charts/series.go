package charts

import (
	"cmp"
	"math"
	"slices"

	"gonum.org/v1/gonum/stat"
	"gonum.org/v1/plot"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"

	"github.com/miniunlearn/miniunlearn/bench"
	"github.com/miniunlearn/miniunlearn/internal/palette"
)

// point is a mean with half of its 95% interval, at x.
type point struct{ x, y, half float64 }

// series is what one method has at several x.
type series struct {
	name   string
	style  palette.Style
	points []point
	shift  vg.Length // to the right, so that bars of several series stand side by side
}

func newSeries(name string) *series { return &series{name: name, style: palette.Of(name)} }

// add adds a point, unless it does not exist.
func (s *series) add(x, y, half float64) {
	if !math.IsNaN(x+y) && !math.IsInf(x+y, 0) {
		s.points = append(s.points, point{x, y, half})
	}
}

// sort puts the points in order of x.
func (s *series) sort() {
	slices.SortStableFunc(s.points, func(a, b point) int { return cmp.Or(cmp.Compare(a.x, b.x), cmp.Compare(a.y, b.y)) })
}

// Plot implements plot.Plotter: a line, bars of the intervals and marks, all
// within the axes.
func (s *series) Plot(c draw.Canvas, p *plot.Plot) {
	tx, ty := p.Transforms(&c)
	clamp := func(v float64) float64 { return min(max(v, p.Y.Min), p.Y.Max) }
	line := make([]vg.Point, len(s.points))
	for i, pt := range s.points {
		line[i] = vg.Point{X: tx(pt.x) + s.shift, Y: ty(clamp(pt.y))}
	}
	for i := range max(len(line)-1, 0) {
		a, b := s.points[i].y, s.points[i+1].y
		if max(a, b) >= p.Y.Min && min(a, b) <= p.Y.Max { // arrows stand for what is beyond
			c.StrokeLine2(s.style.Line(lineWidth), line[i].X, line[i].Y, line[i+1].X, line[i+1].Y)
		}
	}
	bar := draw.LineStyle{Color: s.style.Colour, Width: 0.8}
	for i, pt := range s.points {
		if pt.half == 0 {
			continue
		}
		x, lo, hi := line[i].X, ty(clamp(pt.y-pt.half)), ty(clamp(pt.y+pt.half))
		c.StrokeLine2(bar, x, lo, x, hi)
		const half = 1.8 // of a cap
		if pt.y-pt.half >= p.Y.Min {
			c.StrokeLine2(bar, x-half, lo, x+half, lo)
		}
		if pt.y+pt.half <= p.Y.Max {
			c.StrokeLine2(bar, x-half, hi, x+half, hi)
		}
	}
	for i, pt := range s.points {
		switch {
		case pt.y > p.Y.Max:
			arrow(c, s.style, line[i], 1)
		case pt.y < p.Y.Min:
			arrow(c, s.style, line[i], -1)
		default:
			c.DrawGlyphNoClip(s.style.Glyph(markRadius), line[i])
		}
	}
}

// arrow draws a mark at the edge of a panel for a value beyond it, upwards with 1
// and downwards with -1.
func arrow(c draw.Canvas, style palette.Style, at vg.Point, direction vg.Length) {
	const r = 3
	var p vg.Path
	p.Move(vg.Point{X: at.X - r, Y: at.Y - direction*r})
	p.Line(vg.Point{X: at.X, Y: at.Y + direction*r})
	p.Line(vg.Point{X: at.X + r, Y: at.Y - direction*r})
	c.SetLineStyle(draw.LineStyle{Color: style.Colour, Width: 1.4})
	c.Stroke(p)
}

// spreadOut shifts series from each other.
func spreadOut(all []*series) {
	gap := min(2.2, 9/vg.Length(max(len(all), 1)))
	for i, s := range all {
		s.shift = gap * (vg.Length(i) - vg.Length(len(all)-1)/2)
	}
}

// Thumbnail implements plot.Thumbnailer.
func (s *series) Thumbnail(c *draw.Canvas) {
	y, x := (c.Min.Y+c.Max.Y)/2, (c.Min.X+c.Max.X)/2
	c.StrokeLine2(s.style.Line(lineWidth), c.Min.X, y, c.Max.X, y)
	c.DrawGlyphNoClip(s.style.Glyph(markRadius), vg.Point{X: x, Y: y})
}

// ribbon is a noise floor that changes along x.
type ribbon struct{ points []point } // y ± half

// Plot implements plot.Plotter.
func (r ribbon) Plot(c draw.Canvas, p *plot.Plot) {
	tx, ty := p.Transforms(&c)
	clamp := func(v float64) float64 { return min(max(v, p.Y.Min), p.Y.Max) }
	var path vg.Path
	for i, pt := range r.points {
		at := vg.Point{X: tx(pt.x), Y: ty(clamp(pt.y + pt.half))}
		if i == 0 {
			path.Move(at)
		} else {
			path.Line(at)
		}
	}
	for _, pt := range slices.Backward(r.points) {
		path.Line(vg.Point{X: tx(pt.x), Y: ty(clamp(pt.y - pt.half))})
	}
	path.Close()
	c.SetColor(bandColour)
	c.Fill(path)
}

// Thumbnail implements plot.Thumbnailer.
func (r ribbon) Thumbnail(c *draw.Canvas) { band{}.Thumbnail(c) }

// extent is the range of an axis, from the values on it.
type extent struct {
	means, lo, hi []float64 // means, and the ends of their intervals
	floors        []band    // noise floors, which get room as intervals do
	positive      bool      // the axis has nothing below 0
}

func newExtent(c bench.Column) extent { return extent{positive: c.Kind != bench.Level} }

func (e *extent) add(y, half float64) {
	if math.IsNaN(y) || math.IsInf(y, 0) {
		return
	}
	if math.IsNaN(half) {
		half = 0
	}
	e.means, e.lo, e.hi = append(e.means, y), append(e.lo, y-half), append(e.hi, y+half)
}

// fences returns what no mean of the bulk is beyond: six times the distance of the
// quartiles from them, so that one method that has failed does not flatten all
// others, or everything where the bulk is one value or there are few.
func (e *extent) fences() (lo, hi float64) {
	sorted := slices.Sorted(slices.Values(e.means))
	q1, q3 := stat.Quantile(0.25, stat.LinInterp, sorted, nil), stat.Quantile(0.75, stat.LinInterp, sorted, nil)
	if len(sorted) < 8 || q1 == q3 {
		return math.Inf(-1), math.Inf(1)
	}
	return q1 - 6*(q3-q1), q3 + 6*(q3-q1)
}

// apply sets an axis: logarithmic where all means are positive and span more than
// a factor of 20, and wide enough for the intervals, as far as these do not take
// more room than the means. Means beyond the fences are beyond the axis.
func (e *extent) apply(a *plot.Axis) {
	if len(e.means) == 0 {
		return
	}
	if lo, hi := slices.Min(e.means), slices.Max(e.means); lo > 0 && hi > 20*lo {
		useLog(a, max(slices.Min(e.lo), lo/2), min(slices.Max(e.hi), 2*hi))
		return
	}
	least, most := e.fences()
	lo, hi := math.Inf(1), math.Inf(-1)
	elo, ehi := lo, hi
	for i, m := range e.means {
		if m >= least && m <= most {
			lo, hi = min(lo, m), max(hi, m)
			elo, ehi = min(elo, e.lo[i]), max(ehi, e.hi[i])
		}
	}
	for _, f := range e.floors {
		elo, ehi = min(elo, f.lo), max(ehi, f.hi)
	}
	room := max(hi-lo, math.Abs(hi)*1e-3)
	lo, hi = max(elo, lo-0.6*room), min(ehi, hi+0.6*room)
	pad := 0.05 * (hi - lo)
	if lo -= pad; e.positive {
		lo = max(lo, -pad)
	}
	useLinear(a, lo, hi+pad)
}
