package charts

import (
	"cmp"
	"fmt"
	"math"
	"slices"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"

	"github.com/miniunlearn/miniunlearn/bench"
	"github.com/miniunlearn/miniunlearn/internal/palette"
)

// mostJudged is the number of methods whose margins are drawn beside the references.
const mostJudged = 3

// Traces draws what the traces of a study's results show, as far as there are any:
// the loss of the base runs by epoch; the logit gaps of the forgotten examples,
// before, after and as retraining has them, a panel for each of up to four forget sets;
// and the ROC of the loss attack on the first of these.
func Traces(s bench.Study) (figures []*Figure) {
	for _, f := range []*Figure{losses(s), margins(s), attack(s)} {
		if f != nil {
			figures = append(figures, f)
		}
	}
	return figures
}

// line is a curve without marks.
type line struct {
	style draw.LineStyle
	x, y  []float64
}

// Plot implements plot.Plotter.
func (l line) Plot(c draw.Canvas, p *plot.Plot) {
	tx, ty := p.Transforms(&c)
	points := make([]vg.Point, len(l.x))
	for i := range l.x {
		points[i] = vg.Point{X: tx(min(max(l.x[i], p.X.Min), p.X.Max)), Y: ty(min(max(l.y[i], p.Y.Min), p.Y.Max))}
	}
	c.StrokeLines(l.style, points)
}

// Thumbnail implements plot.Thumbnailer.
func (l line) Thumbnail(c *draw.Canvas) {
	y := (c.Min.Y + c.Max.Y) / 2
	c.StrokeLine2(l.style, c.Min.X, y, c.Max.X, y)
}

// losses draws the mean loss of the base runs by epoch.
func losses(s bench.Study) *Figure {
	var runs [][]float64
	for _, m := range s.Groups[0].Methods {
		for _, t := range s.Groups[0].Traces(m) {
			if len(t.Losses) > 1 {
				runs = append(runs, t.Losses)
			}
		}
		if len(runs) > 0 {
			break // all methods share the base runs
		}
	}
	if len(runs) == 0 {
		return nil
	}
	curve := newSeries("before")
	for e := range runs[0] {
		var values []float64
		for _, r := range runs {
			if e < len(r) {
				values = append(values, r[e])
			}
		}
		mean, half := bench.Interval(values)
		curve.add(float64(e+1), mean, half)
	}
	p := newPanel()
	p.Add(gridLines(), curve)
	p.X.Label.Text, p.Y.Label.Text = "epoch", "training loss"
	var e extent
	e.positive = true
	for _, pt := range curve.points {
		e.add(pt.y, pt.half)
	}
	e.apply(&p.Y)
	useLinear(&p.X, 0.5, float64(len(runs[0]))+0.5)
	g := &grid{width: 3.4 * vg.Inch, height: 2.2 * vg.Inch, panels: [][]*plot.Plot{{p}}}
	g.legend.add("base runs", curve)
	return g.figure(title(s)+": training", fmt.Sprintf("Mean training loss of an epoch, over the base runs of %d seeds. Bars are 95%% intervals.", len(runs)))
}

// shown returns the methods whose margins are drawn.
func shown(g *bench.Group) (methods []string) {
	judged := 0
	for _, m := range g.Methods {
		if len(g.Traces(m)) == 0 || m == "retrain-other-seed" {
			continue
		}
		if !bench.IsReference(m) {
			if judged++; judged > mostJudged {
				continue
			}
		}
		methods = append(methods, m)
	}
	return methods
}

// margins draws how the logit gaps of forgotten examples are distributed.
func margins(s bench.Study) *Figure {
	g := &grid{}
	var row []*plot.Plot
	for _, group := range s.Groups {
		methods := shown(group)
		if len(methods) == 0 || len(row) == 4 {
			continue
		}
		p := newPanel()
		p.Add(gridLines())
		p.Title.Text, p.X.Label.Text, p.Y.Label.Text = group.Forget, "logit gap", "share of examples below"
		lo, hi := math.Inf(1), math.Inf(-1)
		draw := func(name string, style draw.LineStyle, x []float64) {
			if x == nil {
				return
			}
			l := line{style: style, x: x, y: make([]float64, len(x))}
			for k := range l.y {
				l.y[k] = float64(k) / float64(len(x)-1)
			}
			lo, hi = min(lo, x[len(x)/32]), max(hi, x[len(x)-1])
			p.Add(l)
			g.legend.add(name, l)
		}
		for _, m := range methods {
			traces := group.Traces(m)
			draw(m, palette.Of(m).Line(lineWidth), average(traces, func(t bench.Trace) []float64 { return t.Forgotten }))
			if m == "retrain" {
				draw("unseen examples, after retraining", diagonalLine, average(traces, func(t bench.Trace) []float64 { return t.Unseen }))
			}
		}
		if !(lo < hi) {
			continue
		}
		useNarrow(&p.X, lo, hi)
		useLinear(&p.Y, 0, 1)
		row = append(row, p)
	}
	if len(row) == 0 {
		return nil
	}
	g.panels = [][]*plot.Plot{row}
	return g.figure(title(s)+": margins of the forgotten examples",
		"Share of the forgotten examples whose logit gap (of the right class over all others) is below a value, quantiles averaged over seeds, of up to three methods. A method that forgets as retraining does lies on its line.")
}

// average returns the mean of each quantile, nil if there is none.
func average(traces []bench.Trace, of func(bench.Trace) []float64) (mean []float64) {
	n := 0.0
	for _, t := range traces {
		q := of(t)
		if len(q) < 2 || mean != nil && len(q) != len(mean) {
			continue
		}
		if mean == nil {
			mean = make([]float64, len(q))
		}
		for k, v := range q {
			mean[k] += v
		}
		n++
	}
	for k := range mean {
		mean[k] /= n
	}
	return mean
}

// attack draws the ROC of the loss attack on the first seed.
func attack(s bench.Study) *Figure {
	for _, group := range s.Groups {
		var curves []Curve
		for _, m := range shown(group) {
			t := group.Traces(m)[0]
			if len(t.ROC) == 0 {
				continue
			}
			c := Curve{Method: m, AUC: math.NaN()}
			for _, r := range t.ROC {
				c.Rates = append(c.Rates, Rate{r[0], r[1], r[1], r[1]})
			}
			slices.SortStableFunc(c.Rates, func(a, b Rate) int { return cmp.Compare(a.FPR, b.FPR) })
			curves = append(curves, c)
		}
		if f := ROC(title(s)+": attack on "+group.Forget, "ROC of the loss threshold attack, forgotten against unseen examples, on logarithmic axes, with one seed. Its target is retraining's curve.", curves); f != nil {
			return f
		}
	}
	return nil
}
