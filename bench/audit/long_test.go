package audit

import (
	"flag"
	"maps"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/miniunlearn/miniunlearn/attacks"
	"github.com/miniunlearn/miniunlearn/attacks/verdict"
	"github.com/miniunlearn/miniunlearn/data"
	"github.com/miniunlearn/miniunlearn/nets"
	"github.com/miniunlearn/miniunlearn/unlearning"
)

// long skips a test that does not belong to the fast tier.
func long(t *testing.T) {
	t.Helper()
	if os.Getenv("MINIUNLEARN_LONG") == "" {
		t.Skip("set MINIUNLEARN_LONG=1 to run the long tier")
	}
}

// peak returns the largest memory that the process has had, where the system
// tells.
func peak() string {
	text, err := os.ReadFile("/proc/self/status")
	if err != nil {
		return "unknown"
	}
	for line := range strings.Lines(string(text)) {
		if kb, ok := strings.CutPrefix(line, "VmHWM:"); ok {
			return strings.TrimSpace(kb)
		}
	}
	return "unknown"
}

// TestMNIST is the audit whose time and memory docs/performance.md gives: 64
// shadows of a network on 10 000 examples.
func TestMNIST(t *testing.T) {
	long(t)
	if os.Getenv(data.EnvData) == "" {
		t.Skipf("set %s to the folder that holds mnist", data.EnvData)
	}
	s, err := data.Load("mnist", "")
	require.NoError(t, err)
	ds, err := data.Stratified(s.Train, 10_000, 1)
	require.NoError(t, err)
	c := Config{
		Data: ds, Arch: nets.MLP(784, 200, 10), Fit: attacks.Shrunk,
		Train:   nets.Config{Epochs: 10, Batch: 64, LR: nets.Cosine(0.05), Momentum: 0.9, WeightDecay: 5e-4, Seed: 1},
		Methods: []Subject{{Method: OtherSeed{}}, {Method: unlearning.Mini{}}, {Method: NoOp{}}, {Method: Relabel{Epochs: 2}}},
		Shadows: 64, Targets: 16, Dir: t.TempDir(),
	}
	start := time.Now()
	require.NoError(t, Train(t.Context(), c))
	trained := time.Since(start)
	trainPeak := peak()
	start = time.Now()
	r, err := Analyse(t.Context(), c)
	require.NoError(t, err)
	t.Logf("training and forgetting %v, peak %s; analysing %v, peak %s\n%s", trained.Round(time.Second), trainPeak,
		time.Since(start).Round(time.Second/10), peak(), r)
	for name, want := range map[string]attacks.Finding{
		Before: attacks.UnderUnlearned, Retrained: attacks.NothingFound, Reference: attacks.NothingFound,
		"no-op": attacks.UnderUnlearned, "relabel": attacks.OverUnlearned,
	} {
		row, ok := r.Row(name)
		require.True(t, ok)
		require.Equal(t, want, row.Verdict.Finding, name)
	}
}

var audits = flag.Int("audits", 1000, "how many audits TestNull makes")

// TestNull: over a thousand audits, retraining fails no more often than the level
// allows, nor does any part of its verdict, and doing nothing fails each time.
func TestNull(t *testing.T) {
	long(t)
	const level = 0.95
	ds, err := data.Stratified(data.Digits().Train, 120, 1)
	require.NoError(t, err)
	failed, alpha := map[string]int{}, map[string]float64{}
	for seed := range uint64(*audits) {
		r, err := Run(t.Context(), Config{
			Data: ds, Arch: nets.MLP(64, 16, 10), Fit: attacks.Shrunk, Level: level,
			Train:   nets.Config{Epochs: 20, Batch: 32, LR: nets.Cosine(0.05), Momentum: 0.9, Seed: seed},
			Methods: []Subject{{Method: OtherSeed{}}}, Shadows: 16, Targets: 8, Share: 0.4, Deals: 399, Dir: t.TempDir(),
		})
		require.NoError(t, err)
		for _, row := range r.Rows {
			v := row.Verdict
			count := func(what string, a float64, found bool) {
				name := row.Name + ", " + what
				alpha[name] = a
				if found {
					failed[name]++
				}
			}
			count("verdict", 1-level, v.Outcome == verdict.Failed)
			for _, p := range []struct {
				name string
				part verdict.Part
			}{{"privacy", v.Privacy}, {"closeness", v.Closeness}, {"utility", v.Utility}} {
				count(p.name, p.part.Alpha, p.part.Outcome == verdict.Failed)
				for _, s := range p.part.Tests {
					count(s.Name, s.Alpha, s.Found)
					count(s.Name+", p ≤ 0.05", 0.05, s.P <= 0.05)
				}
			}
			count("U-LiRA", 1-level, row.ULiRA.Finding != attacks.NothingFound)
		}
		if done := seed + 1; done%100 == 0 {
			t.Logf("of %d audits failed: %v", done, failed)
		}
	}
	for _, name := range slices.Sorted(maps.Keys(alpha)) {
		t.Logf("%-46s %4d of %d at nominal %.4f", name, failed[name], *audits, alpha[name])
		if strings.HasPrefix(name, Before) {
			continue
		}
		p, err := attacks.BinomialTail(failed[name], *audits, alpha[name])
		require.NoError(t, err)
		require.Greater(t, p, 0.001, "%s failed in %d of %d audits", name, failed[name], *audits)
	}
	require.Equal(t, *audits, failed[Before+", verdict"])
}

// BenchmarkNull makes larger audits of retraining than TestNull does, and reports in how
// many rows each test of privacy had p ≤ 0.05: 48 shadows and 16 targets of 400 digits,
// with retraining and retraining with another seed a row each.
//
//	go test ./bench/audit -run '^$' -bench Null -benchtime 1x -audits 24 -timeout 0
func BenchmarkNull(b *testing.B) {
	ds, err := data.Stratified(data.Digits().Train, 400, 1)
	require.NoError(b, err)
	low, rows := map[string]int{}, 0
	for b.Loop() {
		for seed := range uint64(*audits) {
			r, err := Run(b.Context(), Config{
				Data: ds, Arch: nets.MLP(64, 32, 10), Fit: attacks.Shrunk,
				Train:   nets.Config{Epochs: 60, Batch: 32, LR: nets.Cosine(0.05), Momentum: 0.9, Seed: 100 + seed},
				Methods: []Subject{{Method: OtherSeed{}}}, Shadows: 48, Targets: 16, Dir: b.TempDir(),
			})
			require.NoError(b, err)
			for _, name := range []string{Retrained, Reference} {
				row, ok := r.Row(name)
				require.True(b, ok)
				rows++
				for _, s := range row.Verdict.Privacy.Tests {
					if s.P <= 0.05 {
						low[s.Name+", "+name]++
					}
				}
			}
		}
	}
	b.ReportMetric(float64(rows), "rows")
	for name, n := range low {
		b.ReportMetric(float64(n), strings.ReplaceAll(name, " ", "-"))
	}
}
