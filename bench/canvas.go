package bench

import (
	"fmt"
	"path/filepath"
	"strings"

	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/vgimg"
	"gonum.org/v1/plot/vg/vgpdf"
	"gonum.org/v1/plot/vg/vgsvg"
)

// printDPI is the resolution of figures in PNG, enough for print.
const printDPI = 300

// FigureFormat returns the format of a figure's file by the ending of its name,
// "png", "pdf" or "svg", in upper or lower case. Others are an error.
func FigureFormat(path string) (string, error) {
	format := strings.ToLower(strings.TrimPrefix(filepath.Ext(path), "."))
	if _, err := newCanvas(format, 1, 1); err != nil {
		return "", fmt.Errorf("bench: figure %s: %w", path, err)
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
