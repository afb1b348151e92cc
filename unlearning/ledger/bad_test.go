package ledger_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/miniunlearn/miniunlearn/data"
	"github.com/miniunlearn/miniunlearn/nets"
	"github.com/miniunlearn/miniunlearn/unlearning"
	"github.com/miniunlearn/miniunlearn/unlearning/history"
	"github.com/miniunlearn/miniunlearn/unlearning/ledger"
)

// content is the checksums of all files below a folder.
func content(t *testing.T, dir string) map[string]string {
	t.Helper()
	files := map[string]string{}
	require.NoError(t, filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		require.NoError(t, err)
		if !d.IsDir() {
			raw, err := os.ReadFile(path)
			require.NoError(t, err)
			if d.Name() == ".lock" {
				raw = nil
			}
			files[path] = fmt.Sprintf("%x", sha256.Sum256(raw))
		}
		return nil
	}))
	return files
}

// TestFlippedBits: a bit that flips in any file of a ledger is found by Verify, or by
// Open before. There are requests that wait, and others that were served.
func TestFlippedBits(t *testing.T) {
	flips := 500
	if os.Getenv("MINIUNLEARN_LONG") != "" {
		flips = 10000
	}
	dir, ds := trained(t, history.All().And(history.LogitGradients()), nets.Logistic(64, 10), nets.Config{Epochs: 2, Batch: 300, WeightDecay: 0.01, Seed: 1})
	l, err := ledger.Create(t.Context(), dir, ds, options())
	require.NoError(t, err)
	for _, id := range []string{"person-00007", "person-00100"} {
		_, err := l.Request(id)
		require.NoError(t, err)
		_, err = l.Forget(t.Context(), unlearning.Mini{})
		require.NoError(t, err)
	}
	_, err = l.Request("person-00200")
	require.NoError(t, err)
	require.NoError(t, l.Close())
	before := content(t, dir)
	files := slices.Sorted(func(yield func(string) bool) {
		for path := range before {
			if filepath.Base(path) != ".lock" && !yield(path) {
				return
			}
		}
	})
	require.Len(t, files, 11, "5 of the ledger, 6 of the run: %v", files)
	r := rand.New(rand.NewPCG(1, 1))
	for i := range flips {
		path := files[i%len(files)]
		raw, err := os.ReadFile(path)
		require.NoError(t, err)
		bit := r.IntN(8 * len(raw))
		raw[bit/8] ^= 1 << (bit % 8)
		require.NoError(t, os.WriteFile(path, raw, 0o600))
		_, err = ledger.Verify(dir)
		require.Error(t, err, "bit %d of %s", bit, path)
		require.True(t, errors.Is(err, ledger.ErrDamaged) || errors.Is(err, ledger.ErrVersion), "%v", err)
		raw[bit/8] ^= 1 << (bit % 8)
		require.NoError(t, os.WriteFile(path, raw, 0o600))
	}
	_, err = ledger.Verify(dir)
	require.NoError(t, err)
	require.Equal(t, before, content(t, dir))
	// A file that is missing is found, too.
	for _, path := range files {
		require.NoError(t, os.Rename(path, path+"~"))
		_, err := ledger.Verify(dir)
		require.Error(t, err, path)
		_, err = ledger.Open(t.Context(), dir, without(ds, "person-00007", "person-00100"), options())
		if !strings.Contains(path, "segment-") && !strings.Contains(path, "logit-") { // read when they are used
			require.Error(t, err, path)
		}
		require.NoError(t, os.Rename(path+"~", path))
	}
}

// TestBadInput: everything that cannot be is a clear error and leaves the folder as it
// is.
func TestBadInput(t *testing.T) {
	ctx := t.Context()
	dir, ds := trained(t, history.LogitGradients(), nets.MLP(64, 16, 10), smallConfig)

	create := func(change func(*ledger.Options, **data.Dataset)) error {
		o, d := options(), ds
		change(&o, &d)
		_, err := ledger.Create(ctx, dir, d, o)
		return err
	}
	require.ErrorContains(t, create(func(o *ledger.Options, _ **data.Dataset) { o.Key = ledger.Key("short") }), "a key of 5 bytes")
	require.ErrorContains(t, create(func(o *ledger.Options, _ **data.Dataset) { o.Limits.Share = -1 }), "must be finite")
	require.ErrorContains(t, create(func(o *ledger.Options, d **data.Dataset) { c := *ds; c.Keys = nil; *d = &c }), "the data have no ids")
	require.ErrorIs(t, create(func(_ *ledger.Options, d **data.Dataset) { *d = without(ds, "person-00005") }), history.ErrMismatch)
	_, err := ledger.Create(ctx, filepath.Join(t.TempDir(), "none"), ds, options())
	require.ErrorIs(t, err, fs.ErrNotExist)
	_, err = ledger.Open(ctx, dir, ds, options())
	require.ErrorContains(t, err, "ledger.Create makes one")

	l, err := ledger.Create(ctx, dir, ds, options())
	require.NoError(t, err)
	_, err = l.Request("person-00010")
	require.NoError(t, err)
	_, err = l.Forget(ctx, unlearning.Mini{})
	require.NoError(t, err)
	left := without(ds, "person-00010")
	before := content(t, dir)

	// Requests.
	request := func(ids ...string) error { _, err := l.Request(ids...); return err }
	var unknown *data.IDError
	require.ErrorContains(t, request(), "names no examples")
	require.ErrorIs(t, request("person-00010"), ledger.ErrServed)
	require.ErrorAs(t, request("person-99999"), &unknown)
	require.ErrorAs(t, request("person-00011", "17"), &unknown, "an id of another data set")
	require.ErrorAs(t, request("person-00011", "person-00011"), &unknown)
	require.Equal(t, before, content(t, dir))

	// Methods.
	everybody := slices.Compact(slices.Clone(left.Keys))
	require.NoError(t, request(everybody...))
	_, err = l.Forget(ctx, unlearning.Mini{})
	require.ErrorIs(t, err, unlearning.ErrNothingLeft)
	_, err = l.Forget(ctx, unlearning.Retrain{})
	require.ErrorIs(t, err, unlearning.ErrNothingLeft)
	require.NoError(t, l.Withdraw("r-000002"))
	require.ErrorContains(t, l.Withdraw("r-000002"), "no request r-000002 waits")
	require.ErrorContains(t, l.Withdraw("r-000001"), "no request r-000001 waits")
	require.Empty(t, l.Waiting())
	require.False(t, holds(t, dir, []byte("person-00011")))
	require.NoError(t, l.Close())

	dir2 := filepath.Join(t.TempDir(), "other")
	_, _, err = history.Train(ctx, dir2, history.LogitGradients(), nets.MLP(64, 16, 10), ds, smallConfig)
	require.NoError(t, err)
	l, err = ledger.Create(ctx, dir2, ds, options())
	require.NoError(t, err)
	_, err = l.Request("person-00011")
	require.NoError(t, err)
	before = content(t, dir2)
	_, err = l.Forget(ctx, unlearning.Recursion{})
	require.ErrorIs(t, err, ledger.ErrHistory)
	require.ErrorContains(t, err, "call Forget with unlearning.Retrain, or with a method that needs less")
	_, err = l.Forget(ctx, wrong{})
	require.ErrorIs(t, err, unlearning.ErrResult)
	cancelled, cancel := context.WithCancel(ctx)
	cancel()
	_, err = l.Forget(cancelled, unlearning.Mini{})
	require.ErrorIs(t, err, context.Canceled)
	require.Equal(t, before, content(t, dir2))
	require.NoError(t, l.Close())

	// Data.
	open := func(d *data.Dataset, change func(*ledger.Options)) error {
		o := options()
		if change != nil {
			change(&o)
		}
		l, err := ledger.Open(ctx, dir2, d, o)
		if err == nil {
			require.NoError(t, l.Close())
		}
		return err
	}
	changed := ds.Subset(upTo(ds.Len()))
	changed.X[64*3]++
	for want, d := range map[string]*data.Dataset{
		"1 examples are not what was trained on: person-00003":                       changed,
		"1 examples that nobody asked to forget are missing":                         without(ds, "person-00005"),
		"2 examples were not trained on, or have been forgotten and are still there": ds.Subset(append(upTo(ds.Len()), 4, 5)),
		"1253 examples that nobody":                                                  ds.Subset(upTo(4)),
	} {
		err := open(d, nil)
		require.ErrorIs(t, err, ledger.ErrData)
		require.ErrorContains(t, err, want)
	}
	require.ErrorIs(t, open(ds, func(o *ledger.Options) { o.Key = ledger.NewKey() }), ledger.ErrKey)
	require.ErrorIs(t, open(ds, func(o *ledger.Options) { o.Arch = nets.MLP(64, 17, 10) }), history.ErrMismatch)
	require.ErrorIs(t, open(ds, func(o *ledger.Options) { o.LR = nets.Cosine(1) }), history.ErrMismatch)
	require.NoError(t, open(ds, nil))
	require.Equal(t, before, content(t, dir2))
}

// wrong is a method that returns nothing.
type wrong struct{ unlearning.Retrain }

func (wrong) Unlearn(context.Context, unlearning.Problem) (*unlearning.Result, error) {
	return &unlearning.Result{}, nil
}

func (wrong) Name() string { return "wrong" }

func upTo(n int) []int {
	all := make([]int, n)
	for i := range all {
		all[i] = i
	}
	return all
}

// TestJournal: a chain that is broken is named by the entry, whatever was done to it;
// a journal of a newer program is none that is damaged.
func TestJournal(t *testing.T) {
	dir, ds := trained(t, history.LogitGradients(), nets.Logistic(64, 10), nets.Config{})
	l, err := ledger.Create(t.Context(), dir, ds, options())
	require.NoError(t, err)
	for i := range 3 {
		require.NoError(t, l.Note(map[string]int{"audit": i}))
	}
	require.NoError(t, l.Close())
	path := filepath.Join(dir, "journal.jsonl")
	whole, err := os.ReadFile(path)
	require.NoError(t, err)
	lines := bytes.SplitAfter(whole, []byte("\n"))
	require.Len(t, lines, 5)
	for want, text := range map[string][]byte{
		"breaks at entry 2":                 slices.Concat(lines[0], lines[1], lines[3]),
		"breaks at entry 1":                 slices.Concat(lines[0], lines[2], lines[1], lines[3]),
		"breaks at entry 0":                 slices.Concat(lines[1], lines[2]),
		"breaks at entry 3":                 bytes.Replace(whole, []byte(`"audit":{"audit":2}`), []byte(`"audit":{"audit":9}`), 1),
		"it ends too early":                 whole[:len(whole)-5],
		"ledger: verify: " + path + ": the": nil,
	} {
		require.NoError(t, os.WriteFile(path, text, 0o600))
		_, err := ledger.Verify(dir)
		require.ErrorIs(t, err, ledger.ErrDamaged)
		require.ErrorContains(t, err, want)
		_, err = ledger.Open(t.Context(), dir, ds, options())
		require.ErrorIs(t, err, ledger.ErrDamaged)
	}
	require.NoError(t, os.WriteFile(path, whole, 0o600))
	entries, err := ledger.ReadJournal(dir)
	require.NoError(t, err)

	newer := bytes.Replace(lines[3][66:], []byte(`"version":1`), []byte(`"version":2,"surprise":[]`), 1)
	newer = bytes.TrimSuffix(newer, []byte("\n"))
	line := fmt.Appendf(nil, "%x  %s\n", sha256.Sum256(append([]byte(entries[2].Hash), newer...)), newer)
	require.NoError(t, os.WriteFile(path, slices.Concat(lines[0], lines[1], lines[2], line), 0o600))
	_, err = ledger.Open(t.Context(), dir, ds, options())
	require.ErrorIs(t, err, ledger.ErrVersion)
	require.ErrorContains(t, err, "entry 3 is of version 2, and 1 is read here; use the program that wrote it, miniunlearn")
}

// TestDue: requests are due by number, by time, or at once.
func TestDue(t *testing.T) {
	dir, ds := trained(t, history.LogitGradients(), nets.Logistic(64, 10), nets.Config{})
	o := options()
	now := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	o.Now = func() time.Time { return now }
	o.DueExamples, o.DueAfter = 3, 72*time.Hour
	l, err := ledger.Create(t.Context(), dir, ds, o)
	require.NoError(t, err)
	require.False(t, l.Due())
	_, err = l.Request("person-00100") // of two examples
	require.NoError(t, err)
	require.False(t, l.Due())
	now = now.Add(71 * time.Hour)
	require.False(t, l.Due())
	now = now.Add(time.Hour)
	require.True(t, l.Due())
	now = now.Add(-time.Hour)
	_, err = l.Request("person-00005")
	require.NoError(t, err)
	require.True(t, l.Due())
	require.NoError(t, l.Close())
}
