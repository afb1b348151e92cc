package main

import (
	"bytes"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/miniunlearn/miniunlearn/bench"
)

// experiment is a file of an experiment, in a folder of its own.
func experiment(t *testing.T) (file string) {
	t.Helper()
	file = filepath.Join(t.TempDir(), "little.json")
	require.NoError(t, os.WriteFile(file, []byte(`{
	// Two cells of a request, twice.
	"title": "A little experiment",
	"n": 300, "net": "mlp:64-16-10", "train": {"epochs": 2, "batch": 32},
	"methods": ["before", "retrain"], "seeds": "1-2",
}`), 0o600))
	return file
}

// do runs the program, and returns what it says; its cache is beside the
// experiment.
func do(t *testing.T, code int, file string, args ...string) (stdout, stderr string) {
	t.Helper()
	var out, err bytes.Buffer
	args = append([]string{file, "-cache", filepath.Join(filepath.Dir(file), "cache")}, args...)
	require.Equal(t, code, run(t.Context(), args, &out, &err), &err)
	return out.String(), err.String()
}

// kept returns the names of the finished cells of a sweep to out.
func kept(t *testing.T, out string) []string {
	t.Helper()
	cells, err := filepath.Glob(strings.TrimSuffix(out, ".jsonl") + ".cells/*-*.json")
	require.NoError(t, err)
	return cells
}

// TestFile: an experiment is a file; results, a page and the experiment as it was run
// are beside it, flags are over it, and what is added is all that is computed.
func TestFile(t *testing.T) {
	file := experiment(t)
	dir := filepath.Dir(file)
	stdout, stderr := do(t, 0, file, "-dry-run")
	require.Empty(t, stderr)
	require.Contains(t, stdout, "to do")
	require.Contains(t, stdout, "4 cells, of which 0 are done; the other 4 take 2 base runs, 12 retrainings and about ")
	require.NoFileExists(t, filepath.Join(dir, "little.jsonl"))

	stdout, _ = do(t, 0, file)
	require.Contains(t, stdout, "wrote 4 results to "+filepath.Join(dir, "little.jsonl")+" and a page to "+filepath.Join(dir, "little.html"))
	page, err := os.ReadFile(filepath.Join(dir, "little.html"))
	require.NoError(t, err)
	require.Contains(t, string(page), "A little experiment")
	echo, err := os.ReadFile(filepath.Join(dir, "little.cells", "experiment.json"))
	require.NoError(t, err)
	require.Contains(t, string(echo), `"seeds": "1,2"`)
	before, err := os.ReadFile(filepath.Join(dir, "little.jsonl"))
	require.NoError(t, err)

	stdout, _ = do(t, 0, file, "-dry-run", "-seeds", "1-3")
	require.Contains(t, stdout, "6 cells, of which 4 are done; the other 2 take 1 base runs, 6 retrainings and about ")
	_, stderr = do(t, 0, file, "-seeds", "1-3", "-methods", "before,finetune:0.2,retrain")
	require.Empty(t, stderr)
	rows, err := bench.ReadFile(filepath.Join(dir, "little.jsonl"))
	require.NoError(t, err)
	require.Len(t, rows, 9)
	require.Equal(t, "finetune:0.2", rows[1].Method, "in the order of the grid")
	echo, err = os.ReadFile(filepath.Join(dir, "little.cells", "experiment.json"))
	require.NoError(t, err)
	require.Contains(t, string(echo), `"finetune:0.2"`, "flags too")

	// The results of the file alone are there, times and all.
	stdout, _ = do(t, 0, file, "-collect")
	require.Contains(t, stdout, "wrote 4 results")
	again, err := os.ReadFile(filepath.Join(dir, "little.jsonl"))
	require.NoError(t, err)
	require.Equal(t, string(before), string(again))
	stdout, _ = do(t, 0, file, "-schema")
	require.True(t, strings.HasPrefix(stdout, "{\n"))
}

// TestFileBad: what is wrong with a file is said with its line, and nothing is left.
func TestFileBad(t *testing.T) {
	file := experiment(t)
	for _, c := range []struct{ in, want string }{
		{"{\n\"sedes\": 1}", `line 2: unknown field "sedes"; did you mean seeds?`},
		{`{"seeds": "1-300000"}`, "1500000 cells are more than 10000"},
		{`{"engine": "jax"}`, `unknown engine "jax"`},
		{`{"data": "digits", "device": "cuda"}`, "runs on the cpu only"},
	} {
		require.NoError(t, os.WriteFile(file, []byte(c.in), 0o600))
		_, stderr := do(t, 1, file)
		require.Contains(t, stderr, c.want)
	}
	left, err := os.ReadDir(filepath.Dir(file))
	require.NoError(t, err)
	require.Len(t, left, 1)
}

// TestArray: tasks of an array compute a part each, in any order, and one that
// finds all parts there writes what one alone would have.
func TestArray(t *testing.T) {
	file := experiment(t)
	dir := filepath.Dir(file)
	t.Setenv("SLURM_ARRAY_TASK_MIN", "0")
	t.Setenv("SLURM_ARRAY_TASK_MAX", "1")
	t.Setenv("SLURM_ARRAY_TASK_COUNT", "2")
	t.Setenv("SLURM_ARRAY_TASK_ID", "1")
	stdout, _ := do(t, 0, file, "-dry-run")
	require.Contains(t, stdout, "2 cells, of which 0 are done")
	stdout, _ = do(t, 0, file)
	require.Contains(t, stdout, "part 2/2 is done; 2 of 4 cells are there, and when all are, the same command with -collect writes "+filepath.Join(dir, "little.jsonl"))
	require.NoFileExists(t, filepath.Join(dir, "little.jsonl"))
	stdout, stderr := do(t, 1, file, "-collect")
	require.Contains(t, stdout, "wrote 2 results")
	require.Contains(t, stderr, "2 of 4 cells are missing")

	t.Setenv("SLURM_ARRAY_TASK_ID", "0")
	stdout, _ = do(t, 0, file)
	require.Contains(t, stdout, "wrote 4 results")
	got, err := os.ReadFile(filepath.Join(dir, "little.jsonl"))
	require.NoError(t, err)
	stdout, _ = do(t, 0, file, "-shard", "2/2") // a task that is there again
	require.Contains(t, stdout, "wrote 4 results")

	alone := experiment(t)
	_, _ = do(t, 0, alone, "-shard", "1/1")
	want, err := os.ReadFile(filepath.Join(filepath.Dir(alone), "little.jsonl"))
	require.NoError(t, err)
	require.Equal(t, times.ReplaceAllString(string(want), "}"), times.ReplaceAllString(string(got), "}"))
}

// TestTrack: every base run that is trained has its scalars in a folder; one that
// cannot be tracked is trained all the same.
func TestTrack(t *testing.T) {
	file := experiment(t)
	dir := filepath.Join(filepath.Dir(file), "track")
	_, stderr := do(t, 0, file, "-track", dir, "-quiet")
	require.Empty(t, stderr)
	for _, pattern := range []string{"scalars.csv", "events.out.tfevents.*"} {
		files, err := filepath.Glob(filepath.Join(dir, "digits_mlp-64-16-10_random-0.2_seed_[12]_*", pattern))
		require.NoError(t, err)
		require.Len(t, files, 2)
	}
	_, stderr = do(t, 0, file, "-fresh", "-cache", "", "-track", file)
	require.Contains(t, stderr, "the run is not tracked in ")

	var mu sync.Mutex
	asked := map[string]int{}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		mu.Lock()
		defer mu.Unlock()
		asked[path.Base(r.URL.Path)]++
		fmt.Fprint(w, `{"experiment": {"experiment_id": "1"}, "run": {"info": {"run_id": "abc"}}}`)
	}))
	_, stderr = do(t, 0, file, "-fresh", "-cache", "", "-mlflow", server.URL, "-quiet")
	require.Empty(t, stderr)
	require.Equal(t, map[string]int{"get-by-name": 2, "create": 2, "log-batch": 2, "update": 2}, asked)
	server.Close()
	_, stderr = do(t, 0, file, "-fresh", "-cache", "", "-mlflow", server.URL)
	require.Contains(t, stderr, "the run is not tracked in "+server.URL)
}

// TestFormat: a cell's file says what it is of and who made it.
func TestFormat(t *testing.T) {
	file := experiment(t)
	_, _ = do(t, 0, file)
	cells := kept(t, strings.TrimSuffix(file, ".json")+".jsonl")
	require.Len(t, cells, 4)
	text, err := os.ReadFile(cells[0])
	require.NoError(t, err)
	for _, part := range []string{`{"sha256":"`, `"format":`, `"dataset":"digits"`, `"engine":"gorgonia/`, `"build":"`, `"result":{"dataset":"digits"`, `"trace":{"losses":[`} {
		require.Contains(t, string(text), part)
	}
}
