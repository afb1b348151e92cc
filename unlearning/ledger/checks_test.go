package ledger_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/miniunlearn/miniunlearn/data"
	"github.com/miniunlearn/miniunlearn/internal/folderlock"
	"github.com/miniunlearn/miniunlearn/nets"
	"github.com/miniunlearn/miniunlearn/unlearning"
	"github.com/miniunlearn/miniunlearn/unlearning/history"
	"github.com/miniunlearn/miniunlearn/unlearning/ledger"
)

// made is a ledger of a small run, open.
func made(t *testing.T, o ledger.Options) (dir string, ds *data.Dataset, l *ledger.Ledger) {
	t.Helper()
	dir, ds = trained(t, history.LogitGradients(), nets.Logistic(64, 10), nets.Config{})
	l, err := ledger.Create(t.Context(), dir, ds, o)
	require.NoError(t, err)
	return dir, ds, l
}

// TestBadData: data that are none are an error wherever data are given, and no
// goroutine dies of them.
func TestBadData(t *testing.T) {
	dir, ds := trained(t, history.LogitGradients(), nets.Logistic(64, 10), nets.Config{})
	before := content(t, dir)
	short, both, latin := *ds, *ds, *ds
	short.Keys = ds.Keys[:10]
	both.IDs = upTo(ds.Len())
	latin.Keys = slices.Clone(ds.Keys)
	latin.Keys[3] = "Andr\xe9"
	for want, d := range map[string]*data.Dataset{
		"there is no data set": nil, "10 keys for 1257 examples": &short, "both IDs and Keys": &both,
		`its key "Andr\xe9" is not UTF-8; convert the data`: &latin,
	} {
		_, err := ledger.Create(t.Context(), dir, d, options())
		require.ErrorContains(t, err, want)
	}
	require.Equal(t, before, content(t, dir))
	l, err := ledger.Create(t.Context(), dir, ds, options())
	require.NoError(t, err)
	entries := l.Journal()
	require.NoError(t, l.Close())
	for _, d := range []*data.Dataset{nil, &short} {
		_, err = ledger.Open(t.Context(), dir, d, options())
		require.ErrorContains(t, err, "data: ")
		_, err = ledger.Replay(t.Context(), entries, d, ledger.Replaying{Key: key, Dir: filepath.Join(t.TempDir(), "replay")})
		require.ErrorContains(t, err, "data: ")
	}
}

// TestUnseen: examples that are called unseen and are not, or that cannot be compared,
// are found before anything is computed: a certificate would be false.
func TestUnseen(t *testing.T) {
	dir, ds := trained(t, history.LogitGradients(), nets.Logistic(64, 10), nets.Config{})
	before := content(t, dir)
	seen := data.Digits().Validation.Subset(upTo(20))
	seen.Keys, seen.IDs = ds.Keys[:20], nil
	copy(seen.X[5*64:6*64], ds.X[5*64:6*64])
	seen.Y[5] = ds.Y[5]
	narrow := &data.Dataset{Name: "narrow", Shape: []int{1}, Classes: 10, X: []float32{0}, Y: []int32{0}}
	for want, d := range map[string]*data.Dataset{
		"Options.Unseen: 1 of its 20 examples were trained on: person-00005": seen,
		"Options.Unseen: 1257 of its 1257 examples were trained on":          ds,
		"Options.Unseen: nets: logistic":                                     narrow,
		"Options.Unseen: data: ":                                             {},
	} {
		o := options()
		if o.Unseen = d; d.Shape == nil {
			o.Unseen = &data.Dataset{Y: []int32{0}}
		}
		_, err := ledger.Create(t.Context(), dir, ds, o)
		require.ErrorContains(t, err, want)
		require.Equal(t, before, content(t, dir))
	}
	l, err := ledger.Create(t.Context(), dir, ds, options())
	require.NoError(t, err)
	require.NoError(t, l.Close())
	o := options()
	o.Unseen = ds
	_, err = ledger.Open(t.Context(), dir, ds, o)
	require.ErrorContains(t, err, "were trained on")
}

// TestKeyWiped: who wipes the key after use wipes his own.
func TestKeyWiped(t *testing.T) {
	o := options()
	o.Key = slices.Clone(key)
	dir, ds, l := made(t, o)
	clear(o.Key)
	_, err := l.Request("person-00007")
	require.NoError(t, err)
	_, err = l.Forget(t.Context(), unlearning.Mini{})
	require.NoError(t, err)
	require.NoError(t, l.Close())
	l, err = ledger.Open(t.Context(), dir, without(ds, "person-00007"), options())
	require.NoError(t, err)
	require.NoError(t, l.Close())
}

// TestKeyFileOnce: of many processes that begin at once all get one key, or are told.
func TestKeyFileOnce(t *testing.T) {
	path := filepath.Join(t.TempDir(), "new", "key")
	keys, errs := make([]ledger.Key, 16), make([]error, 16)
	var wg sync.WaitGroup
	for i := range keys {
		wg.Go(func() { keys[i], errs[i] = ledger.KeyFile(path) })
	}
	wg.Wait()
	want, err := ledger.KeyFile(path)
	require.NoError(t, err)
	for i := range keys {
		if errs[i] != nil {
			require.ErrorContains(t, errs[i], "is empty: another process is making it")
		} else {
			require.Equal(t, want, keys[i])
		}
	}
	require.NoError(t, os.Remove(path))
	require.NoError(t, os.Symlink("nowhere", path))
	_, err = ledger.KeyFile(path)
	require.ErrorIs(t, err, os.ErrNotExist)
}

// TestMovedWhileOpen: what is noted is noted where the ledger is, and two writers
// exclude each other whatever is done to the file of the lock.
func TestMovedWhileOpen(t *testing.T) {
	dir, ds, l := made(t, options())
	_, err := l.Request("person-00007")
	require.NoError(t, err)
	elsewhere := dir + "-moved"
	require.NoError(t, os.Rename(dir, elsewhere))
	before := content(t, elsewhere)
	_, err = l.Request("person-00008")
	require.ErrorIs(t, err, folderlock.ErrLost)
	_, err = l.Forget(t.Context(), unlearning.Mini{})
	require.ErrorIs(t, err, folderlock.ErrLost)
	require.ErrorIs(t, l.Note("found"), folderlock.ErrLost)
	require.NoDirExists(t, dir)
	require.Equal(t, before, content(t, elsewhere))
	require.NoError(t, l.Close())
	l, err = ledger.Open(t.Context(), elsewhere, ds, options())
	require.NoError(t, err)
	require.Len(t, l.Waiting(), 1)

	require.NoError(t, os.Remove(filepath.Join(elsewhere, folderlock.Name)))
	second, err := ledger.Open(t.Context(), elsewhere, ds, options())
	require.NoError(t, err)
	_, err = l.Forget(t.Context(), unlearning.Mini{})
	require.ErrorIs(t, err, folderlock.ErrLost, "there is another writer")
	_, err = second.Forget(t.Context(), unlearning.Mini{})
	require.NoError(t, err)
	_, err = ledger.Verify(elsewhere)
	require.NoError(t, err)
}

// TestOldQueue: a queue that is older than the journal would have the next request
// taken for one that has been served; a ledger without journal loses no requests.
func TestOldQueue(t *testing.T) {
	dir, ds, l := made(t, options())
	queue, journal := filepath.Join(dir, "queue.json"), filepath.Join(dir, "journal.jsonl")
	old, err := os.ReadFile(queue)
	require.NoError(t, err)
	_, err = l.Request("person-00007")
	require.NoError(t, err)
	require.NoError(t, l.Close())

	whole, err := os.ReadFile(journal)
	require.NoError(t, err)
	require.NoError(t, os.Remove(journal))
	_, err = ledger.Create(t.Context(), dir, ds, options())
	require.ErrorIs(t, err, ledger.ErrDamaged)
	require.ErrorContains(t, err, "requests were noted in it")
	require.NoError(t, os.WriteFile(journal, whole, 0o600))

	l, err = ledger.Open(t.Context(), dir, ds, options())
	require.NoError(t, err)
	_, err = l.Forget(t.Context(), unlearning.Mini{})
	require.NoError(t, err)
	require.NoError(t, l.Close())
	require.NoError(t, os.WriteFile(queue, old, 0o600))
	_, err = ledger.Open(t.Context(), dir, without(ds, "person-00007"), options())
	require.ErrorIs(t, err, ledger.ErrDamaged)
	require.ErrorContains(t, err, "older than entry 1 of the journal, which has served r-000001")
	_, err = ledger.Verify(dir)
	require.ErrorIs(t, err, ledger.ErrDamaged)
}

// TestPendingIsVerified: a change that counts and was damaged is found.
func TestPendingIsVerified(t *testing.T) {
	dir, ds, l := made(t, options())
	require.NoError(t, l.Close())
	for _, text := range []string{"", "{}\n", "noise"} {
		require.NoError(t, os.WriteFile(filepath.Join(dir, "pending"), []byte(text), 0o600))
		_, err := ledger.Verify(dir)
		require.ErrorIs(t, err, ledger.ErrDamaged)
		_, err = ledger.Open(t.Context(), dir, ds, options())
		require.ErrorIs(t, err, ledger.ErrDamaged)
	}
}

// TestLinks: what a symbolic link leads to would outlive a request.
func TestLinks(t *testing.T) {
	dir, ds, l := made(t, options())
	require.NoError(t, l.Close())
	name, big := filepath.Join(dir, "logit-gradients.safetensors"), filepath.Join(t.TempDir(), "big")
	require.NoError(t, os.Rename(name, big))
	require.NoError(t, os.Symlink(big, name))
	_, err := ledger.Open(t.Context(), dir, ds, options())
	require.ErrorContains(t, err, name+" is a symbolic link")
	require.NoError(t, os.Remove(name))
	require.NoError(t, os.Rename(big, name))
	link := filepath.Join(t.TempDir(), "link")
	require.NoError(t, os.Symlink(dir, link))
	l, err = ledger.Open(t.Context(), link, ds, options())
	require.NoError(t, err, "the folder itself may be reached by one")
	require.NoError(t, l.Close())
}

// TestClockThatJumps: a request that came while the clock was wrong is due some day.
func TestClockThatJumps(t *testing.T) {
	o := options()
	now := time.Date(2099, 1, 1, 0, 0, 0, 0, time.UTC)
	o.Now, o.DueAfter = func() time.Time { return now }, 72*time.Hour
	_, _, l := made(t, o)
	_, err := l.Request("person-00007")
	require.NoError(t, err)
	now = now.Add(-time.Minute)
	require.False(t, l.Due())
	now = time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	require.True(t, l.Due())
	require.NoError(t, l.Close())
}

// spoiler changes what it is given before it fails.
type spoiler struct{ unlearning.Retrain }

func (spoiler) Name() string { return "spoiler" }

func (spoiler) Unlearn(_ context.Context, p unlearning.Problem) (*unlearning.Result, error) {
	p.Run.Params.Set(0, 1000)
	p.Run.Initial.Set(0, 1000)
	return nil, errors.New("it fails")
}

// TestMethodsMisused: nothing that a method does to its problem reaches the model that
// is served; a pointer to a method is that method, and no method is an error.
func TestMethodsMisused(t *testing.T) {
	_, _, l := made(t, options())
	_, err := l.Request("person-00007", "person-00008")
	require.NoError(t, err)
	l.Waiting()[0].IDs[0] = "somebody else"
	before := l.Classifier().Params.Float32s()
	_, err = l.Forget(t.Context(), spoiler{})
	require.ErrorContains(t, err, "it fails")
	require.Equal(t, before, l.Classifier().Params.Float32s())
	for _, none := range []unlearning.Method{nil, (*unlearning.Mini)(nil)} {
		_, err = l.Forget(t.Context(), none)
		require.ErrorContains(t, err, "there is no method")
	}
	r, err := l.Forget(t.Context(), &unlearning.Mini{})
	require.NoError(t, err)
	require.Equal(t, "unlearning.Mini", r.Method.Type)
	r, err = l.Forget(t.Context(), &unlearning.Retrain{})
	require.NoError(t, err)
	require.Equal(t, ledger.KindRetrained, r.Kind)
}

// TestRunInLedger: what is wrong with the run in the folder is an error of the ledger,
// that callers may branch on, whoever finds it.
func TestRunInLedger(t *testing.T) {
	dir, ds, l := made(t, options())
	_, err := l.Request("person-00007")
	require.NoError(t, err)
	gradients := filepath.Join(dir, "logit-gradients.safetensors")
	require.NoError(t, os.Rename(gradients, gradients+"~"))
	_, err = l.Forget(t.Context(), unlearning.Mini{}) // it is read when it is used
	require.ErrorIs(t, err, ledger.ErrDamaged)
	require.ErrorContains(t, err, gradients)
	require.NoError(t, os.Rename(gradients+"~", gradients))
	require.NoError(t, l.Close())

	for _, name := range []string{"run.json", "manifest.jsonl", "final.safetensors", "momentum.safetensors"} {
		path := filepath.Join(dir, name)
		raw, err := os.ReadFile(path)
		require.NoError(t, err)
		for _, spoil := range []func() error{
			func() error { return os.Remove(path) },
			func() error { return os.WriteFile(path, raw[:len(raw)/2], 0o600) },
		} {
			require.NoError(t, spoil())
			_, err = ledger.Open(t.Context(), dir, ds, options())
			require.ErrorIs(t, err, ledger.ErrDamaged, name)
			_, err = ledger.Verify(dir)
			require.ErrorIs(t, err, ledger.ErrDamaged, name)
		}
		require.NoError(t, os.WriteFile(path, raw, 0o600))
	}

	path := filepath.Join(dir, "run.json")
	raw, err := os.ReadFile(path)
	require.NoError(t, err)
	body, _, _ := bytes.Cut(raw, []byte("\n}\n"))
	body = regexp.MustCompile(`"version": \d+`).ReplaceAll(append(body, "\n}"...), []byte(`"version": 99`))
	require.NoError(t, os.WriteFile(path, fmt.Appendf(nil, "%s\n%x\n", body, sha256.Sum256(body)), 0o600))
	_, err = ledger.Open(t.Context(), dir, ds, options())
	require.ErrorIs(t, err, ledger.ErrVersion)
	require.ErrorContains(t, err, "use the newer program that wrote it")
	_, err = ledger.Verify(dir)
	require.ErrorIs(t, err, ledger.ErrVersion)
	require.NotErrorIs(t, err, ledger.ErrDamaged)
}

// TestDataChangedInPlace: whoever standardises or shuffles the data set that a ledger
// holds is told so, and the ledger can still be opened with what they were.
func TestDataChangedInPlace(t *testing.T) {
	dir, ds, l := made(t, options())
	_, err := l.Request("person-00007")
	require.NoError(t, err)
	before := content(t, dir)
	for want, change := range map[string]func(){
		"1 examples are not what was trained on: person-00010": func() { ds.X[64*10]++ },
		"their order is another one": func() { // rows 20 and 21, ids and all
			for k := range 64 {
				ds.X[20*64+k], ds.X[21*64+k] = ds.X[21*64+k], ds.X[20*64+k]
			}
			ds.Y[20], ds.Y[21] = ds.Y[21], ds.Y[20]
			ds.Keys[20], ds.Keys[21] = ds.Keys[21], ds.Keys[20]
		},
	} {
		was := *ds
		was.X, was.Y, was.Keys = slices.Clone(ds.X), slices.Clone(ds.Y), slices.Clone(ds.Keys)
		change()
		for _, m := range []unlearning.Method{unlearning.Mini{}, unlearning.Retrain{}} {
			_, err = l.Forget(t.Context(), m)
			require.ErrorIs(t, err, ledger.ErrData)
			require.ErrorContains(t, err, want)
		}
		require.Equal(t, before, content(t, dir))
		copy(ds.X, was.X)
		copy(ds.Y, was.Y)
		copy(ds.Keys, was.Keys)
	}
	_, err = l.Forget(t.Context(), unlearning.Mini{})
	require.NoError(t, err)
	require.NoError(t, l.Close())
	_, err = ledger.Open(t.Context(), dir, without(ds, "person-00007"), options())
	require.NoError(t, err)
}
