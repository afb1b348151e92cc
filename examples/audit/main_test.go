package main

import (
	"bytes"
	"context"
	"encoding/json"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/miniunlearn/miniunlearn/attacks"
	"github.com/miniunlearn/miniunlearn/attacks/verdict"
	"github.com/miniunlearn/miniunlearn/bench/audit"
	"github.com/miniunlearn/miniunlearn/graph"
)

// TestAudit: retraining passes, doing nothing and overdoing it are caught, and
// not by a hair.
func TestAudit(t *testing.T) {
	dir := t.TempDir()
	var out bytes.Buffer
	require.NoError(t, run(t.Context(), &out, graph.Choice{}, dir))
	text, err := os.ReadFile(filepath.Join(dir, "results.json"))
	require.NoError(t, err)
	var r audit.Result
	require.NoError(t, json.Unmarshal(text, &r))
	for _, c := range []struct {
		name    string
		want    verdict.Outcome
		finding attacks.Finding
		low     attacks.Float // of the AUC
		high    attacks.Float
	}{
		{"before", verdict.Failed, attacks.UnderUnlearned, .6, .8},
		{"retrained", verdict.Passed, attacks.NothingFound, .48, .52},
		{"retrain-other-seed", verdict.Passed, attacks.NothingFound, .48, .52},
		{"no-op", verdict.Failed, attacks.UnderUnlearned, .6, .8},
		{"relabel", verdict.Failed, attacks.OverUnlearned, .3, .45},
		{"leak:keeps-tenth", verdict.Failed, attacks.UnderUnlearned, .51, .55},
	} {
		row, ok := r.Row(c.name)
		require.True(t, ok, c.name)
		require.Equal(t, c.want, row.Verdict.Outcome, "%s\n%s", c.name, &out)
		require.Equal(t, c.finding, row.Verdict.Finding, "%s\n%s", c.name, &out)
		require.Greater(t, row.Verdict.AUC.Value, c.low, c.name)
		require.Less(t, row.Verdict.AUC.Value, c.high, c.name)
		require.Contains(t, out.String(), c.name)
	}
	for _, name := range []string{"table.md", "mini/report.md", "mini/report.json", "mini/scores.csv", "mini/roc.svg", "relabel/histogram.png"} {
		require.FileExists(t, filepath.Join(dir, name))
	}
}

func TestInterrupted(t *testing.T) {
	dir := t.TempDir()
	ctx, stop := context.WithCancel(t.Context())
	stop()
	require.ErrorIs(t, run(ctx, &bytes.Buffer{}, graph.Choice{}, dir), context.Canceled)
	require.NoFileExists(t, filepath.Join(dir, "results.json"))
	require.ErrorContains(t, run(t.Context(), &bytes.Buffer{}, graph.Choice{Device: "cuda"}, dir), "runs on the cpu only")
}
