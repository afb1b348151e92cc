package main

import (
	"bytes"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/miniunlearn/miniunlearn/bench"
)

func rows(seed uint64) []bench.Result {
	return []bench.Result{
		{Dataset: "made", Net: "logistic", Seed: seed, Method: "mini", Forget: "first:1", N: 10, NForget: 1, TestAcc: bench.Float(90 + seed), RetrainGradEvals: 1},
	}
}

func TestReport(t *testing.T) {
	dir := t.TempDir()
	a, b := filepath.Join(dir, "a.jsonl"), filepath.Join(dir, "b.jsonl")
	require.NoError(t, bench.WriteFile(a, rows(1)))
	require.NoError(t, bench.WriteFile(b, rows(3)))
	var stdout, stderr bytes.Buffer
	require.Zero(t, run([]string{a, b}, nil, &stdout, &stderr), &stderr)
	require.Contains(t, stdout.String(), "| mini | 92.00 ± 12.71 |") // t of one degree of freedom 12.706, s = √2
	require.Contains(t, stdout.String(), "seeds 1, 3")

	audited, broken := filepath.Join(dir, "audit"), filepath.Join(dir, "broken.json")
	require.NoError(t, os.Mkdir(audited, 0o755))
	const found = `{"setup":{"dataset":"d"},"rows":[{"name":"mini","u_lira":{"privacy":{"auc":{"estimate":0.5}}}}]}`
	require.NoError(t, os.WriteFile(filepath.Join(audited, "results.json"), []byte(found), 0o600))
	require.NoError(t, os.WriteFile(broken, []byte("{}"), 0o600))

	var lines bytes.Buffer
	require.NoError(t, bench.WriteJSONL(&lines, rows(1)))
	stdout.Reset()
	require.Zero(t, run([]string{"-text"}, &lines, &stdout, &stderr), &stderr)
	require.Contains(t, stdout.String(), "mini     91.00")

	for _, c := range []struct {
		name  string
		args  []string
		stdin string
		code  int
		want  string
	}{
		{"no such file", []string{filepath.Join(dir, "none")}, "", 1, "none"},
		{"twice", []string{a, a}, "", 1, "stands there twice"},
		{"nothing", nil, "", 1, "no results"},
		{"not results", nil, "{}\n", 1, `stdin: line 1: no field "dataset"`},
		{"flag", []string{"-x"}, "", 2, "usage: report"},
		{"unknown method", []string{"-methods", "mini, retrian", a}, "", 1, `no results of ["retrian"]; there are those of mini`},
		{"no method", []string{"-methods", "mini,", a}, "", 1, `no results of [""]`},
		{"two shapes", []string{"-text", "-brief", a}, "", 1, "exclude each other"},
		{"two shapes of no results", []string{"-against", "mini", "-figure", "x.svg"}, "", 1, "exclude each other"},
		{"columns of against", []string{"-against", "mini", "-columns", "test %"}, "", 1, "leave -columns and -sort out"},
		{"order of against", []string{"-against", "mini", "-sort", "mean gap"}, "", 1, "leave -columns and -sort out"},
		{"order of no column", []string{"-sort", "mean gab", a}, "", 1, "did you mean mean gap"},
		{"columns of the criteria", []string{"-judge", "mini", "-columns", "test %"}, "", 1, "leave -columns and -sort out"},
		{"criteria for some methods", []string{"-judge", "mini", "-methods", "mini"}, "", 1, "leave -methods out"},
		{"criteria for nobody", []string{"-judge", "mimi", a}, "", 1, `no results of "mimi"; there are those of mini`},
		{"axis of no figure", []string{"-by", "cost", a}, "", 1, "-by is of a figure"},
		{"title of no page", []string{"-title", "x", a}, "", 1, "-title is of a page"},
		{"page and figure", []string{"-html", "x", "-figure", "x.svg", a}, "", 1, "exclude each other"},
		{"unknown axis", []string{"-figure", filepath.Join(dir, "x.svg"), "-by", "height", a}, "", 1, `no figure by "height"; there are cost, ratio and method`},
		{"one share", []string{"-figure", filepath.Join(dir, "x.svg"), "-by", "ratio", a}, "", 1, "takes two forget sets of one kind"},
		{"unknown column", []string{"-columns", "tset %", a}, "", 1, `no column "tset %"; did you mean test %?; there are test %`},
		{"folder of nothing", []string{dir}, "", 1, "holds neither results.jsonl, which bench/sweep writes, nor results.json"},
		{"table of an audit", []string{audited}, "", 1, "holds an audit, which only a page shows; ask for one with -html"},
		{"no audit", []string{broken}, "", 1, "not the results of an audit"},
		{"fill and a shape", []string{"-fill", a, "-text"}, "", 1, "-fill takes nothing but the page"},
		{"fill and an argument", []string{"-fill", a, b}, "", 1, "-fill takes nothing but the page"},
	} {
		t.Run(c.name, func(t *testing.T) {
			var stdout, stderr bytes.Buffer
			require.Equal(t, c.code, run(c.args, strings.NewReader(c.stdin), &stdout, &stderr))
			require.Contains(t, stderr.String(), c.want)
			require.Empty(t, stdout.String())
		})
	}
}

// TestShapes: every shape is made of files, folders and audits.
func TestShapes(t *testing.T) {
	dir := t.TempDir()
	lines, audit, page := filepath.Join(dir, "results.jsonl"), filepath.Join(dir, "audit.json"), filepath.Join(dir, "page.html")
	require.NoError(t, bench.WriteFile(lines, append(rows(1), rows(3)...)))
	const found = `{"setup":{"dataset":"d","arch":"a"},"rows":[{"name":"mini","u_lira":{"privacy":{"auc":{"estimate":0.5}}}}]}`
	require.NoError(t, os.WriteFile(audit, []byte(found), 0o600))
	var stdout, stderr bytes.Buffer
	require.Zero(t, run([]string{"-html", page, "-title", "A title", dir, audit}, nil, &stdout, &stderr), &stderr)
	require.Empty(t, stdout.String())
	text, err := os.ReadFile(page)
	require.NoError(t, err)
	for _, want := range []string{"<title>A title</title>", "2 results of 1 method, and 1 audit with shadow models.", dir + "</code>: 2 results", "audit.json</code>: an audit"} {
		require.Contains(t, string(text), want)
	}
	for _, c := range []struct{ flag, want string }{{"-latex", `\toprule`}, {"-csv", "dataset,net,n,forget"}, {"-brief", "| forget | method |"}, {"-judge=mini", "| cells | forgotten | passed |"}} {
		stdout.Reset()
		require.Zero(t, run([]string{c.flag, dir}, nil, &stdout, &stderr), &stderr)
		require.Contains(t, stdout.String(), c.want)
	}
}

// TestMethods: spaces around names do not count, and a name stands for those
// with a budget too.
func TestMethods(t *testing.T) {
	file := filepath.Join(t.TempDir(), "a.jsonl")
	var results []bench.Result
	for _, m := range []string{"before", "mini:0.1", "mini:0.2", "retrain", "retrain-other-seed"} {
		r := rows(1)[0]
		r.Method = m
		results = append(results, r)
	}
	require.NoError(t, bench.WriteFile(file, results))
	for _, c := range []struct {
		methods string
		want    []string
	}{
		{"mini, retrain", []string{"mini:0.1", "mini:0.2", "retrain"}},
		{" retrain-other-seed ,mini:0.2", []string{"mini:0.2", "retrain-other-seed"}},
	} {
		var stdout, stderr bytes.Buffer
		require.Zero(t, run([]string{"-columns", "test %", "-methods", c.methods, file}, nil, &stdout, &stderr), &stderr)
		var got []string
		for _, m := range regexp.MustCompile(`(?m)^\| (\S+) \| [0-9]`).FindAllStringSubmatch(stdout.String(), -1) {
			got = append(got, m[1])
		}
		require.Equal(t, c.want, got)
	}
}
