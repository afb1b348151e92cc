package main

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/miniunlearn/miniunlearn/bench"
)

// TestEvidence: every table of the evidence is what its files say.
func TestEvidence(t *testing.T) {
	for _, page := range []string{"convex.md", "networks.md", "grid.md", "baselines.md", "baselines-cifar10.md", "baselines-mlp.md", "baselines-more.md", "requests.md", "tables.md", "convex-grid.md"} {
		old, renewed, err := filled("../../docs/evidence/" + page)
		require.NoError(t, err)
		require.Equal(t, string(renewed), string(old), "go run ./bench/report -fill docs/evidence/%s", page)
	}
}

func TestFill(t *testing.T) {
	dir := t.TempDir()
	require.NoError(t, bench.WriteFile(filepath.Join(dir, "a.jsonl"), rows(1)))
	page := filepath.Join(dir, "page.md")
	const head = "before\n<!-- report -brief -columns \"test %; seconds\" a.jsonl -->\n"
	require.NoError(t, os.WriteFile(page, []byte(head+"stale\n<!-- /report -->\nafter\n"), 0o644))
	var stdout, stderr bytes.Buffer
	require.Zero(t, run([]string{"-fill", page}, nil, &stdout, &stderr), &stderr)
	raw, err := os.ReadFile(page)
	require.NoError(t, err)
	require.Equal(t, head+"| forget | method | test % | seconds |\n|---|---|---:|---:|\n| first:1 | mini | 91.00 | 0.00 |\n<!-- /report -->\nafter\n", string(raw))

	for _, bad := range []string{"no block", "<!-- report missing.jsonl -->\n<!-- /report -->", "<!-- report -columns nonsense a.jsonl -->\n<!-- /report -->",
		"<!-- report -brief -->\n<!-- /report -->", "<!-- report -figure a.svg a.jsonl -->\n<!-- /report -->",
		"<!-- report a.jsonl -->\ntext\n<!-- report a.jsonl -->\n<!-- /report -->"} {
		require.NoError(t, os.WriteFile(page, []byte(bad), 0o644))
		require.Equal(t, 1, run([]string{"-fill", page}, nil, &stdout, &stderr))
		raw, err := os.ReadFile(page)
		require.NoError(t, err)
		require.Equal(t, bad, string(raw), "a failure changes nothing")
	}
}

func TestFigure(t *testing.T) {
	dir := t.TempDir()
	a, svg := filepath.Join(dir, "a.jsonl"), filepath.Join(dir, "a.svg")
	results := rows(1)
	for i, m := range []string{"mini:0.1", "mini:0.2", "before"} {
		r := results[0]
		r.Method, r.GradEvals, r.TestAcc = m, 0.1*float64(i), bench.Float(80+i)
		results = append(results, r)
	}
	require.NoError(t, bench.WriteFile(a, results))
	var stdout, stderr bytes.Buffer
	require.Zero(t, run([]string{"-figure", svg, "-columns", "test %;KL (test)", a}, nil, &stdout, &stderr), &stderr)
	raw, err := os.ReadFile(svg)
	require.NoError(t, err)
	for _, want := range []string{"<svg", "mini", "before", "first:1", "cost, of retraining"} {
		require.Contains(t, string(raw), want)
	}
	require.NotContains(t, string(raw), "mini:0.1", "budgets of one method are one curve")
	require.Zero(t, run([]string{"-figure", svg, a}, nil, &stdout, &stderr), "no columns means the usual ones: %s", &stderr)
	raw, err = os.ReadFile(svg)
	require.NoError(t, err)
	require.Contains(t, string(raw), ">test %<")

	for _, c := range []struct{ name, magic string }{{"f.png", "\x89PNG\r\n"}, {"f.PDF", "%PDF-"}, {"f.svg", "<?xml"}} {
		path := filepath.Join(dir, c.name)
		require.Zero(t, run([]string{"-figure", path, "-columns", "test %", a}, nil, &stdout, &stderr), &stderr)
		raw, err := os.ReadFile(path)
		require.NoError(t, err)
		require.Equal(t, c.magic, string(raw[:len(c.magic)]), "the ending decides the format")
	}
	for _, name := range []string{"f.jpg", "f", "f.svg.gz", "png"} {
		stderr.Reset()
		require.Equal(t, 1, run([]string{"-figure", filepath.Join(dir, name), "-columns", "test %", a}, nil, &stdout, &stderr))
		require.Contains(t, stderr.String(), "ends in .png, .pdf or .svg, which decides its format")
		require.NoFileExists(t, filepath.Join(dir, name))
	}
}
