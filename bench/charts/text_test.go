package charts

import (
	"fmt"
	"image"
	"image/color"
	"math"
	"testing"

	"github.com/stretchr/testify/require"
	"gonum.org/v1/plot/font"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
)

// textCanvas is a canvas that keeps the place of every text on it.
type textCanvas struct {
	width, height vg.Length
	at            affine
	stack         []affine
	texts         []placed
}

// affine maps (x, y) to (a·x + b·y + e, c·x + d·y + f).
type affine struct{ a, b, c, d, e, f float64 }

func (m affine) apply(x, y float64) (float64, float64) {
	return m.a*x + m.b*y + m.e, m.c*x + m.d*y + m.f
}

func (m affine) then(n affine) affine { // first n, then m
	e, f := m.apply(n.e, n.f)
	return affine{m.a*n.a + m.b*n.c, m.a*n.b + m.b*n.d, m.c*n.a + m.d*n.c, m.c*n.b + m.d*n.d, e, f}
}

// placed is a text and the box around its ink.
type placed struct {
	text                   string
	minX, minY, maxX, maxY float64
}

func (p placed) overlaps(q placed) bool {
	const slack = 0.5 // points
	return p.minX+slack < q.maxX && q.minX+slack < p.maxX && p.minY+slack < q.maxY && q.minY+slack < p.maxY
}

func (c *textCanvas) SetLineWidth(vg.Length)              {}
func (c *textCanvas) SetLineDash([]vg.Length, vg.Length)  {}
func (c *textCanvas) SetColor(color.Color)                {}
func (c *textCanvas) Stroke(vg.Path)                      {}
func (c *textCanvas) Fill(vg.Path)                        {}
func (c *textCanvas) DrawImage(vg.Rectangle, image.Image) {}
func (c *textCanvas) Size() (vg.Length, vg.Length)        { return c.width, c.height }
func (c *textCanvas) Push()                               { c.stack = append(c.stack, c.at) }
func (c *textCanvas) Pop()                                { c.at = c.stack[len(c.stack)-1]; c.stack = c.stack[:len(c.stack)-1] }
func (c *textCanvas) Translate(p vg.Point) {
	c.at = c.at.then(affine{1, 0, 0, 1, float64(p.X), float64(p.Y)})
}
func (c *textCanvas) Scale(x, y float64) { c.at = c.at.then(affine{x, 0, 0, y, 0, 0}) }
func (c *textCanvas) Rotate(rad float64) {
	sin, cos := math.Sincos(rad)
	c.at = c.at.then(affine{cos, -sin, sin, cos, 0, 0})
}

func (c *textCanvas) FillString(f font.Face, p vg.Point, s string) {
	w, ext := float64(f.Width(s)), f.Extents()
	box := placed{text: s, minX: math.Inf(1), minY: math.Inf(1), maxX: math.Inf(-1), maxY: math.Inf(-1)}
	for _, x := range []float64{0, w} {
		for _, y := range []float64{-float64(ext.Descent) * 0.5, float64(ext.Ascent) * 0.75} {
			px, py := c.at.apply(float64(p.X)+x, float64(p.Y)+y)
			box.minX, box.maxX = min(box.minX, px), max(box.maxX, px)
			box.minY, box.maxY = min(box.minY, py), max(box.maxY, py)
		}
	}
	c.texts = append(c.texts, box)
}

// readable requires that no text of the figure overlaps another or leaves the
// page.
func readable(t *testing.T, f *Figure) {
	t.Helper()
	c := &textCanvas{width: f.width, height: f.height, at: affine{1, 0, 0, 1, 0, 0}}
	require.NoError(t, f.paint(draw.New(c)))
	require.NotEmpty(t, c.texts)
	for i, a := range c.texts {
		where := fmt.Sprintf("%q of %q at %.0f, %.0f", a.text, f.Title, a.minX, a.minY)
		require.GreaterOrEqual(t, a.minX, -0.5, where)
		require.GreaterOrEqual(t, a.minY, -0.5, where)
		require.LessOrEqual(t, a.maxX, float64(f.width)+0.5, where)
		require.LessOrEqual(t, a.maxY, float64(f.height)+0.5, where)
		for _, b := range c.texts[:i] {
			require.False(t, a.overlaps(b), "%s overlaps %q", where, b.text)
		}
	}
}

// TestOverlap: the test of the other tests finds what it is to find.
func TestOverlap(t *testing.T) {
	a, b := placed{"a", 0, 0, 10, 5}, placed{"b", 9, 4, 20, 9}
	require.True(t, a.overlaps(b))
	require.False(t, a.overlaps(placed{"c", 10, 0, 20, 5}))
	c := &textCanvas{at: affine{1, 0, 0, 1, 0, 0}}
	c.Push()
	c.Translate(vg.Point{X: 10, Y: 20})
	c.Rotate(math.Pi / 2)
	c.FillString(font.DefaultCache.Lookup(sans(10), 10), vg.Point{}, "mmmm")
	c.Pop()
	require.InDelta(t, 20, c.texts[0].minY, 1e-9, "upwards from 20")
	require.Greater(t, c.texts[0].maxY, 45.)
	require.Less(t, c.texts[0].maxX-c.texts[0].minX, 12.)
}
