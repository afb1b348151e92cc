package audit

import (
	"bytes"
	"context"
	"errors"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"codeberg.org/sbinet/npyio"
	"github.com/stretchr/testify/require"

	"github.com/miniunlearn/miniunlearn/attacks"
	"github.com/miniunlearn/miniunlearn/attacks/verdict"
	"github.com/miniunlearn/miniunlearn/data"
	"github.com/miniunlearn/miniunlearn/nets"
	"github.com/miniunlearn/miniunlearn/unlearning"
)

// small returns an audit of a second: too small to judge by, and all of its
// parts are there.
func small(t *testing.T) Config {
	t.Helper()
	ds, err := data.Stratified(data.Digits().Train, 120, 1)
	require.NoError(t, err)
	return Config{
		Data: ds, Arch: nets.MLP(64, 16, 10), Fit: attacks.Shrunk,
		Train:   nets.Config{Epochs: 6, Batch: 16, LR: nets.Cosine(0.05), Momentum: 0.9, Seed: 3},
		Methods: []Subject{{Method: unlearning.Mini{}}, {Name: "half", Method: unlearning.Mini{Cost: 0.5}}, {Method: NoOp{}}},
		Share:   0.4, Shadows: 10, Targets: 6, Workers: 1, Deals: 299, Dir: filepath.Join(t.TempDir(), "signals"),
	}
}

// bytesOf runs an audit and returns all files of its signals and results.
func bytesOf(t *testing.T, c Config) map[string]string {
	t.Helper()
	r, err := Run(t.Context(), c)
	require.NoError(t, err)
	out := t.TempDir()
	require.NoError(t, r.Save(out))
	files := map[string]string{}
	for _, root := range []string{c.Dir, out} {
		require.NoError(t, filepath.WalkDir(root, func(path string, e fs.DirEntry, err error) error {
			if err != nil || e.IsDir() {
				return err
			}
			b, err := os.ReadFile(path)
			rel, _ := filepath.Rel(root, path)
			files[filepath.ToSlash(rel)] = string(b)
			return err
		}))
	}
	return files
}

// same compares folders without printing them.
func same(t *testing.T, want, got map[string]string, what string) {
	t.Helper()
	require.Equal(t, slices.Sorted(maps.Keys(want)), slices.Sorted(maps.Keys(got)), what)
	for name := range want {
		require.True(t, want[name] == got[name], "%s: %s differs", what, name)
	}
}

// TestSameBytes: neither workers, nor the order of the examples, nor a kill
// changes a byte.
func TestSameBytes(t *testing.T) {
	c := small(t)
	want := bytesOf(t, c)
	require.Contains(t, want, "results.json")
	require.Contains(t, want, "shadow-0009.npy")
	require.Contains(t, want, "half/report.json")

	four := c
	four.Workers, four.Dir = 4, filepath.Join(t.TempDir(), "four")
	same(t, want, bytesOf(t, four), "four workers")

	reversed := c
	order := make([]int, c.Data.Len())
	for i := range order {
		order[i] = len(order) - 1 - i
	}
	reversed.Data, reversed.Dir = c.Data.Subset(order), filepath.Join(t.TempDir(), "reversed")
	same(t, want, bytesOf(t, reversed), "reversed examples")

	killed := c
	killed.Workers, killed.Dir = 2, filepath.Join(t.TempDir(), "killed")
	ctx, kill := context.WithCancel(t.Context())
	killed.Progress = func(done, _ int) {
		if done == 5 {
			kill()
		}
	}
	err := Train(ctx, killed)
	require.ErrorIs(t, err, context.Canceled)
	require.ErrorContains(t, err, "of 16 models are kept in "+killed.Dir)
	// Half a file, whole ones that were not listed yet, and a listed one gone.
	require.NoError(t, os.WriteFile(filepath.Join(killed.Dir, ".shadow-0007.npy.1.tmp"), []byte("half"), 0o600))
	require.NoError(t, os.WriteFile(filepath.Join(killed.Dir, "target-0005.npy"), []byte("not listed"), 0o600))
	require.NoError(t, os.Remove(filepath.Join(killed.Dir, "shadow-0001.npy")))
	_, err = Analyse(t.Context(), killed)
	require.ErrorIs(t, err, ErrIncomplete)
	first := 0
	killed.Progress = func(done, total int) {
		if first == 0 {
			first = done
		}
		require.Equal(t, 16, total)
	}
	same(t, want, bytesOf(t, killed), "after a kill")
	require.GreaterOrEqual(t, first, 5, "models were trained again")

	killed.Progress = func(int, int) { t.Error("a whole audit trained a model") }
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(1))
	same(t, want, bytesOf(t, killed), "a second time, one core")
}

// TestErrorStopsOthers: models that are begun when one fails are stopped, and the error is
// that of the first in order.
func TestErrorStopsOthers(t *testing.T) {
	failure := errors.New("no")
	begun := make(chan struct{})
	var ended atomic.Bool
	p := &plan{Config: Config{Workers: 2}}
	err := p.each(t.Context(), 9, func(ctx context.Context, i int) error {
		switch i {
		case 0:
			<-begun
			return failure
		case 1:
			close(begun)
			select {
			case <-ctx.Done():
				ended.Store(true)
			case <-time.After(time.Minute):
			}
		}
		return ctx.Err()
	}, func(int) { t.Error("nothing was done") })
	require.ErrorIs(t, err, failure)
	require.True(t, ended.Load())
}

// lines counts what is logged: a line for each epoch of a training.
type lines struct{ n atomic.Int64 }

func (l *lines) Write(p []byte) (int, error) {
	l.n.Add(1)
	return len(p), nil
}

// TestStates: the counts of each example are exact, and what the folder says
// is what was done.
func TestStates(t *testing.T) {
	c := small(t)
	u, err := data.ParseForget("class:3", c.Data, 0)
	require.NoError(t, err)
	c.Candidates, c.Share = u, 1
	p, err := newPlan(c)
	require.NoError(t, err)
	require.Equal(t, u.Len(), len(p.audited))
	for _, d := range p.pools {
		out, in, forgotten := counts(d.models, p.Share)
		require.Zero(t, in)
		for e := range p.Data.Len() {
			n := map[attacks.State]int{}
			for m := range d.models {
				n[d.row(m)[e]]++
			}
			want := map[attacks.State]int{attacks.Out: out, attacks.In: forgotten}
			if p.Data.Y[e] == 3 {
				want = map[attacks.State]int{attacks.Out: out, attacks.Forgotten: forgotten}
			}
			require.Equal(t, want, n, "%s, example %d", d.name, e)
		}
		ids, forget, err := d.trained(0)
		require.NoError(t, err)
		for i, e := range ids {
			require.NotEqual(t, attacks.Out, d.row(0)[e])
			require.Equal(t, p.Data.Y[e] == 3, forget.Contains(i))
		}
	}
	require.NotEqual(t, p.pools[0].row(0), p.pools[1].row(0))
	require.NotEqual(t, p.pools[0].modelSeed(0), p.pools[1].modelSeed(0))

	r, err := Run(t.Context(), c)
	require.NoError(t, err)
	row, ok := r.Row("no-op")
	require.True(t, ok)
	require.Nil(t, row.ULiRA.Efficacy, "no candidate stays In")
	require.Contains(t, r.String(), "—")
	content, err := os.ReadFile(filepath.Join(c.Dir, "private-states-target.npy"))
	require.NoError(t, err)
	var states []uint8
	require.NoError(t, npyio.Read(bytes.NewReader(content), &states))
	require.Len(t, states, c.Targets*u.Len())
	for i, st := range states {
		require.EqualValues(t, p.pools[1].row(i / u.Len())[p.audited[i%u.Len()]], st)
	}
}

// TestControls: doing nothing is before, bit for bit, and is flagged even by a
// small audit; retraining passes one that is asked for no more than it can find.
func TestControls(t *testing.T) {
	c := small(t)
	c.Train.Epochs, c.Shadows, c.Targets = 40, 32, 12
	c.Arch, c.Deals, c.Sensitivity, c.Loss = nets.MLP(64, 64, 10), 999, .4, .05
	c.Methods = []Subject{{Method: NoOp{}}, {Method: OtherSeed{}}, {Method: Relabel{Epochs: 30}}}
	c.Workers = 2
	r, err := Run(t.Context(), c)
	require.NoError(t, err)
	t.Logf("\n%s", r)
	require.Len(t, r.Rows, 5, "retraining with other seeds is there already")
	before, _ := r.Row(Before)
	for _, w := range []struct {
		name    string
		want    verdict.Outcome
		finding attacks.Finding
	}{
		{"no-op", verdict.Failed, attacks.UnderUnlearned},
		{Reference, verdict.Passed, attacks.NothingFound},
		{"relabel", verdict.Failed, attacks.OverUnlearned},
		{Retrained, verdict.Passed, attacks.NothingFound},
	} {
		row, ok := r.Row(w.name)
		require.True(t, ok)
		require.Equal(t, w.want, row.Verdict.Outcome, "%s: %s", w.name, row.Verdict)
		require.Equal(t, w.finding, row.Verdict.Finding, "%s: %s", w.name, row.Verdict)
		if w.name == "no-op" {
			require.Equal(t, before.ULiRA, row.ULiRA)
			require.Equal(t, before.Verdict.String(), row.Verdict.String())
			require.Equal(t, before.Verdict.AUC, row.Verdict.AUC)
		}
	}
	reference, _ := r.Row(Reference)
	require.True(t, reference.Besides.Harm.Difference.Contains(0), "%v", reference.Besides.Harm)
	require.Contains(t, r.Markdown(), "| harm |")
	// Doing nothing keeps all, and retraining nothing.
	noOp, _ := r.Row("no-op")
	require.InDelta(t, 1, float64(noOp.Besides.Kept.Share.Value), 1e-12)
	require.Greater(t, float64(noOp.Besides.Kept.Share.Value), float64(noOp.Besides.Kept.Share.High))
	kept := reference.Besides.Kept.Share
	require.True(t, kept.Low < kept.Value && kept.Value < kept.High, "%+v", kept)
	retrained, _ := r.Row(Retrained)
	require.Nil(t, retrained.Besides.Kept)
	require.Contains(t, r.Markdown(), "| +100.0% [-")
	require.Contains(t, r.Markdown(), "who replays each run without")
	rows := r.Report("no-op").Rows
	require.Equal(t, []string{Before, Retrained, "no-op"}, []string{rows[0].Name, rows[1].Name, rows[2].Name})
	require.Equal(t, attacks.UnderUnlearned, rows[2].ToRetrained.Finding)
	require.Nil(t, r.Report(Before))
	require.Contains(t, r.Markdown(), "| no-op |")
	require.Empty(t, r.Warning())
	out := t.TempDir()
	require.NoError(t, r.Save(out))
	text, err := os.ReadFile(filepath.Join(out, "no-op", "report.md"))
	require.NoError(t, err)
	require.Equal(t, 1, strings.Count(string(text), "failed at 95% with 44 models"), "one verdict")
	exposed := filepath.Join(out, "no-op", "private-exposed.csv")
	info, err := os.Stat(exposed)
	require.NoError(t, err)
	require.Equal(t, os.FileMode(0o600), info.Mode().Perm())
	text, err = os.ReadFile(exposed)
	require.NoError(t, err)
	require.Equal(t, 1+len(before.Verdict.Exposures), strings.Count(string(text), "\n"))
}

// TestNothingToFind: an audit of models that learn nothing by heart says that it is
// undecided, and warns.
func TestNothingToFind(t *testing.T) {
	c := small(t)
	c.Train.Epochs, c.Train.LR = 1, nets.ConstantRate(1e-4)
	c.Methods = []Subject{{Method: NoOp{}}}
	r, err := Run(t.Context(), c)
	require.NoError(t, err)
	row, _ := r.Row("no-op")
	require.Equal(t, verdict.Undecided, row.Verdict.Privacy.Outcome, row.Verdict)
	require.Contains(t, r.String(), "Beware: the models before unlearning are not told from models that never saw")
}

// broken is a method that fails.
type broken struct{ NoOp }

var errBroken = errors.New("broken on purpose")

func (broken) Unlearn(context.Context, unlearning.Problem) (*unlearning.Result, error) {
	return nil, errBroken
}

func TestMethodFails(t *testing.T) {
	c := small(t)
	c.Methods = append(c.Methods, Subject{Name: "broken", Method: broken{}})
	_, err := Run(t.Context(), c)
	require.ErrorIs(t, err, errBroken)
	require.ErrorContains(t, err, "shadow-0000: broken: broken on purpose")
	c = small(t)
	c.Train.LR = nets.ConstantRate(1e20)
	var diverged *nets.DivergedError
	require.ErrorAs(t, Train(t.Context(), c), &diverged)
}
