package main

import (
	"bytes"
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
		{"columns of against", []string{"-against", "mini", "-columns", "test %"}, "", 1, "leave -columns out"},
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
