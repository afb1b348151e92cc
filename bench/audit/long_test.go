package audit

import (
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/miniunlearn/miniunlearn/attacks"
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
		Before: attacks.UnderUnlearned, Retrained: attacks.NothingFound, "retrain-other-seed": attacks.NothingFound,
		"no-op": attacks.UnderUnlearned, "relabel": attacks.OverUnlearned,
	} {
		row, ok := r.Row(name)
		require.True(t, ok)
		require.Equal(t, want, row.Finding(), name)
	}
}

// TestNull: over a hundred audits, retraining is flagged no more often than
// the level allows, and doing nothing each time.
func TestNull(t *testing.T) {
	long(t)
	const audits, level = 100, 0.95
	ds, err := data.Stratified(data.Digits().Train, 300, 1)
	require.NoError(t, err)
	flagged := map[string]int{}
	for seed := range uint64(audits) {
		r, err := Run(t.Context(), Config{
			Data: ds, Arch: nets.MLP(64, 32, 10), Fit: attacks.Shrunk, Level: level,
			Train:   nets.Config{Epochs: 10, Batch: 32, LR: nets.Cosine(0.05), Momentum: 0.9, Seed: seed},
			Methods: []Subject{{Method: OtherSeed{}}}, Shadows: 48, Targets: 16, Dir: t.TempDir(),
		})
		require.NoError(t, err)
		for _, row := range r.Rows {
			if row.Finding() != attacks.NothingFound {
				flagged[row.Name]++
			}
		}
		if r.Report("retrain-other-seed").Rows[2].ToRetrained.Finding != attacks.NothingFound {
			flagged["report"]++
		}
	}
	t.Log(fmt.Sprint(flagged))
	require.Equal(t, audits, flagged[Before])
	for _, name := range []string{Retrained, "retrain-other-seed", "report"} {
		p, err := attacks.BinomialTail(flagged[name], audits, 1-level)
		require.NoError(t, err)
		require.Greater(t, p, 0.001, "%s was flagged in %d of %d audits", name, flagged[name], audits)
	}
}
