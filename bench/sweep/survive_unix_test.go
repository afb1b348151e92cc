//go:build unix

package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/miniunlearn/miniunlearn/bench"
	"github.com/miniunlearn/miniunlearn/bench/grid"
	"github.com/miniunlearn/miniunlearn/graph"
)

// asSweep makes the test binary the program, with its arguments; fileLimit, if
// set, is the most kilobytes that it may write into a file, as on a disk that
// is full.
const (
	asSweep   = "SWEEP_TEST_RUN"
	fileLimit = "SWEEP_TEST_LIMIT"
)

func TestMain(m *testing.M) {
	if os.Getenv(asSweep) == "" {
		os.Exit(m.Run())
	}
	if os.Getenv(fileLimit) != "" {
		signal.Ignore(syscall.SIGXFSZ)
		if err := syscall.Setrlimit(syscall.RLIMIT_FSIZE, &syscall.Rlimit{Cur: 1 << 10, Max: 1 << 10}); err != nil {
			panic(err)
		}
	}
	main()
}

// program returns the sweep as a process of its own.
func program(t *testing.T, args ...string) (cmd *exec.Cmd, stdout, stderr *bytes.Buffer) {
	cmd = exec.CommandContext(t.Context(), os.Args[0], args...)
	cmd.Env = append(os.Environ(), asSweep+"=1")
	stdout, stderr = &bytes.Buffer{}, &bytes.Buffer{}
	cmd.Stdout, cmd.Stderr = stdout, stderr
	return cmd, stdout, stderr
}

// TestMethodFails: a method that cannot run costs no other row.
func TestMethodFails(t *testing.T) {
	out := filepath.Join(t.TempDir(), "r.jsonl")
	var stdout, stderr bytes.Buffer
	require.Equal(t, 3, run(t.Context(), cell("-methods", "before,mini:0.001,fast-retrain:0.001,retrain", "-out", out), &stdout, &stderr), &stderr)
	require.Contains(t, stderr.String(), `4 results have no values`)
	rows, err := bench.ReadFile(out)
	require.NoError(t, err)
	require.Len(t, rows, 8)
	for _, r := range rows {
		if strings.HasSuffix(r.Method, ":0.001") {
			require.Contains(t, r.Error, "the budget is less than one step", r.Method)
			require.False(t, r.TestAcc.Exists())
		} else {
			require.Empty(t, r.Error)
			require.True(t, r.TestAcc.Exists())
		}
		require.Equal(t, 300, r.N)
	}
	require.Contains(t, stdout.String(), "Could not run: mini:0.001 with seeds 1, 2: unlearning: mini: the budget is less than one step")
}

// TestCellFails: a base run that diverges costs the rows of its cell and no
// others.
func TestCellFails(t *testing.T) {
	out := filepath.Join(t.TempDir(), "r.jsonl")
	var stdout, stderr bytes.Buffer
	args := cell("-net", "mlp:64-16-10,logistic", "-seeds", "1", "-lr", "1e19", "-schedule", "constant", "-methods", "before,retrain", "-weight-decay", "0", "-out", out)
	require.Equal(t, 3, run(t.Context(), args, &stdout, &stderr), &stderr)
	rows, err := bench.ReadFile(out)
	require.NoError(t, err)
	require.Len(t, rows, 4)
	for _, r := range rows {
		if r.Net == "logistic" { // a finite distance away, in one layer
			require.Empty(t, r.Error)
		} else {
			require.Contains(t, r.Error, "seed 1: nets: training diverged at step ")
			require.EqualValues(t, 2, r.Epochs)
		}
	}
}

// endAt starts the program, and ends it by a signal when it has finished cells
// enough. It returns what the program said.
func endAt(t *testing.T, sig os.Signal, out string, enough int, args ...string) string {
	t.Helper()
	cmd, _, stderr := program(t, args...)
	require.NoError(t, cmd.Start())
	require.Eventually(t, func() bool { return len(kept(t, out)) >= enough }, time.Minute, time.Millisecond)
	require.NoError(t, cmd.Process.Signal(sig))
	var status *exec.ExitError
	require.ErrorAs(t, cmd.Wait(), &status)
	if sig != os.Kill {
		require.Equal(t, 1, status.ExitCode(), stderr)
	}
	return stderr.String()
}

// TestTerminated: SIGTERM and SIGINT keep what is done, and the program says
// where, and how to go on.
func TestTerminated(t *testing.T) {
	for _, sig := range []os.Signal{syscall.SIGTERM, os.Interrupt} {
		out := filepath.Join(t.TempDir(), "r.jsonl")
		require.NoError(t, os.WriteFile(out, []byte("old"), 0o600))
		said := endAt(t, sig, out, 2, cell("-methods", "before,retrain", "-out", out, "-seeds", "1-1000")...) // hours
		require.Contains(t, said, "sweep: interrupted: ")
		require.Contains(t, said, fmt.Sprintf("%d of 2000 cells are done and kept in %s; the same command does the rest", len(kept(t, out)), strings.TrimSuffix(out, ".jsonl")+".cells"))
		old, err := os.ReadFile(out)
		require.NoError(t, err)
		require.Equal(t, "old", string(old), "what another sweep left stays until this one is done")
	}
}

// TestKilled: a sweep of 60 cells that is killed three times gives the bytes of one
// that never was, times apart, and computes no cell twice.
func TestKilled(t *testing.T) {
	dir := t.TempDir()
	args := func(name string) []string {
		return cell("-n", "200", "-net", "mlp:64-8-10", "-methods", "before,mini,finetune:0.2,retrain,retrain-other-seed,fast-retrain", "-forget", "random:0.2,class:3",
			"-seeds", "1-5", "-cache", filepath.Join(dir, name+".cache"), "-out", filepath.Join(dir, name+".jsonl"))
	}
	out := filepath.Join(dir, "killed.jsonl")
	var made []string
	for i, sig := range []os.Signal{os.Kill, syscall.SIGTERM, os.Kill} {
		endAt(t, sig, out, 11*(i+1), args("killed")...)
		now := kept(t, out)
		require.Less(t, len(now), 60)
		require.Subset(t, now, made, "a cell is there twice, or no more")
		made = now
	}
	whole := map[string]string{}
	for _, name := range []string{"killed", "alone"} {
		var stdout, stderr bytes.Buffer
		require.Zero(t, run(t.Context(), args(name), &stdout, &stderr), &stderr)
		text, err := os.ReadFile(filepath.Join(dir, name+".jsonl"))
		require.NoError(t, err)
		whole[name] = times.ReplaceAllString(string(text), "}")
	}
	require.Equal(t, 60, strings.Count(whole["alone"], "\n"))
	require.Equal(t, whole["alone"], whole["killed"])
	require.Len(t, kept(t, out), 60)
}

// TestStreamOrder: a stream has the cells in their order, whichever finishes
// first, and an interrupt brings those behind a cell that is not done.
func TestStreamOrder(t *testing.T) {
	spec := grid.Spec{Grid: grid.Grid{N: grid.List[int]{200}, Methods: grid.List[string]{"before"}, Seeds: grid.Seeds{1, 2, 3}}}
	plan, err := spec.Plan(t.Context(), grid.PlanConfig{Engine: graph.NewWalker(1)})
	require.NoError(t, err)
	var out bytes.Buffer
	dst, err := newOutput(&options{}, plan, grid.Shard{}, &out)
	require.NoError(t, err)
	row := func(seed uint64) bench.Row { return bench.Row{Result: bench.Result{Method: "before", Seed: seed}} }
	require.NoError(t, dst.put(2, row(3)))
	require.Empty(t, out.String())
	require.NoError(t, dst.put(0, row(1)))
	require.Contains(t, dst.rescue(nil), "2 results of finished cells are in standard output")
	rows, err := bench.ReadJSONL(&out, "out")
	require.NoError(t, err)
	require.Len(t, rows, 2)
	require.EqualValues(t, 3, rows[1].Seed)
}

// TestFull: a disk without room is met before the work; one that fills up
// meanwhile costs nothing that is done.
func TestFull(t *testing.T) {
	out := filepath.Join(t.TempDir(), "r.jsonl")
	cmd, stdout, stderr := program(t, cell("-out", out)...)
	cmd.Env = append(cmd.Env, fileLimit+"=1")
	var status *exec.ExitError
	require.ErrorAs(t, cmd.Run(), &status)
	require.Equal(t, 1, status.ExitCode())
	require.Contains(t, stderr.String(), "cannot be written; choose another place: no room for 10240 bytes")
	require.Empty(t, stdout.String())
	left, err := os.ReadDir(filepath.Dir(out))
	require.NoError(t, err)
	require.Empty(t, left)

	if _, err := os.Stat("/dev/full"); err != nil {
		t.Skip("no /dev/full, a device that is always full")
	}
	var kept, told bytes.Buffer
	require.Equal(t, 1, run(t.Context(), cell("-methods", "before,retrain", "-out", "/dev/full"), &kept, &told))
	require.Contains(t, told.String(), "no space left on device; 1 result of a finished cell is in standard output")
	rows, err := bench.ReadJSONL(&kept, "stdout")
	require.NoError(t, err)
	require.Len(t, rows, 1)

	// Not even standard output takes it.
	told.Reset()
	require.Equal(t, 1, run(t.Context(), cell("-methods", "before,retrain", "-out", "/dev/full"), broken{}, &told))
	_, lines, ok := strings.Cut(told.String(), "1 result is nowhere but here:\n")
	require.True(t, ok, told.String())
	rows, err = bench.ReadJSONL(strings.NewReader(lines), "stderr")
	require.NoError(t, err)
	require.Len(t, rows, 1)
}

type broken struct{}

func (broken) Write([]byte) (int, error) { return 0, errors.New("broken pipe") }

// TestInterruptedBetween: the cells before an interrupt stand.
func TestInterruptedBetween(t *testing.T) {
	ctx, stop := context.WithCancel(t.Context())
	out := stopAfter{stop: stop}
	var stderr bytes.Buffer
	require.Equal(t, 1, run(ctx, cell("-methods", "before,retrain", "-seeds", "1,2,3"), &out, &stderr))
	rows, err := bench.ReadJSONL(&out.Buffer, "stdout")
	require.NoError(t, err)
	require.Len(t, rows, 1)
	require.Contains(t, stderr.String(), "1 result of a finished cell is in standard output")
}

// stopAfter ends the sweep at its first write.
type stopAfter struct {
	bytes.Buffer
	stop func()
}

func (s *stopAfter) Write(p []byte) (int, error) {
	s.stop()
	return s.Buffer.Write(p)
}
