package main

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/miniunlearn/miniunlearn/data"
	"github.com/miniunlearn/miniunlearn/nets"
	"github.com/miniunlearn/miniunlearn/unlearning"
	"github.com/miniunlearn/miniunlearn/unlearning/history"
	"github.com/miniunlearn/miniunlearn/unlearning/ledger"
)

func TestReplay(t *testing.T) {
	tmp := t.TempDir()
	dir, ds := filepath.Join(tmp, "run"), data.Digits().Train
	_, _, err := history.Train(t.Context(), dir, history.LogitGradients(), nets.MLP(64, 16, 10), ds, nets.Config{Epochs: 2})
	require.NoError(t, err)
	keyFile := filepath.Join(tmp, "key")
	key, err := ledger.KeyFile(keyFile)
	require.NoError(t, err)
	l, err := ledger.Create(t.Context(), dir, ds, ledger.Options{Key: key})
	require.NoError(t, err)
	ids := map[string][]string{}
	for i := range 2 {
		id, err := l.Request(ds.Key(10 + i))
		require.NoError(t, err)
		ids[id] = []string{ds.Key(10 + i)}
		_, err = l.Forget(t.Context(), unlearning.Mini{})
		require.NoError(t, err)
	}
	require.NoError(t, l.Close())
	raw, err := json.Marshal(ids)
	require.NoError(t, err)
	requests := filepath.Join(tmp, "requests.json")
	require.NoError(t, os.WriteFile(requests, raw, 0o600))

	var out bytes.Buffer
	same, err := run(t.Context(), &out, []string{"-data", "digits", "-key", keyFile, "-requests", requests, dir})
	require.NoError(t, err)
	require.True(t, same)
	require.Equal(t, 3, strings.Count(out.String(), "the same bits"), out.String())
	for _, bad := range [][]string{
		{}, {dir}, {"-data", "digits", "-key", keyFile + "~", dir}, {"-data", "digits", "-key", keyFile, tmp},
		{"-data", "digits", "-key", keyFile, dir}, {"-data", "nothing", "-key", keyFile, dir}, {"-data", "digits", "-key", keyFile, "-requests", keyFile, dir},
	} {
		_, err := run(t.Context(), &out, bad)
		require.Error(t, err, bad)
	}
	require.NoFileExists(t, keyFile+"~")
}
