package main

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestGenerate(t *testing.T) {
	var out, log bytes.Buffer
	require.NoError(t, run([]string{"-n", "5", "covtype-like"}, &out, &log))
	require.Equal(t, 5, bytes.Count(out.Bytes(), []byte("\n")))
	path := filepath.Join(t.TempDir(), "a.csv")
	require.NoError(t, run([]string{"-n", "5", "-out", path, "covtype-like"}, nil, &log))
	got, err := os.ReadFile(path)
	require.NoError(t, err)
	require.Equal(t, out.String(), string(got))
	require.ErrorContains(t, run([]string{"mnist-like"}, &out, &log), "covtype-like and higgs-like")
	require.ErrorContains(t, run(nil, &out, &log), "generate -n ROWS KIND")
	require.ErrorContains(t, run([]string{"-n", "0", "higgs-like"}, &out, &log), "at least 1")
}
