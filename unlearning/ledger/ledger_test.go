package ledger_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
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

var key = ledger.Key("sixteen bytes and more")

// people are the digits, each of a person; every hundredth person has two.
func people() *data.Dataset {
	ds := *data.Digits().Train
	ds.IDs, ds.Keys = nil, make([]string, ds.Len())
	for i := range ds.Keys {
		ds.Keys[i] = fmt.Sprintf("person-%05d", i)
		if i%100 == 1 {
			ds.Keys[i] = ds.Keys[i-1]
		}
	}
	return &ds
}

// without returns what is left when the owner has deleted the rows of some people.
func without(ds *data.Dataset, ids ...string) *data.Dataset {
	var left []int
	for i := range ds.Len() {
		keep := true
		for _, id := range ids {
			keep = keep && ds.Key(i) != id
		}
		if keep {
			left = append(left, i)
		}
	}
	return ds.Subset(left)
}

// clock ticks a minute at each look.
func clock() func() time.Time {
	t := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	return func() time.Time { t = t.Add(time.Minute); return t }
}

func options() ledger.Options {
	return ledger.Options{Key: key, Unseen: data.Digits().Validation, Now: clock()}
}

var smallConfig = nets.Config{Epochs: 6, Batch: 64, LR: nets.Cosine(0.05), Momentum: 0.9, WeightDecay: 5e-4, Seed: 1}

// trained is a folder with a trained network.
func trained(t testing.TB, p history.Policy, arch nets.Arch, cfg nets.Config) (dir string, ds *data.Dataset) {
	t.Helper()
	dir, ds = filepath.Join(t.TempDir(), "run"), people()
	_, _, err := history.Train(t.Context(), dir, p, arch, ds, cfg)
	require.NoError(t, err)
	return dir, ds
}

// TestLedger is the life of a ledger: requests, in several processes, with the rows
// deleted in between, until a limit asks for retraining.
func TestLedger(t *testing.T) {
	dir, ds := trained(t, history.LogitGradients(), nets.MLP(64, 16, 10), smallConfig)
	o := options()
	o.Limits.Requests = 4
	l, err := ledger.Create(t.Context(), dir, ds, o)
	require.NoError(t, err)
	original, err := l.Classifier().Accuracy(t.Context(), data.Digits().Test)
	require.NoError(t, err)
	_, err = l.Forget(t.Context(), unlearning.Mini{})
	require.ErrorIs(t, err, ledger.ErrEmpty)

	id, err := l.Request("person-00007")
	require.NoError(t, err)
	require.Equal(t, "r-000001", id)
	_, err = l.Request("person-00007", "person-00008")
	require.ErrorIs(t, err, ledger.ErrQueued)
	require.True(t, l.Due())
	require.NoError(t, l.Close())
	_, err = l.Request("person-00009")
	require.ErrorIs(t, err, ledger.ErrClosed)

	// Another process, after a restart: the request waits.
	l, err = ledger.Open(t.Context(), dir, ds, options())
	require.NoError(t, err)
	require.Len(t, l.Waiting(), 1)
	_, err = l.Request("person-00100", "person-00009") // three examples of two people
	require.NoError(t, err)
	r, err := l.Forget(t.Context(), unlearning.Mini{})
	require.NoError(t, err)
	require.Equal(t, 4, r.Examples)
	require.Equal(t, ds.Len()-4, r.Left)
	require.Equal(t, 2, r.Since.Requests)
	require.Equal(t, []string{"r-000001", "r-000002"}, []string{r.Requests[0].ID, r.Requests[1].ID})
	require.Equal(t, "distilled contraction", r.Route)
	require.InDelta(t, 0.2, r.Cost.OfRetraining, 0.01)
	require.NotNil(t, r.Certificate.Estimated.Excess)
	require.Nil(t, r.Certificate.Bounded)
	for _, want := range []string{"entry 1, forgotten", "requests     r-000001, r-000002: 4 examples", "mini, by distilled contraction", "There is no bound"} {
		require.Contains(t, r.String(), want)
	}
	require.Empty(t, l.Waiting())
	require.False(t, l.Due())
	_, err = l.Request("person-00007")
	require.ErrorIs(t, err, ledger.ErrServed)
	require.ErrorContains(t, err, "as r-000001")
	_, err = l.Request("person-00007", "person-00008")
	var unknown *data.IDError
	require.ErrorAs(t, err, &unknown, "one of them has been forgotten")
	require.NoError(t, l.Close())

	// The rows are still there: that is noticed.
	_, err = ledger.Open(t.Context(), dir, ds, options())
	require.ErrorIs(t, err, ledger.ErrData)
	require.ErrorContains(t, err, "4 examples were not trained on, or have been forgotten and are still there: person-00007, person-00009, person-00100, person-00100;")

	// Deleted, and what is left in another order.
	left := without(ds, "person-00007", "person-00100", "person-00009")
	turned := make([]int, left.Len())
	for i := range turned {
		turned[i] = left.Len() - 1 - i
	}
	l, err = ledger.Open(t.Context(), dir, left.Subset(turned), options())
	require.NoError(t, err)
	require.Equal(t, left.Keys, l.Data().Keys)
	acc, err := l.Classifier().Accuracy(t.Context(), data.Digits().Test)
	require.NoError(t, err)
	require.InDelta(t, original, acc, 3)
	for _, id := range []string{"person-00500", "person-00502"} {
		_, err = l.Request(id)
		require.NoError(t, err)
	}
	_, err = l.Forget(t.Context(), unlearning.Mini{Cost: 0.1})
	require.NoError(t, err)
	_, err = l.Request("person-00777")
	require.NoError(t, err)
	_, err = l.Forget(t.Context(), unlearning.Mini{})
	require.ErrorIs(t, err, ledger.ErrRetrain)
	require.ErrorContains(t, err, "5 requests since the last training, of 4")
	require.Len(t, l.Waiting(), 1)
	r, err = l.Forget(t.Context(), unlearning.Retrain{})
	require.NoError(t, err)
	require.Equal(t, ledger.Since{}, *r.Since)
	require.Equal(t, ledger.KindRetrained, r.Kind)
	require.NoError(t, l.Note(map[string]float64{"auc": 0.51}))

	// The model is that of training without all of them, to the last bit.
	run, rec := l.Run()
	gone, err := data.ForgetByID(ds, "person-00007", "person-00100", "person-00009", "person-00500", "person-00502", "person-00777")
	require.NoError(t, err)
	cfg := smallConfig
	cfg.Drop = gone
	want, err := nets.Train(t.Context(), nets.MLP(64, 16, 10), ds, cfg)
	require.NoError(t, err)
	require.Equal(t, want.Params.Float32s(), run.Params.Float32s())
	require.Equal(t, "logit-gradients", rec.Policy())
	require.NoError(t, l.Close())

	entries, err := ledger.ReadJournal(dir)
	require.NoError(t, err)
	var kinds []ledger.Kind
	for i, e := range entries {
		kinds = append(kinds, e.Kind)
		if i > 0 && e.Kind != ledger.KindAudited {
			require.Equal(t, entries[i-1].After, e.Before)
			require.Equal(t, entries[i-1].DataAfter, e.DataBefore)
		}
	}
	require.Equal(t, []ledger.Kind{"created", "forgotten", "forgotten", "retrained", "audited"}, kinds)
	s, err := ledger.Verify(dir)
	require.NoError(t, err)
	require.Empty(t, s.Other)
}

// TestErased: what has been forgotten is nowhere in the folder: not the ids, not the
// rows, not the logit gradients, not the parameters that it took part in. The key's
// digests of it are gone from the table, and those of the set tell nothing without
// the key.
func TestErased(t *testing.T) {
	dir, ds := trained(t, history.All().And(history.LogitGradients()), nets.Logistic(64, 10), nets.Config{Epochs: 3, Batch: 300, WeightDecay: 0.01, Seed: 1})
	l, err := ledger.Create(t.Context(), dir, ds, options())
	require.NoError(t, err)
	_, rec := l.Run()
	alpha, _, err := rec.LogitGradients()
	require.NoError(t, err)
	original := l.Classifier().Params
	ids := []string{"person-00100", "person-00222", "person-00333"}
	positions := []int{100, 101, 222, 333}
	secrets := map[string][]byte{}
	for _, id := range ids {
		secrets[id] = []byte(id)
	}
	for _, i := range positions {
		secrets[fmt.Sprintf("row %d", i)] = bytesOf(ds.Row(i))
		// Eight bytes of two numbers are no chance.
		secrets[fmt.Sprintf("logit gradients of %d", i)] = bytesOf(alpha.Float32s()[i*10 : i*10+2])
	}
	secrets["parameters"] = bytesOf(original.Float32s()[:4])
	found := func() []string {
		var in []string
		for name, secret := range secrets {
			if holds(t, dir, secret) {
				in = append(in, name)
			}
		}
		return in
	}
	before := found()
	require.Contains(t, before, "logit gradients of 100", "the test can see")
	require.Contains(t, before, "parameters")
	_, err = l.Request(ids...)
	require.NoError(t, err)
	require.Contains(t, found(), ids[0], "it waits")
	_, err = l.Forget(t.Context(), unlearning.Mini{})
	require.NoError(t, err)
	require.Empty(t, found())
	require.NoError(t, l.Close())
	_, err = ledger.Open(t.Context(), dir, without(ds, ids...), options())
	require.NoError(t, err)
	require.Empty(t, found())

	// Their marks are zero, and nobody else's.
	tables, err := filepath.Glob(filepath.Join(dir, "examples-*"))
	require.NoError(t, err)
	require.Len(t, tables, 1)
	raw, err := os.ReadFile(tables[0])
	require.NoError(t, err)
	marks := raw[len(raw)-24*ds.Len():]
	for i := range ds.Len() {
		zero := strings.Trim(string(marks[24*i:24*i+24]), "\x00") == ""
		require.Equal(t, i == 100 || i == 101 || i == 222 || i == 333, zero, i)
	}
}

// holds reports whether a file of the folder holds these bytes.
func holds(t *testing.T, dir string, secret []byte) bool {
	found := false
	require.NoError(t, filepath.WalkDir(dir, func(path string, d os.DirEntry, err error) error {
		require.NoError(t, err)
		if !d.IsDir() {
			raw, err := os.ReadFile(path)
			require.NoError(t, err)
			found = found || strings.Contains(string(raw), string(secret))
		}
		return nil
	}))
	return found
}

// TestOneLedger: two writers exclude each other, and a training too.
func TestOneLedger(t *testing.T) {
	dir, ds := trained(t, history.LogitGradients(), nets.Logistic(64, 10), nets.Config{})
	l, err := ledger.Create(t.Context(), dir, ds, options())
	require.NoError(t, err)
	_, err = ledger.Open(t.Context(), dir, ds, options())
	require.ErrorIs(t, err, folderlock.ErrHeld)
	require.NoError(t, l.Close())
	require.NoError(t, l.Close())
	_, err = ledger.Create(t.Context(), dir, ds, options())
	require.ErrorContains(t, err, "is a ledger already")
	l, err = ledger.Open(t.Context(), dir, ds, options())
	require.NoError(t, err)
	require.NoError(t, l.Close())
}
