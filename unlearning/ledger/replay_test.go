package ledger_test

import (
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/miniunlearn/miniunlearn/nets"
	"github.com/miniunlearn/miniunlearn/unlearning"
	"github.com/miniunlearn/miniunlearn/unlearning/baselines"
	"github.com/miniunlearn/miniunlearn/unlearning/history"
	"github.com/miniunlearn/miniunlearn/unlearning/ledger"
)

// TestReplay: an auditor with the data, the requests and the key gets every bit of
// every model again, at any number of cores, and notices what is not so.
func TestReplay(t *testing.T) {
	dir, ds := trained(t, history.LogitGradients(), nets.MLP(64, 16, 10), smallConfig)
	l, err := ledger.Create(t.Context(), dir, ds, options())
	require.NoError(t, err)
	requests := map[string][]string{}
	ask := func(ids ...string) {
		id, err := l.Request(ids...)
		require.NoError(t, err)
		requests[id] = ids
	}
	ask("person-00007")
	ask("person-00100", "person-00305")
	_, err = l.Forget(t.Context(), unlearning.Mini{Cost: 0.1, Network: unlearning.Erase{Sample: 0.25}})
	require.NoError(t, err)
	require.NoError(t, l.Note("a look"))
	ask("person-00411")
	_, err = l.Forget(t.Context(), baselines.FineTune{})
	require.NoError(t, err)
	ask("person-00502")
	_, err = l.Forget(t.Context(), unlearning.Retrain{})
	require.NoError(t, err)
	ask("person-00900")
	_, err = l.Forget(t.Context(), unlearning.Mini{})
	require.NoError(t, err)
	entries := l.Journal()
	require.NoError(t, l.Close())

	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(0))
	for _, cores := range []int{1, 3} {
		runtime.GOMAXPROCS(cores)
		seen := 0
		done, err := ledger.Replay(t.Context(), entries, ds, ledger.Replaying{
			Key: key, Requests: requests, Dir: filepath.Join(t.TempDir(), "replay"), Progress: func(ledger.Replayed) { seen++ },
		})
		require.NoError(t, err)
		require.Len(t, done, 5)
		require.Equal(t, 5, seen)
		for _, d := range done {
			require.True(t, d.Same, "entry %d", d.Entry.Number)
		}
	}

	replay := func(change func(*ledger.Replaying, *[]ledger.Entry)) ([]ledger.Replayed, error) {
		o := ledger.Replaying{Key: key, Requests: map[string][]string{}, Dir: filepath.Join(t.TempDir(), "replay")}
		for id, ids := range requests {
			o.Requests[id] = ids
		}
		e := append([]ledger.Entry(nil), entries...)
		change(&o, &e)
		return ledger.Replay(t.Context(), e, ds, o)
	}
	_, err = replay(func(o *ledger.Replaying, _ *[]ledger.Entry) { o.Key = ledger.NewKey() })
	require.ErrorIs(t, err, ledger.ErrData)
	_, err = replay(func(o *ledger.Replaying, _ *[]ledger.Entry) { delete(o.Requests, "r-000003") })
	require.ErrorContains(t, err, "entry 3: the ids of request r-000003 are missing")
	_, err = replay(func(o *ledger.Replaying, _ *[]ledger.Entry) { o.Requests["r-000001"] = []string{"person-00008"} })
	require.ErrorContains(t, err, "entry 1: the ids that are given for request r-000001 are not those")
	_, err = replay(func(_ *ledger.Replaying, e *[]ledger.Entry) { *e = nil })
	require.ErrorContains(t, err, "no journal")
	_, err = replay(func(_ *ledger.Replaying, e *[]ledger.Entry) {
		m := *(*e)[1].Method
		m.Name = "theirs"
		(*e)[1].Method = &m
	})
	require.ErrorContains(t, err, "entry 1: the method theirs, unlearning.Mini, cannot be made from the journal")
	// Somebody who had used another method than the journal says.
	done, err := replay(func(o *ledger.Replaying, _ *[]ledger.Entry) {
		o.Methods = map[string]unlearning.Method{"mini": unlearning.Mini{Cost: 0.3}}
	})
	require.NoError(t, err)
	require.True(t, done[0].Same)
	require.False(t, done[1].Same)
	require.True(t, done[3].Same, "retraining depends on the data alone")
}

// TestNoise: a method with noise gives its guarantee to the certificate, which the
// journal keeps without the key; with the key, and only with it, it can be replayed. A
// second request begins where the first has ended.
func TestNoise(t *testing.T) {
	dir, ds := trained(t, history.LogitGradients(), nets.Logistic(64, 10), nets.Config{Epochs: 6, Batch: 64, LR: nets.ConstantRate(0.05), WeightDecay: 0.05, Seed: 1})
	l, err := ledger.Create(t.Context(), dir, ds, options())
	require.NoError(t, err)
	descent := baselines.NoisyDescent{Noise: baselines.Noise{Epsilon: 2, Key: []byte("known to nobody else")}, Cost: 1}
	requests := map[string][]string{}
	for _, person := range []string{"person-00007", "person-00411"} {
		id, err := l.Request(person)
		require.NoError(t, err)
		requests[id] = []string{person}
		r, err := l.Forget(t.Context(), descent)
		require.NoError(t, err)
		g := r.Certificate.Guarantee
		require.Equal(t, []float64{2, 1e-5}, []float64{g.Epsilon, g.Delta})
		require.Contains(t, r.String(), "ε = 2, δ = 1e-05, by Descent-to-Delete")
		require.Contains(t, r.Certificate.Replayable, "secret key")
		require.NotContains(t, r.Certificate.Open, "(ε, δ)")
		known := "follows the recorded order without the forgotten examples"
		require.Equal(t, len(requests) == 1, strings.Contains(strings.Join(g.Assumes, "; "), known), "of the second, where it begins is not known")
	}
	entries := l.Journal()
	require.NoError(t, l.Close())
	require.False(t, holds(t, dir, descent.Key))
	o := ledger.Replaying{Key: key, Requests: requests, Dir: filepath.Join(t.TempDir(), "replay")}
	_, err = ledger.Replay(t.Context(), entries, ds, o)
	require.ErrorContains(t, err, "entry 1: the method noisy-descent drew noise from a secret key")
	_, err = ledger.Replay(t.Context(), entries, ds, o)
	require.ErrorContains(t, err, "is not empty; name a new folder")
	o.Dir = filepath.Join(t.TempDir(), "replay")
	o.Methods = map[string]unlearning.Method{"noisy-descent": descent}
	done, err := ledger.Replay(t.Context(), entries, ds, o)
	require.NoError(t, err)
	require.Len(t, done, 3)
	for _, d := range done {
		require.True(t, d.Same, "entry %d", d.Entry.Number)
	}
}
