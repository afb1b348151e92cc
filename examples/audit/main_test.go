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
		name      string
		want      attacks.Finding
		low, high float64 // of the direction AUC
	}{
		{"before", attacks.UnderUnlearned, 0.6, 0.9},
		{"retrained", attacks.NothingFound, 0.4, 0.6},
		{"retrain-other-seed", attacks.NothingFound, 0.4, 0.6},
		{"no-op", attacks.UnderUnlearned, 0.6, 0.9},
		{"relabel", attacks.OverUnlearned, 0, 0.45},
	} {
		row, ok := r.Row(c.name)
		require.True(t, ok, c.name)
		require.Equal(t, c.want, row.Finding(), "%s\n%s", c.name, &out)
		require.Greater(t, row.ULiRA.Direction.AUC.Low, c.low, c.name)
		require.Less(t, row.ULiRA.Direction.AUC.High, c.high, c.name)
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
