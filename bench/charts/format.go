package charts

import (
	"bytes"
	"fmt"
	"html"
	"image/color"
	"io"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/text"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
	"gonum.org/v1/plot/vg/vgimg"
	"gonum.org/v1/plot/vg/vgpdf"
	"gonum.org/v1/plot/vg/vgsvg"
)

// printDPI is the resolution of figures in PNG, enough for print.
const printDPI = 300

// Format returns the format of a figure's file by the ending of its name, "png",
// "pdf" or "svg", in upper or lower case. Others are an error.
func Format(path string) (string, error) {
	format := strings.ToLower(strings.TrimPrefix(filepath.Ext(path), "."))
	if _, err := newCanvas(format, 1, 1); err != nil {
		return "", fmt.Errorf("charts: %s: %w", path, err)
	}
	return format, nil
}

// newCanvas returns an empty figure.
func newCanvas(format string, width, height vg.Length) (vg.CanvasWriterTo, error) {
	switch format {
	case "png":
		return vgimg.PngCanvas{Canvas: vgimg.NewWith(vgimg.UseWH(width, height), vgimg.UseDPI(printDPI))}, nil
	case "pdf":
		return vgpdf.New(width, height), nil
	case "svg":
		return vgsvg.New(width, height), nil
	}
	return nil, fmt.Errorf("a figure's file ends in .png, .pdf or .svg, which decides its format, not in %q", "."+format)
}

// Figure is a drawing that can be written in any format.
type Figure struct {
	Title         string
	Caption       string // what it shows, in a sentence
	width, height vg.Length
	paint         func(draw.Canvas) error
}

// Write draws the figure as "png", "pdf" or "svg".
func (f *Figure) Write(w io.Writer, format string) error {
	c, err := newCanvas(format, f.width, f.height)
	if err != nil {
		return fmt.Errorf("charts: %w", err)
	}
	dc := draw.New(c)
	dc.SetColor(color.White)
	dc.Fill(dc.Rectangle.Path())
	if err := f.paint(dc); err != nil {
		return fmt.Errorf("charts: %s: %w", f.Title, err)
	}
	if format != "svg" {
		_, err = c.WriteTo(w)
		return err
	}
	var raw bytes.Buffer
	if _, err := c.WriteTo(&raw); err != nil {
		return err
	}
	_, err = io.WriteString(w, fixWidths(raw.String()))
	return err
}

// svgText is a text as vgsvg writes it.
var svgText = regexp.MustCompile(`<text (x="[^"]*" y="[^"]*" transform="[^"]*")\s+style="font-family:Liberation Sans;([^"]*font-size:([0-9.]+)px[^"]*)">([^<]*)</text>`)

// fixWidths gives the texts of an SVG the widths that they were laid out with,
// whatever font a reader has: Arial and Helvetica have them by themselves.
func fixWidths(svg string) string {
	return svgText.ReplaceAllStringFunc(svg, func(s string) string {
		m := svgText.FindStringSubmatch(s)
		size, err := strconv.ParseFloat(m[3], 64)
		if err != nil {
			return s
		}
		style := text.Style{Font: sans(vg.Length(size)), Handler: plot.DefaultTextHandler}
		return fmt.Sprintf(`<text %s textLength="%.2f" lengthAdjust="spacingAndGlyphs" style="font-family:'Liberation Sans',Arial,Helvetica,sans-serif;%s">%s</text>`,
			m[1], style.Width(html.UnescapeString(m[4])).Points(), m[2], m[4])
	})
}

// SVG returns the figure as an element to stand in a page, without the head of a
// file.
func (f *Figure) SVG() (string, error) {
	var b bytes.Buffer
	if err := f.Write(&b, "svg"); err != nil {
		return "", err
	}
	text := b.String()
	return text[strings.Index(text, "<svg"):], nil
}
