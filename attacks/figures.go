package attacks

import (
	"fmt"
	"image/color"
	"io"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/plotter"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
	_ "gonum.org/v1/plot/vg/vgimg" // registers png
	_ "gonum.org/v1/plot/vg/vgsvg" // registers svg
)

// palette is Okabe & Ito's, distinguishable with colour-vision deficiencies.
var palette = []color.RGBA{
	{0xD5, 0x5E, 0x00, 0xFF}, {0x00, 0x00, 0x00, 0xFF}, {0x00, 0x72, 0xB2, 0xFF},
	{0x00, 0x9E, 0x73, 0xFF}, {0xCC, 0x79, 0xA7, 0xFF}, {0xE6, 0x9F, 0x00, 0xFF},
}

const (
	figureWidth  = 5 * vg.Inch
	panelHeight  = 1.6 * vg.Inch
	histogramBin = 40
)

// WriteROC draws every row's ROC on logarithmic axes, where the low false-
// positive rates that matter are visible. Rates below half an example, 0 in
// particular, are drawn at ½/n. format is "png" or "svg".
func (r *Report) WriteROC(w io.Writer, format string) error {
	const op = "WriteROC"
	if err := r.checkSamples(op); err != nil {
		return err
	}
	p := plot.New()
	p.Title.Text = r.Title
	p.X.Label.Text, p.Y.Label.Text = "false-positive rate", "true-positive rate"
	p.X.Scale, p.Y.Scale = plot.LogScale{}, plot.LogScale{}
	p.X.Tick.Marker, p.Y.Tick.Marker = plot.LogTicks{Prec: -1}, plot.LogTicks{Prec: -1}
	p.Legend.XOffs, p.Legend.YOffs = -vg.Points(4), vg.Points(4) // lower right, where no curve is
	p.X.Max, p.Y.Max = 1, 1
	low := 1.0
	for i, s := range r.samples {
		roc := rocSorted(sorted(s.Forgotten), sorted(s.Unseen))
		pts := clampedROC(roc)
		low = min(low, pts[0].X, pts[0].Y)
		line, err := plotter.NewLine(pts)
		if err != nil {
			return fmt.Errorf("attacks: %s: %w", op, err)
		}
		line.Color, line.Width = palette[i%len(palette)], vg.Points(1.2)
		p.Add(line)
		p.Legend.Add(fmt.Sprintf("%s (AUC %.3f)", s.Name, roc.AUC()), line)
	}
	chance, err := plotter.NewLine(plotter.XYs{{X: low, Y: low}, {X: 1, Y: 1}})
	if err != nil {
		return fmt.Errorf("attacks: %s: %w", op, err)
	}
	chance.Color, chance.Dashes = color.Gray{0x99}, []vg.Length{vg.Points(3), vg.Points(3)}
	p.Add(chance)
	p.X.Min, p.Y.Min = low, low
	c, err := canvas(op, format, figureWidth, figureWidth)
	if err != nil {
		return err
	}
	p.Draw(draw.New(c))
	if _, err := c.WriteTo(w); err != nil {
		return fmt.Errorf("attacks: %s: %w", op, err)
	}
	return nil
}

// clampedROC returns the curve with rates raised to half an example: the
// logarithmic scale panics at 0.
func clampedROC(r *ROC) plotter.XYs {
	pts := make(plotter.XYs, r.Len())
	for k := range pts {
		pts[k].X = max(r.FPR(k), 0.5/float64(r.Neg))
		pts[k].Y = max(r.TPR(k), 0.5/float64(r.Pos))
	}
	return pts
}

// WriteHistogram draws one panel per row: the scores of forgotten (coloured)
// and unseen (grey) examples as densities on one axis. Infinite scores are
// drawn in the outermost bins. format is "png" or "svg".
func (r *Report) WriteHistogram(w io.Writer, format string) error {
	const op = "WriteHistogram"
	if err := r.checkSamples(op); err != nil {
		return err
	}
	var all [][]float64
	for _, s := range r.samples {
		all = append(all, s.Forgotten, s.Unseen)
	}
	axis := spanOf(all...).drawable()
	plots := make([][]*plot.Plot, len(r.samples))
	for i, s := range r.samples {
		p := plot.New()
		p.Title.Text = s.Name
		p.X.Min, p.X.Max, p.Y.Min = axis.lo, axis.hi, 0
		p.Y.Label.Text = "density"
		p.Legend.Top = true
		if i == len(r.samples)-1 {
			p.X.Label.Text = orDefault(r.Signal, "score")
		}
		unseen := densityBars(s.Unseen, axis, color.RGBA{0xC4, 0xC4, 0xC4, 0xFF})
		fill := palette[i%len(palette)]
		forgotten := densityBars(s.Forgotten, axis, color.NRGBA{fill.R, fill.G, fill.B, 0x99})
		p.Add(unseen, forgotten)
		p.Legend.Add("unseen", unseen)
		p.Legend.Add("forgotten", forgotten)
		plots[i] = []*plot.Plot{p}
	}
	c, err := canvas(op, format, figureWidth, panelHeight*vg.Length(len(plots)))
	if err != nil {
		return err
	}
	tiles := draw.Tiles{Rows: len(plots), Cols: 1, PadY: vg.Points(6), PadRight: vg.Points(8)}
	for i, row := range plot.Align(plots, tiles, draw.New(c)) {
		plots[i][0].Draw(row[0])
	}
	if _, err := c.WriteTo(w); err != nil {
		return fmt.Errorf("attacks: %s: %w", op, err)
	}
	return nil
}

// densityBars draws the shares of x in bins of the axis, over their width.
func densityBars(x []float64, axis span, fill color.Color) *plotter.Histogram {
	h := &plotter.Histogram{FillColor: fill}
	width := axis.hi/histogramBin - axis.lo/histogramBin
	for b, share := range axis.histogram(x, histogramBin) {
		h.Bins = append(h.Bins, plotter.HistogramBin{
			Min: axis.lo + float64(b)*width, Max: axis.lo + float64(b+1)*width, Weight: share / width,
		})
	}
	h.Width = width
	return h
}

func canvas(op, format string, width, height vg.Length) (vg.CanvasWriterTo, error) {
	if format != "png" && format != "svg" {
		return nil, failf(op, ErrRange, "format is %q, want png or svg", format)
	}
	c, err := draw.NewFormattedCanvas(width, height, format)
	if err != nil {
		return nil, fmt.Errorf("attacks: %s: %w", op, err)
	}
	return c, nil
}
