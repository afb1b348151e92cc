package ledger_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/miniunlearn/miniunlearn/data"
	"github.com/miniunlearn/miniunlearn/nets"
	"github.com/miniunlearn/miniunlearn/unlearning"
	"github.com/miniunlearn/miniunlearn/unlearning/history"
	"github.com/miniunlearn/miniunlearn/unlearning/ledger"
)

// liveIn makes the test binary a process that lives through a ledger's life, from
// wherever the folder is in it.
const liveIn = "LEDGER_TEST_LIVE_IN"

func TestMain(m *testing.M) {
	if dir := os.Getenv(liveIn); dir != "" {
		if err := live(context.Background(), dir); err != nil {
			fmt.Println(err)
			os.Exit(1)
		}
		os.Exit(0)
	}
	os.Exit(m.Run())
}

// asked are the requests of that life, one after the other. The fourth is served by
// retraining.
var asked = [][]string{{"person-00007"}, {"person-00100", "person-00305"}, {"person-00411"}, {"person-00502", "person-00503"}, {"person-00900"}}

const retrainedAt = 3

// live trains, makes a ledger and serves the requests, if that has not been done.
func live(ctx context.Context, dir string) error {
	ds := people()
	if _, err := os.Stat(filepath.Join(dir, "journal.jsonl")); errors.Is(err, os.ErrNotExist) {
		if _, _, err := history.Train(ctx, dir, history.LogitGradients(), nets.MLP(64, 16, 10), ds, smallConfig); err != nil {
			return err
		}
		l, err := ledger.Create(ctx, dir, ds, options())
		if err != nil {
			return err
		}
		if err := l.Close(); err != nil {
			return err
		}
	}
	for {
		done, err := advance(ctx, dir, ds)
		if done || err != nil {
			return err
		}
	}
}

// served is the number of requests that the journal says were served.
func served(dir string) (n int, err error) {
	entries, err := ledger.ReadJournal(dir)
	for _, e := range entries {
		n += len(e.Requests)
	}
	return n, err
}

// advance opens the ledger, makes the next request if none waits, and serves it.
func advance(ctx context.Context, dir string, ds *data.Dataset) (done bool, err error) {
	n, err := served(dir)
	if err != nil {
		return false, err
	}
	l, err := ledger.Open(ctx, dir, without(ds, slices.Concat(asked[:n]...)...), options())
	if err != nil {
		return false, err
	}
	defer l.Close()
	if n == len(asked) {
		return true, nil
	}
	if len(l.Waiting()) == 0 {
		if _, err := l.Request(asked[n]...); err != nil {
			return false, err
		}
	}
	var m unlearning.Method = unlearning.Mini{}
	if n == retrainedAt {
		m = unlearning.Retrain{}
	}
	_, err = l.Forget(ctx, m)
	return false, err
}

// digests are those of the parameters after each change.
func digests(t *testing.T, dir string) []string {
	entries, err := ledger.ReadJournal(dir)
	require.NoError(t, err)
	var d []string
	for _, e := range entries {
		d = append(d, e.After+" "+e.DataAfter+" "+e.Set)
	}
	return d
}

// TestKills: killed at random points of training, queueing, forgetting and
// rewriting, without any warning, a ledger loses nothing and holds nothing
// half-done, and ends as one that was not.
func TestKills(t *testing.T) {
	kills := 14
	if os.Getenv("MINIUNLEARN_LONG") != "" {
		kills = 140
	}
	whole := filepath.Join(t.TempDir(), "whole")
	began := time.Now()
	require.NoError(t, live(t.Context(), whole))
	took := time.Since(began)
	want := digests(t, whole)
	require.Len(t, want, 1+len(asked))

	r := rand.New(rand.NewPCG(3, 4))
	dir := filepath.Join(t.TempDir(), "broken")
	finished := 0
	end := func(err error, out string) {
		require.NoError(t, err, out)
		require.Equal(t, want, digests(t, dir))
		require.NoError(t, os.RemoveAll(dir))
		finished++
	}
	for killed := 0; killed < kills; {
		child := exec.Command(os.Args[0])
		child.Env = append(os.Environ(), liveIn+"="+dir)
		out := &tail{}
		child.Stdout, child.Stderr = out, out
		require.NoError(t, child.Start())
		done := make(chan error, 1)
		go func() { done <- child.Wait() }()
		select {
		case err := <-done:
			end(err, out.String())
		case <-time.After(time.Duration(r.Float64() * float64(took))):
			if err := child.Process.Kill(); errors.Is(err, os.ErrProcessDone) { // a moment ago
				end(<-done, out.String())
				continue
			} else {
				require.NoError(t, err)
			}
			<-done
			killed++
			if _, err := os.Stat(filepath.Join(dir, "journal.jsonl")); err == nil {
				_, err := ledger.Verify(dir)
				require.NoError(t, err, "after kill %d", killed)
			}
		}
	}
	require.NoError(t, live(t.Context(), dir))
	require.Equal(t, want, digests(t, dir))
	s, err := ledger.Verify(dir)
	require.NoError(t, err)
	require.Empty(t, s.Other)
	require.Zero(t, s.Waiting)
	t.Logf("%d kills, %d lives finished in between", kills, finished)
}

// tail keeps what a process says.
type tail struct{ text []byte }

func (t *tail) Write(p []byte) (int, error) { t.text = append(t.text, p...); return len(p), nil }
func (t *tail) String() string              { return string(t.text) }

// TestStages: at every stage of a change a death leaves it not begun, or is ended by
// the next Open.
func TestStages(t *testing.T) {
	dir, ds := trained(t, history.LogitGradients(), nets.MLP(64, 16, 10), smallConfig)
	l, err := ledger.Create(t.Context(), dir, ds, options())
	require.NoError(t, err)
	require.NoError(t, l.Close())
	seen := map[string]bool{}
	for _, m := range []unlearning.Method{unlearning.Mini{}, unlearning.Retrain{}} {
		for _, stage := range []string{"solved", "pending", "journal", "model", "queue", "removed"} {
			copied := filepath.Join(t.TempDir(), "ledger")
			require.NoError(t, os.CopyFS(copied, os.DirFS(dir)))
			l, err := ledger.Open(t.Context(), copied, ds, options())
			require.NoError(t, err)
			_, err = l.Request("person-00007")
			require.NoError(t, err)
			dead := false
			restore := ledger.AtStage(func(s string) {
				seen[s] = true
				if s == stage && !dead {
					dead = true
					runtime.Goexit() // nothing after this happens, as in a death
				}
			})
			gone := make(chan bool)
			go func() { defer close(gone); _, _ = l.Forget(t.Context(), m) }()
			<-gone
			restore()
			require.True(t, dead, stage)
			ledger.Abandon(l) // a death frees the lock
			left, told := without(ds, "person-00007"), 2
			if stage == "solved" {
				left, told = ds, 1
			}
			seenNow, err := ledger.ReadJournal(copied) // before anything is ended
			require.NoError(t, err)
			require.Len(t, seenNow, told, stage)
			l, err = ledger.Open(t.Context(), copied, left, options())
			require.NoError(t, err, stage)
			entries := l.Journal()
			if stage == "solved" {
				require.Len(t, entries, 1)
				require.Len(t, l.Waiting(), 1)
				_, err = l.Forget(t.Context(), m)
				require.NoError(t, err)
			} else {
				require.Len(t, entries, 2)
				require.Empty(t, l.Waiting())
			}
			require.NoError(t, l.Close())
			s, err := ledger.Verify(copied)
			require.NoError(t, err, stage)
			require.False(t, s.Pending)
			require.Empty(t, s.Other, stage)
			require.False(t, holds(t, copied, []byte("person-00007")))
		}
	}
	require.Len(t, seen, 6)
}
