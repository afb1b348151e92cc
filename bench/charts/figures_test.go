package charts

import (
	"bytes"
	"fmt"
	"image/png"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/miniunlearn/miniunlearn/bench"
)

// made returns a study of methods, budgets, forget sets and seeds.
func made(t *testing.T, methods, forgets []string, seeds int) bench.Study {
	t.Helper()
	var rs []bench.Result
	for i, forget := range forgets {
		for j, m := range methods {
			for seed := range seeds {
				v := bench.Float(0.01*float64(j+1) + 0.001*float64(seed) + 0.005*float64(i))
				r := bench.Result{Dataset: "digits", Net: "mlp:64-128-10", Method: m, Forget: forget, Seed: uint64(seed), N: 1000, NForget: 100 * (i + 1),
					TestAcc: 90 + 100*v, ExcessRemoved: 10 * v, KSForget: v, KLForget: v / 10, RelDist: v,
					GradEvals: 100 * float64(j), RetrainGradEvals: 1000, Seconds: 1, RetrainSeconds: 2}
				if m == "before" {
					r.GradEvals = 0
				}
				rs = append(rs, r)
			}
		}
	}
	table, err := bench.NewTable(rs)
	require.NoError(t, err)
	studies := table.Studies()
	require.Len(t, studies, 1)
	return studies[0]
}

var (
	several = []string{"before", "mini:0.1", "mini:0.2", "finetune:0.1", "finetune:0.2", "deltagrad", "retrain", "retrain-other-seed"}
	ratios6 = []string{"random:0.01", "random:0.05", "random:0.1", "random:0.2", "random:0.3", "random:0.5"}
)

// TestReadable: no text overlaps another, in figures of every size.
func TestReadable(t *testing.T) {
	long := []string{"before", "retrain", "retrain-other-seed"}
	for i := range 20 {
		long = append(long, fmt.Sprintf("a-method-with-a-rather-long-name-%d:0.%d", i, i+1))
	}
	for _, c := range []struct {
		name             string
		methods, forgets []string
		seeds            int
	}{
		{"one value", []string{"mini"}, ratios6[:1], 1},
		{"one budget", []string{"before", "mini", "retrain", "retrain-other-seed"}, ratios6[3:4], 3},
		{"one forget set", several, ratios6[3:4], 3},
		{"six", several, ratios6, 3},
		{"eight", several, append(slices.Clone(ratios6), "class:3", "ids:people.txt"), 2},
		{"long", long, ratios6[:2], 2},
	} {
		s := made(t, c.methods, c.forgets, c.seeds)
		for _, by := range []string{"", ByCost, ByRatio, ByMethod} {
			if by == ByRatio && len(c.forgets) < 2 {
				continue
			}
			figures, err := Of(s, by, nil)
			require.NoError(t, err, "%s by %q", c.name, by)
			for _, f := range figures {
				readable(t, f)
			}
			readable(t, Stack(figures))
		}
	}
}

// TestEvidence: the figures of the evidence are readable too.
func TestEvidence(t *testing.T) {
	files, err := filepath.Glob("../../docs/evidence/*.jsonl")
	require.NoError(t, err)
	for _, file := range files {
		results, err := bench.ReadFile(file)
		if err != nil { // of another program
			continue
		}
		table, err := bench.NewTable(results)
		require.NoError(t, err)
		for _, s := range table.Studies() {
			for _, by := range []string{ByCost, ByMethod} {
				figures, err := Of(s, by, nil)
				require.NoError(t, err)
				for _, f := range figures {
					readable(t, f)
				}
			}
		}
	}
}

func TestFormats(t *testing.T) {
	figures, err := Of(made(t, several, ratios6[:2], 3), "", nil)
	require.NoError(t, err)
	for _, c := range []struct{ format, magic string }{{"png", "\x89PNG"}, {"pdf", "%PDF-"}, {"svg", "<?xml"}} {
		var b, again bytes.Buffer
		require.NoError(t, figures[0].Write(&b, c.format))
		require.Equal(t, c.magic, b.String()[:len(c.magic)])
		require.NoError(t, figures[0].Write(&again, c.format))
		if c.format != "pdf" { // which holds the time
			require.Equal(t, b.Bytes(), again.Bytes(), "the same figure is the same bytes")
		}
		if c.format == "png" {
			picture, err := png.DecodeConfig(&b)
			require.NoError(t, err)
			require.InDelta(t, figures[0].width.Points()*printDPI/72, picture.Width, 2, "print resolution")
		}
	}
	require.ErrorContains(t, figures[0].Write(&bytes.Buffer{}, "jpg"), `not in ".jpg"`)
	svg, err := figures[0].SVG()
	require.NoError(t, err)
	require.True(t, strings.HasPrefix(svg, "<svg"))
	for _, want := range []string{">mini<", ">finetune<", ">random:0.05<", "digits · mlp:64-128-10", "Arial"} {
		require.Contains(t, svg, want)
	}
	require.NotContains(t, svg, "mini:0.1", "budgets of one method are one curve")
}

// TestMarkup: names are text, whatever they hold.
func TestMarkup(t *testing.T) {
	s := made(t, []string{"<script>alert(1)</script>", "retrain"}, []string{`random:0.1`, `ids:a|b&"c".txt`}, 2)
	for _, by := range []string{ByCost, ByMethod} {
		figures, err := Of(s, by, nil)
		require.NoError(t, err)
		svg, err := figures[0].SVG()
		require.NoError(t, err)
		require.NotContains(t, svg, "<script")
		require.Contains(t, svg, "&lt;script&gt;")
	}
}

func TestOfBadInput(t *testing.T) {
	s := made(t, several, ratios6[:1], 2)
	_, err := Of(s, "height", nil)
	require.ErrorContains(t, err, `no figure by "height"; there are cost, ratio and method`)
	_, err = Of(s, ByRatio, nil)
	require.ErrorContains(t, err, "takes two forget sets of one kind")
	_, err = Of(bench.Study{Dataset: "none"}, "", nil)
	require.ErrorContains(t, err, "no result has a value to draw")
	for _, name := range []string{"f.jpg", "f", "f.svg.gz", "png"} {
		_, err := Format(name)
		require.ErrorContains(t, err, "ends in .png, .pdf or .svg")
	}
	format, err := Format(filepath.Join(os.TempDir(), "F.PDF"))
	require.NoError(t, err)
	require.Equal(t, "pdf", format)
}

// TestOutlier: a method that failed does not flatten the others.
func TestOutlier(t *testing.T) {
	c, err := bench.ColumnOf("test %")
	require.NoError(t, err)
	e := newExtent(c)
	for i := range 12 {
		e.add(95+0.1*float64(i), 0.05)
	}
	e.add(10, 1)
	p := newPanel()
	e.apply(&p.Y)
	require.Greater(t, p.Y.Min, 90.)
	require.Less(t, p.Y.Max, 97.)
	require.Len(t, linearTicks(0, 90), 5, "0, 20, 40, 60, 80")
	require.Len(t, linearTicks(0, 99), 4, "0, 25, 50, 75")
}

// TestAxesEnd: ticks are few and stand on the axis, whatever the values are.
func TestAxesEnd(t *testing.T) {
	c, err := bench.ColumnOf("test %")
	require.NoError(t, err)
	for _, values := range [][]float64{
		{1, 1 + 1e-15}, {96.65, 96.65 + 2e-14}, {-1e-310, 0}, {0, 5e-324}, {-1e308, 1e308}, {-1e308, -1e308 + 1e293}, {0, 0}, {1e16, 1e16 + 2},
	} {
		for _, half := range []float64{0, 1e-16, 1e-310} {
			e := newExtent(c)
			for _, v := range values {
				e.add(v, half)
			}
			p := newPanel()
			e.apply(&p.Y)
			require.Less(t, p.Y.Min, p.Y.Max, values)
			require.False(t, math.IsInf(p.Y.Max-p.Y.Min, 0), values)
			ticks := p.Y.Tick.Marker.Ticks(p.Y.Min, p.Y.Max)
			require.NotEmpty(t, ticks, values)
			require.Less(t, len(ticks), 12, values)
		}
	}
}
