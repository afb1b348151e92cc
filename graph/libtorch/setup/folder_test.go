package main

import (
	"io"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
)

// An installation is itself a folder to install from, laid out like Python's.
func TestFromTree(t *testing.T) {
	v, x := fakeTorch(t, version, oldABI)
	first := t.TempDir()
	_, err := run(t, config{dir: first, fetch: x.fetch}, v)
	require.NoError(t, err)

	for _, from := range []string{first, filepath.Join(first, "torch")} {
		c := config{dir: t.TempDir(), from: from}
		_, err := run(t, c, v)
		require.NoError(t, err)
		require.FileExists(t, filepath.Join(c.dir, "nvidia/cuda_runtime/lib/libcudart.so.12"))
	}
}

func TestFromWheels(t *testing.T) {
	v, x := fakeTorch(t, version, oldABI)
	from := t.TempDir()
	for name, data := range x.files {
		require.NoError(t, os.WriteFile(filepath.Join(from, name), data, 0o644))
	}
	root := openRoot(t)
	_, err := unpackFolder(t.Context(), from, root, v, io.Discard)
	require.NoError(t, err)

	require.NoError(t, os.WriteFile(filepath.Join(from, "cudart.whl"), []byte("another"), 0o644))
	_, err = unpackFolder(t.Context(), from, root, v, io.Discard)
	var sum *checksumError
	require.ErrorAs(t, err, &sum)
	require.ErrorContains(t, err, "pip download --no-deps cudart==1")
}

func openRoot(t *testing.T) *os.Root {
	t.Helper()
	root, err := os.OpenRoot(t.TempDir())
	require.NoError(t, err)
	t.Cleanup(func() { root.Close() })
	return root
}
