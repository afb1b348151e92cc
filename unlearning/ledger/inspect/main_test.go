package main

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/miniunlearn/miniunlearn/data"
	"github.com/miniunlearn/miniunlearn/nets"
	"github.com/miniunlearn/miniunlearn/unlearning"
	"github.com/miniunlearn/miniunlearn/unlearning/history"
	"github.com/miniunlearn/miniunlearn/unlearning/ledger"
)

func TestInspect(t *testing.T) {
	dir, ds := filepath.Join(t.TempDir(), "run"), data.Digits().Train
	_, _, err := history.Train(t.Context(), dir, history.LogitGradients(), nets.MLP(64, 16, 10), ds, nets.Config{Epochs: 2})
	require.NoError(t, err)
	l, err := ledger.Create(t.Context(), dir, ds, ledger.Options{Key: ledger.NewKey()})
	require.NoError(t, err)
	_, err = l.Request(ds.Key(3))
	require.NoError(t, err)
	_, err = l.Forget(t.Context(), unlearning.Mini{})
	require.NoError(t, err)
	_, err = l.Request(ds.Key(4))
	require.NoError(t, err)
	require.NoError(t, l.Note(map[string]float64{"auc": 0.5}))
	require.NoError(t, l.Close())
	var out, errs bytes.Buffer
	require.Zero(t, run(&out, &errs, []string{dir}), errs.String())
	for _, want := range []string{"forgotten", "1 requests, 1 examples, by mini", `{"auc":0.5}`, "1 requests wait", "1257, 1 of them deleted since", "the chain is whole"} {
		require.Contains(t, out.String(), want)
	}
	path := filepath.Join(dir, "journal.jsonl")
	raw, err := os.ReadFile(path)
	require.NoError(t, err)
	raw[100] ^= 2
	require.NoError(t, os.WriteFile(path, raw, 0o600))
	require.Equal(t, 1, run(&out, &errs, []string{dir}))
	require.Contains(t, errs.String(), "the chain breaks at entry 0")
	require.Equal(t, 2, run(&out, &errs, nil))
}
