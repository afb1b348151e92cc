package main

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/miniunlearn/miniunlearn/data"
	"github.com/miniunlearn/miniunlearn/nets"
	"github.com/miniunlearn/miniunlearn/unlearning/history"
)

func TestInspect(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "run")
	_, _, err := history.Train(t.Context(), dir, history.Spaced(2).And(history.LogitGradients()), nets.Logistic(64, 10), data.Digits().Train, nets.Config{Epochs: 2})
	require.NoError(t, err)
	var out, errs bytes.Buffer
	require.Zero(t, run(&out, &errs, []string{dir}), errs.String())
	for _, want := range []string{"a run of logistic", "finished", "spaced:2+logit-gradients", "segment                     2", "every file is what was written"} {
		require.Contains(t, out.String(), want)
	}
	require.NoError(t, os.WriteFile(filepath.Join(dir, "notes.txt"), nil, 0o600))
	require.NoError(t, os.WriteFile(filepath.Join(dir, "momentum.safetensors"), nil, 0o600))
	out.Reset()
	require.Equal(t, 1, run(&out, &errs, []string{dir}))
	require.Contains(t, errs.String(), "momentum.safetensors: the record is damaged")
	require.Contains(t, out.String(), "not listed: notes.txt")
	require.Equal(t, 2, run(&out, &errs, nil))
	require.Equal(t, 1, run(&out, &errs, []string{t.TempDir()}))
}
