package palette

import (
	"fmt"
	"math"
	"strings"

	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
)

// Mark is the shape of a method's points. It is drawn by figures, and by pages as
// a path.
type Mark int

// The marks: filled, and open.
const (
	Circle   Mark = iota // filled
	Box                  // a filled square
	Pyramid              // a filled triangle
	Diamond              // filled
	Ring                 // an open circle
	Square               // open
	Triangle             // open
	Plus
	Cross
)

// corners returns the points of a mark of radius 1 around 0, y upwards; pairs of
// points where the mark is of strokes.
func (m Mark) corners() []vg.Point {
	switch m {
	case Box, Square:
		return []vg.Point{{X: -0.85, Y: -0.85}, {X: 0.85, Y: -0.85}, {X: 0.85, Y: 0.85}, {X: -0.85, Y: 0.85}}
	case Pyramid, Triangle:
		return []vg.Point{{X: -0.95, Y: -0.75}, {X: 0.95, Y: -0.75}, {X: 0, Y: 1.05}}
	case Diamond:
		return []vg.Point{{X: 0, Y: -1.2}, {X: 1.0, Y: 0}, {X: 0, Y: 1.2}, {X: -1.0, Y: 0}}
	case Plus:
		return []vg.Point{{X: -1.1, Y: 0}, {X: 1.1, Y: 0}, {X: 0, Y: -1.1}, {X: 0, Y: 1.1}}
	case Cross:
		return []vg.Point{{X: -0.85, Y: -0.85}, {X: 0.85, Y: 0.85}, {X: -0.85, Y: 0.85}, {X: 0.85, Y: -0.85}}
	}
	return nil // round
}

// Filled reports whether the mark is filled.
func (m Mark) Filled() bool { return m <= Diamond }

// strokes reports whether the mark encloses nothing.
func (m Mark) strokes() bool { return m >= Plus }

// path returns the mark around pt.
func (m Mark) path(pt vg.Point, r vg.Length) (p vg.Path) {
	at := func(c vg.Point) vg.Point { return vg.Point{X: pt.X + r*c.X, Y: pt.Y + r*c.Y} }
	corners := m.corners()
	if corners == nil {
		p.Move(vg.Point{X: pt.X + r, Y: pt.Y})
		p.Arc(pt, r, 0, 2*math.Pi)
		p.Close()
		return p
	}
	for i, c := range corners {
		if i == 0 || m.strokes() && i%2 == 0 {
			p.Move(at(c))
		} else {
			p.Line(at(c))
		}
	}
	if !m.strokes() {
		p.Close()
	}
	return p
}

// DrawGlyph implements draw.GlyphDrawer.
func (m Mark) DrawGlyph(c *draw.Canvas, s draw.GlyphStyle, pt vg.Point) {
	path := m.path(pt, s.Radius)
	if m.Filled() {
		c.SetColor(s.Color)
		c.Fill(path)
		return
	}
	if !m.strokes() { // a line behind an open mark would fill it
		c.SetColor(white)
		c.Fill(path)
	}
	c.SetLineStyle(draw.LineStyle{Color: s.Color, Width: s.Radius * 0.45})
	c.Stroke(path)
}

// Swatch returns a line with the mark on it, as an element of SVG to stand in a
// line of text.
func (s Style) Swatch() string {
	const w, h, r = 26, 10, 3.2
	var b strings.Builder
	fmt.Fprintf(&b, `<svg class="swatch" width="%d" height="%d" viewBox="0 0 %[1]d %[2]d" aria-hidden="true">`, w, h)
	fmt.Fprintf(&b, `<path d="M0 %d H%d" stroke="%s" stroke-width="1.6" fill="none"`, h/2, w, s.Hex())
	if s.Dashes != nil {
		var dashes []string
		for _, d := range s.Dashes {
			dashes = append(dashes, fmt.Sprintf("%g", d.Points()))
		}
		fmt.Fprintf(&b, ` stroke-dasharray="%s"`, strings.Join(dashes, " "))
	}
	b.WriteString("/>")
	fill := "#fff"
	switch {
	case s.Mark.Filled():
		fill = s.Hex()
	case s.Mark.strokes():
		fill = "none"
	}
	look := fmt.Sprintf(`fill="%s" stroke="%s" stroke-width="1.5"`, fill, s.Hex())
	if corners := s.Mark.corners(); corners == nil {
		fmt.Fprintf(&b, `<circle cx="%d" cy="%d" r="%g" %s/>`, w/2, h/2, r, look)
	} else {
		fmt.Fprintf(&b, `<path d="`)
		for i, c := range corners {
			verb := "L"
			if i == 0 || s.Mark.strokes() && i%2 == 0 {
				verb = "M"
			}
			fmt.Fprintf(&b, "%s%.2f %.2f", verb, w/2+r*c.X.Points(), h/2-r*c.Y.Points())
		}
		if !s.Mark.strokes() {
			b.WriteString("Z")
		}
		fmt.Fprintf(&b, `" %s/>`, look)
	}
	b.WriteString("</svg>")
	return b.String()
}
