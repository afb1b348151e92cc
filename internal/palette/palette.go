// Package palette gives every method one look, in all figures and tables.
//
// A method is told by its colour, by its mark and by its dashes, so that two of
// them can be told apart in grey and by readers who see colours otherwise. The
// colours are Okabe and Ito's ("Color Universal Design", 2008), which were chosen
// for that, and a grey. Reference rows are dark and dashed, the methods of this
// module have colours of their own, and one that is not known here gets a look
// that depends on its name alone: it looks the same in every figure, whatever
// stands beside it.
package palette

import (
	"fmt"
	"hash/fnv"
	"image/color"
	"strings"

	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
)

// Okabe and Ito's colours, without yellow, which does not show on white.
var (
	white      = color.RGBA{0xFF, 0xFF, 0xFF, 0xFF}
	black      = color.RGBA{0x00, 0x00, 0x00, 0xFF}
	grey       = color.RGBA{0x77, 0x77, 0x77, 0xFF}
	orange     = color.RGBA{0xE6, 0x9F, 0x00, 0xFF}
	sky        = color.RGBA{0x56, 0xB4, 0xE9, 0xFF}
	green      = color.RGBA{0x00, 0x9E, 0x73, 0xFF}
	blue       = color.RGBA{0x00, 0x72, 0xB2, 0xFF}
	vermillion = color.RGBA{0xD5, 0x5E, 0x00, 0xFF}
	purple     = color.RGBA{0xCC, 0x79, 0xA7, 0xFF}
)

// Style is the look of a method.
type Style struct {
	Colour color.RGBA
	Mark   Mark
	Dashes []vg.Length // nil is a solid line
}

var (
	solid  []vg.Length
	dashed = []vg.Length{vg.Points(5), vg.Points(2.5)}
	dotted = []vg.Length{vg.Points(1.5), vg.Points(2)}
	mixed  = []vg.Length{vg.Points(6), vg.Points(2), vg.Points(1.5), vg.Points(2)}
)

// known are the looks of what this module has, by kind.
var known = map[string]Style{
	"before":             {grey, Cross, mixed},
	"retrain":            {black, Ring, dashed},
	"retrained":          {black, Ring, dashed}, // its name in audits
	"retrain-other-seed": {black, Plus, dotted},
	"mini":               {vermillion, Circle, solid},
	"fast-retrain":       {blue, Square, solid},
	"finetune":           {orange, Triangle, solid},
	"shrink-perturb":     {sky, Box, solid},
	"rewind":             {purple, Pyramid, solid},
	"descent":            {green, Diamond, solid},
	"deltagrad":          {blue, Diamond, dashed},
	"newton":             {green, Triangle, dashed},
	"amnesiac":           {purple, Box, dashed},
	"recursion":          {vermillion, Circle, dashed},
	"accelerate":         {sky, Square, dashed},
	"in-parts":           {vermillion, Pyramid, dotted},
	"no-op":              {grey, Box, dotted},
	"relabel":            {orange, Cross, dotted},
}

// Kind returns what all budgets of a method share: "mini" of "mini:0.1".
func Kind(method string) string {
	kind, _, _ := strings.Cut(method, ":")
	return kind
}

// Of returns the look of a method, with or without a budget in its name.
func Of(method string) Style {
	kind := Kind(method)
	if s, ok := known[kind]; ok {
		return s
	}
	h := fnv.New32a()
	h.Write([]byte(kind)) // a hash takes everything
	n := int(h.Sum32() >> 8)
	colours := []color.RGBA{blue, green, orange, purple, sky, vermillion}
	marks := []Mark{Circle, Square, Triangle, Box, Pyramid, Diamond, Ring}
	return Style{colours[n%len(colours)], marks[n/len(colours)%len(marks)], mixed}
}

// Hex returns the colour as CSS has it.
func (s Style) Hex() string {
	return fmt.Sprintf("#%02x%02x%02x", s.Colour.R, s.Colour.G, s.Colour.B)
}

// Line returns the style of a line of that width.
func (s Style) Line(width vg.Length) draw.LineStyle {
	return draw.LineStyle{Color: s.Colour, Width: width, Dashes: s.Dashes}
}

// Glyph returns the style of a mark of that radius.
func (s Style) Glyph(radius vg.Length) draw.GlyphStyle {
	return draw.GlyphStyle{Color: s.Colour, Radius: radius, Shape: s.Mark}
}
