package main

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"runtime"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/miniunlearn/miniunlearn/bench"
	"github.com/miniunlearn/miniunlearn/data"
	"github.com/miniunlearn/miniunlearn/graph"
)

// cell is a sweep that takes a fraction of a second, and leaves the user's cache
// alone.
func cell(more ...string) []string {
	return append([]string{"-net", "mlp:64-16-10", "-n", "300", "-epochs", "2", "-batch", "32", "-seeds", "1,2", "-cache", ""}, more...)
}

var times = regexp.MustCompile(`,"seconds":[^}]*}`)

// TestSameBytes: all fields but the two last, which are times, are the same
// bytes at any GOMAXPROCS and any number of workers.
func TestSameBytes(t *testing.T) {
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(0))
	var want string
	for _, c := range []struct{ procs, workers int }{{1, 1}, {2, 1}, {2, 2}} {
		runtime.GOMAXPROCS(c.procs)
		{
			out := filepath.Join(t.TempDir(), "r.jsonl")
			var stdout, stderr bytes.Buffer
			args := cell("-net", "mlp:64-16-10,logistic", "-forget", "random:0.2,class:3", "-workers", fmt.Sprint(c.workers), "-out", out)
			require.Zero(t, run(t.Context(), args, &stdout, &stderr), &stderr)
			require.Empty(t, stderr.String(), "no progress where there is no terminal")
			require.Contains(t, stdout.String(), "wrote 40 results")
			text, err := os.ReadFile(out)
			require.NoError(t, err)
			require.Equal(t, 40, strings.Count(string(text), "\n"))
			require.NotContains(t, string(text), "NaN")
			got := times.ReplaceAllString(string(text), "}")
			require.Contains(t, got, `"history_bytes_read":0}`)
			if want == "" {
				want = got
			}
			require.Equal(t, want, got, "GOMAXPROCS %d, %d workers", c.procs, c.workers)
		}
	}
}

func TestStdout(t *testing.T) {
	for _, out := range []string{"", "/dev/stdout"} {
		var stdout, stderr bytes.Buffer
		require.Zero(t, run(t.Context(), cell("-seeds", "5", "-schedule", "constant", "-methods", "before,retrain", "-out", out), &stdout, &stderr), &stderr)
		rows, err := bench.ReadJSONL(&stdout, "stdout")
		require.NoError(t, err)
		require.Len(t, rows, 2)
		require.Equal(t, "constant", rows[0].Schedule)
		require.EqualValues(t, 5, rows[1].Seed)
		require.EqualValues(t, 0.0, rows[1].RelDist)
		require.Equal(t, (&graph.Walker{}).Name(), rows[0].Engine)
	}
}

// TestOutLink: -out may be a symlink, and stays one.
func TestOutLink(t *testing.T) {
	dir := t.TempDir()
	link := filepath.Join(dir, "link.jsonl")
	require.NoError(t, os.WriteFile(filepath.Join(dir, "r.jsonl"), nil, 0o600))
	require.NoError(t, os.Symlink("r.jsonl", link))
	var stdout, stderr bytes.Buffer
	require.Zero(t, run(t.Context(), cell("-seeds", "1", "-methods", "before,retrain", "-out", link), &stdout, &stderr), &stderr)
	require.Contains(t, stdout.String(), "wrote 2 results to "+link)
	rows, err := bench.ReadFile(filepath.Join(dir, "r.jsonl"))
	require.NoError(t, err)
	require.Len(t, rows, 2)
}

func TestBadInput(t *testing.T) {
	t.Setenv(data.EnvData, "")
	dir := t.TempDir()
	file := filepath.Join(dir, "file")
	require.NoError(t, os.WriteFile(file, []byte("old"), 0o600))
	empty := filepath.Join(dir, "ids")
	require.NoError(t, os.WriteFile(empty, []byte("# none\n"), 0o600))
	out := filepath.Join(dir, "results", "r.jsonl")
	for _, c := range []struct {
		name string
		args []string
		code int
		want string
	}{
		{"unknown flag", []string{"-depth", "3"}, 2, "-depth"},
		{"argument", []string{"extra"}, 1, `there is no experiment "extra"`},
		{"arguments", []string{"one", "two"}, 2, `unexpected argument "two"`},
		{"not a number", []string{"-epochs", "few"}, 2, "few"},
		{"no epochs", []string{"-epochs", "0"}, 2, "-epochs 0"},
		{"no steps", []string{"-steps", "0"}, 2, "-steps 0 is no run"},
		{"no rate", []string{"-lr", "0"}, 2, "-lr 0"},
		{"NaN rate", []string{"-lr", "NaN"}, 2, "-lr NaN"},
		{"momentum", []string{"-momentum", "1"}, 2, "-momentum 1"},
		{"decay", []string{"-weight-decay", "-1"}, 2, "-weight-decay -1"},
		{"bad seed", []string{"-seeds", "1,x"}, 2, `"x" is not a seed`},
		{"seed twice", []string{"-seeds", "1,1"}, 2, "seed 1 is named twice"},
		{"empty item", []string{"-methods", "mini,"}, 2, "empty item"},
		{"unknown method", []string{"-methods", "magic"}, 1, `unknown method "magic"; known are`},
		{"fast-retrain alone", []string{"-methods", "fast-retrain"}, 1, "add mini, or name a share"},
		{"unknown data set", []string{"-dataset", "cats"}, 1, "cats"},
		{"unknown net", []string{"-net", "brain"}, 1, "known are logistic"},
		{"net that does not fit", []string{"-net", "mlp:784-10"}, 1, "takes 784 features, but digits/train has 64"},
		{"net too wide", []string{"-net", "mlp:64-2000000000-10"}, 1, "layer size 2000000000 is more than 65536"},
		{"unknown schedule", []string{"-schedule", "steps"}, 1, `unknown schedule "steps"; known are constant, cosine`},
		{"n too large", []string{"-n", "5000"}, 1, "has 1257 training examples, not 5000"},
		{"missing folder", []string{"-dataset", "mnist", "-data", filepath.Join(dir, "nowhere")}, 1, "nowhere"},
		{"no folder given", []string{"-dataset", "mnist"}, 1, data.EnvData},
		{"empty forget set", []string{"-forget", "ids:" + empty}, 1, "the forget set is empty"},
		{"forget all", []string{"-forget", "random:1"}, 1, "nothing is left"},
		{"out under a file", []string{"-out", filepath.Join(file, "r.jsonl")}, 1, "choose another place"},
		{"out is a folder", []string{"-out", dir}, 1, "is a folder"},
		{"no CUDA here", []string{"-device", "cuda"}, 1, `engine "gorgonia" runs on the cpu only, not on "cuda"`},
		{"unknown engine", []string{"-engine", "jax"}, 1, `unknown engine "jax"`},
	} {
		t.Run(c.name, func(t *testing.T) {
			var stdout, stderr bytes.Buffer
			require.Equal(t, c.code, run(t.Context(), cell(c.args...), &stdout, &stderr), &stderr)
			require.Contains(t, stderr.String(), c.want)
			require.Empty(t, stdout.String())
		})
	}
	old, err := os.ReadFile(file)
	require.NoError(t, err)
	require.Equal(t, "old", string(old))
	require.NoDirExists(t, filepath.Dir(out), "a failed sweep left something")
	var stdout, stderr bytes.Buffer
	require.Zero(t, run(t.Context(), []string{"-h"}, &stdout, &stderr))
	require.Contains(t, stderr.String(), "-weight-decay")
}

func TestInterrupted(t *testing.T) {
	out := filepath.Join(t.TempDir(), "r.jsonl")
	ctx, stop := context.WithCancel(t.Context())
	stop()
	var stdout, stderr bytes.Buffer
	require.Equal(t, 1, run(ctx, cell("-out", out), &stdout, &stderr))
	require.Contains(t, stderr.String(), "interrupted: ")
	require.NoFileExists(t, out)
}
