package attacks

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"encoding/xml"
	"errors"
	"image/png"
	"io"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// threeModels returns before, retrained and unlearned scores that share the
// examples' difficulty, shifted on the forgotten ones.
func threeModels(seed uint64, n int, before, unlearned float64) (b, v, u Sample) {
	rng := rand.New(rand.NewPCG(seed, 5))
	hard, unseen := normals(rng, 0, 1, n), normals(rng, 0, 1, n)
	one := func(shift float64) Sample {
		s := Sample{}
		for i := range hard {
			s.Forgotten = append(s.Forgotten, hard[i]+shift+.3*rng.NormFloat64())
			s.Unseen = append(s.Unseen, unseen[i]+.3*rng.NormFloat64())
		}
		return s
	}
	return one(before), one(0), one(unlearned)
}

func TestReportFindings(t *testing.T) {
	for _, tc := range []struct {
		shift float64
		want  Finding
	}{{0, NothingFound}, {1, UnderUnlearned}, {-1, OverUnlearned}} {
		b, v, u := threeModels(1, 300, 1, tc.shift)
		r, err := NewReport(b, v, u, ReportConfig{})
		require.NoError(t, err)
		require.Equal(t, []string{"before", "retrained", "unlearned"}, []string{r.Rows[0].Name, r.Rows[1].Name, r.Rows[2].Name})
		require.Equal(t, UnderUnlearned, r.Rows[0].ToRetrained.Finding)
		require.Nil(t, r.Rows[1].ToRetrained)
		require.Equal(t, tc.want, r.Rows[2].ToRetrained.Finding, "%+v", r.Rows[2].ToRetrained)
	}
	// Same AUC, other distribution.
	b, v, u := threeModels(2, 300, 1, 0)
	u.Forgotten = mapped(v.Forgotten, func(x float64) float64 { return 4 * x })
	u.Unseen = mapped(v.Unseen, func(x float64) float64 { return 4 * x })
	r, err := NewReport(b, v, u, ReportConfig{})
	require.NoError(t, err)
	require.Equal(t, Distinguishable, r.Rows[2].ToRetrained.Finding)
}

func TestReportNullTrials(t *testing.T) {
	wrong := 0
	for i := range trials() {
		b, v, u := threeModels(uint64(100+i), 80, 1, 0)
		r, err := NewReport(b, v, u, ReportConfig{Level: .9})
		require.NoError(t, err)
		if r.Rows[2].ToRetrained.Finding != NothingFound {
			wrong++
		}
	}
	t.Logf("%d of %d perfect unlearners failed at nominal 0.1", wrong, trials())
	requireRateAtMost(t, wrong, trials(), .1)
	require.Positive(t, wrong)
}

// Each of a finding's two tests has half of the error probability, and the
// interval shown is that of its test. Of two sets of 20 scores, nine low ones lower
// and nine high ones higher: a KS distance of .45, of probability 2(C(40,11) −
// C(40,2))/C(40,20) = .0335.
func TestReportShowsWhatItTests(t *testing.T) {
	b, v, u := threeModels(7, 60, 1, .15)
	r, err := NewReport(b, v, u, ReportConfig{})
	require.NoError(t, err)
	c := r.Rows[2].ToRetrained
	require.Equal(t, .975, c.AUC.Level)
	require.Less(t, c.AUC.Low, 0.0)
	require.Equal(t, NothingFound, c.Finding, "%+v", c)
	r, err = NewReport(b, v, u, ReportConfig{Level: .9})
	require.NoError(t, err)
	require.Greater(t, r.Rows[2].ToRetrained.AUC.Low, 0.0)
	require.Equal(t, UnderUnlearned, r.Rows[2].ToRetrained.Finding, "95% for each of two")

	v, u = Sample{Unseen: []float64{-.5, .5}}, Sample{Unseen: []float64{-.5, .5}}
	for i := 1.0; i <= 10; i++ {
		far := i
		if i <= 9 {
			far += 10
		}
		v.Forgotten = append(v.Forgotten, -i, i)
		u.Forgotten = append(u.Forgotten, -far, far)
	}
	r, err = NewReport(u, v, u, ReportConfig{})
	require.NoError(t, err)
	c = r.Rows[2].ToRetrained
	require.Zero(t, c.AUC.Estimate)
	require.InDelta(t, .45, c.KS, 1e-15)
	require.InDelta(t, 2*(2311801440-780)/137846528820.0, c.PValue, 1e-12)
	require.Equal(t, NothingFound, c.Finding)
	r, err = NewReport(u, v, u, ReportConfig{Level: .93})
	require.NoError(t, err)
	require.Equal(t, Distinguishable, r.Rows[2].ToRetrained.Finding)
}

func TestReportWriters(t *testing.T) {
	b, v, u := threeModels(3, 40, 2, .5)
	other := v
	other.Name = "retrained|seed 2"
	r, err := NewReport(b, v, u, ReportConfig{Title: "Digits", Signal: SignalLogitGap.String()}, other)
	require.NoError(t, err)
	r.Notes = []string{"One seed."}
	r.Parameters = []ParamDistance{{Layer: "all", Absolute: 1, Before: 2, Relative: Missing()}}
	rng := rand.New(rand.NewPCG(1, 1))
	r.Forgetting, err = ForgettingQuality{}.Score(models(rng, 8, 3, 0), models(rng, 8, 3, 0), 3)
	require.NoError(t, err)
	r.KLOM, err = KLOM{}.Score(models(rng, 8, 3, 0), models(rng, 8, 3, 0), 3)
	require.NoError(t, err)
	r.ULiRA = audited(t, ULiRA{}, world{models: 60, examples: 20, in: 1, forgotten: 0}, 1)

	var js bytes.Buffer
	require.NoError(t, r.WriteJSON(&js))
	var back map[string]any
	require.NoError(t, json.Unmarshal(js.Bytes(), &back))
	rows := back["rows"].([]any)
	require.Len(t, rows, 4)
	require.Equal(t, "unlearned", rows[2].(map[string]any)["name"])
	require.Contains(t, js.String(), `"relative": null`)
	var typed Report
	require.NoError(t, json.Unmarshal(js.Bytes(), &typed))
	var second bytes.Buffer
	require.NoError(t, typed.WriteJSON(&second))
	require.Equal(t, js.String(), second.String(), "JSON survives a round trip")

	var cs bytes.Buffer
	require.NoError(t, r.WriteCSV(&cs))
	lines, err := csv.NewReader(&cs).ReadAll()
	require.NoError(t, err)
	require.Len(t, lines, 1+4*80)
	require.Equal(t, []string{"model", "pool", "index", "score"}, lines[0])
	require.Equal(t, []string{"before", "unseen", "0"}, lines[41][:3])

	var md bytes.Buffer
	require.NoError(t, r.WriteMarkdown(&md))
	for _, want := range []string{
		"## Digits", "signal: logit-gap", "| before |", "| retrained |", "| unlearned |", `retrained\|seed 2`,
		"not resolvable", "a perfect unlearner gets", "U-LiRA: ", "KLOM", "| all | 1 | 2.0000 | — |", "One seed.",
	} {
		require.Contains(t, md.String(), want)
	}
	width := 0
	for line := range strings.Lines(md.String()) {
		if strings.HasPrefix(line, "| parameters") {
			break
		}
		if strings.HasPrefix(line, "|") {
			n := strings.Count(strings.ReplaceAll(line, `\|`, ""), "|")
			if width == 0 {
				width = n
			}
			require.Equal(t, width, n, line)
		}
	}
}

func TestFigures(t *testing.T) {
	b, v, u := threeModels(4, 200, 2, .5)
	b.Forgotten[3], b.Unseen[2] = inf, -inf
	flat := Sample{Name: "constant", Forgotten: constants(1, 200), Unseen: constants(1, 200)}
	perfect := Sample{Name: "perfect", Forgotten: constants(2, 200), Unseen: constants(1, 200)}
	r, err := NewReport(b, v, u, ReportConfig{Title: "Digits", Signal: "logit-gap"}, flat, perfect)
	require.NoError(t, err)
	require.False(t, r.Rows[0].W1.Exists(), "infinite scores have no W1")
	for name, draw := range map[string]func(io.Writer, string) error{"roc": r.WriteROC, "histogram": r.WriteHistogram} {
		var a, again, svg bytes.Buffer
		require.NoError(t, draw(&a, "png"))
		require.NoError(t, draw(&again, "png"))
		require.Equal(t, a.Bytes(), again.Bytes(), "%s: same bytes each time", name)
		img, err := png.Decode(&a)
		require.NoError(t, err)
		require.Greater(t, img.Bounds().Dx(), 300)
		require.NoError(t, draw(&svg, "svg"))
		require.NoError(t, wellFormed(svg.Bytes()))
		require.Contains(t, svg.String(), map[string]string{"roc": "retrained (AUC", "histogram": "forgotten"}[name])
		require.ErrorIs(t, draw(&a, "gif"), ErrRange)
		if dir := os.Getenv("MINIUNLEARN_FIGURES"); dir != "" {
			require.NoError(t, os.WriteFile(filepath.Join(dir, name+".png"), again.Bytes(), 0o644))
		}
	}
	// Scores whose differences leave the float64 numbers.
	for _, x := range [][]float64{{-1e-310, 0}, {-1e308, 1e308}, {5e-324, 0}} {
		s := Sample{Forgotten: x, Unseen: x}
		r, err := NewReport(s, s, s, ReportConfig{FPRs: []float64{.5}})
		require.NoError(t, err)
		var svg bytes.Buffer
		require.NoError(t, r.WriteHistogram(&svg, "svg"))
		require.NoError(t, wellFormed(svg.Bytes()))
		require.NotContains(t, svg.String(), "NaN")
		require.NotContains(t, svg.String(), "Inf")
	}
	// Only constant samples: ranges and logarithms must survive.
	r, err = NewReport(flat, flat, flat, ReportConfig{})
	require.NoError(t, err)
	require.NoError(t, r.WriteROC(io.Discard, "png"))
	require.NoError(t, r.WriteHistogram(io.Discard, "svg"))
}

func wellFormed(doc []byte) error {
	d := xml.NewDecoder(bytes.NewReader(doc))
	for {
		if _, err := d.Token(); errors.Is(err, io.EOF) {
			return nil
		} else if err != nil {
			return err
		}
	}
}

// The logarithmic scale panics at 0, so rates are drawn at ½/n.
func TestClampedROC(t *testing.T) {
	pts := clampedROC(rocSorted([]float64{2, 3}, []float64{0, 1, 2.5, 4}))
	for _, p := range pts {
		require.GreaterOrEqual(t, p.X, .125)
		require.GreaterOrEqual(t, p.Y, .25)
	}
	require.Equal(t, .125, pts[0].X)
	require.Equal(t, .25, pts[0].Y)
	require.Equal(t, 1.0, pts[len(pts)-1].X)
}

func TestReportSave(t *testing.T) {
	b, v, u := threeModels(5, 30, 1, 0)
	r, err := NewReport(b, v, u, ReportConfig{})
	require.NoError(t, err)
	dir := t.TempDir()
	require.NoError(t, r.Save(dir))
	entries, err := os.ReadDir(dir)
	require.NoError(t, err)
	var names []string
	for _, e := range entries {
		names = append(names, e.Name())
	}
	require.Equal(t, []string{"histogram.png", "histogram.svg", "report.json", "report.md", "roc.png", "roc.svg", "scores.csv"}, names)
	require.NoError(t, r.Save(filepath.Join(t.TempDir(), "missing", "too")), "the folder is made")
	require.Error(t, r.Save(filepath.Join(dir, "report.md")), "a file is in its place")
	info, err := os.Stat(filepath.Join(dir, "scores.csv"))
	require.NoError(t, err)
	require.Equal(t, os.FileMode(0o600), info.Mode().Perm(), "it says who was a member")
	boom := errors.New("disk full")
	err = saveFile(dir, "half.txt", 0o644, func(w io.Writer) error {
		_, _ = w.Write([]byte("half"))
		return boom
	})
	require.ErrorIs(t, err, boom)
	after, err := os.ReadDir(dir)
	require.NoError(t, err)
	require.Len(t, after, 7, "nothing half-written stays")
}

func TestReportBadInput(t *testing.T) {
	b, v, u := threeModels(6, 20, 1, 0)
	short := Sample{Forgotten: u.Forgotten[:5], Unseen: u.Unseen}
	_, err := NewReport(b, v, short, ReportConfig{})
	require.ErrorIs(t, err, ErrShape)
	require.ErrorContains(t, err, "unlearned.Forgotten")
	_, err = NewReport(b, v, Sample{}, ReportConfig{})
	require.ErrorIs(t, err, ErrShape)
	_, err = NewReport(Sample{}, Sample{}, Sample{}, ReportConfig{})
	require.ErrorIs(t, err, ErrEmpty)
	u.Unseen[4] = math.NaN()
	_, err = NewReport(b, v, u, ReportConfig{})
	require.ErrorContains(t, err, "nonMembers[4]")
	require.ErrorContains(t, err, "unlearned")
	_, err = NewReport(b, v, b, ReportConfig{Level: 1})
	require.ErrorIs(t, err, ErrRange)
	empty := &Report{}
	for _, write := range []func() error{
		func() error { return empty.WriteCSV(io.Discard) },
		func() error { return empty.WriteMarkdown(io.Discard) },
		func() error { return empty.WriteROC(io.Discard, "png") },
		func() error { return empty.WriteHistogram(io.Discard, "svg") },
	} {
		require.ErrorIs(t, write(), ErrEmpty)
	}
}

func TestReportDeterminism(t *testing.T) {
	render := func(perm bool) []byte {
		b, v, u := threeModels(7, 50, 1, .4)
		if perm {
			p := rand.New(rand.NewPCG(1, 1)).Perm(50)
			for _, s := range []*Sample{&b, &v, &u} {
				f, n := make([]float64, 50), make([]float64, 50)
				for i, k := range p {
					f[i], n[i] = s.Forgotten[k], s.Unseen[k]
				}
				s.Forgotten, s.Unseen = f, n
			}
		}
		r, err := NewReport(b, v, u, ReportConfig{Title: "t"})
		require.NoError(t, err)
		var out bytes.Buffer
		require.NoError(t, r.WriteJSON(&out))
		require.NoError(t, r.WriteMarkdown(&out))
		require.NoError(t, r.WriteROC(&out, "svg"))
		return out.Bytes()
	}
	require.Equal(t, render(false), render(true))
}

func TestFloatJSON(t *testing.T) {
	in := []Float{1.5, Float(inf), Float(-inf)}
	raw, err := json.Marshal(append(in, Missing()))
	require.NoError(t, err)
	require.Equal(t, `[1.5,"+Inf","-Inf",null]`, string(raw))
	var out []Float
	require.NoError(t, json.Unmarshal(raw, &out))
	require.Equal(t, in, out[:3])
	require.Equal(t, "—", Missing().String())
	require.Error(t, json.Unmarshal([]byte(`["x"]`), &out))
}
