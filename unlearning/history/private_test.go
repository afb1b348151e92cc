//go:build unix

package history_test

import (
	"io/fs"
	"os"
	"path/filepath"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/miniunlearn/miniunlearn/unlearning/history"
)

// TestPrivate: a record says who was in the training set; nobody but its owner may
// read it, whatever the umask.
func TestPrivate(t *testing.T) {
	defer syscall.Umask(syscall.Umask(0))
	dir := filepath.Join(t.TempDir(), "record")
	train(t, history.Create(history.Spaced(1).And(history.LogitGradients()), dir))
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		require.NoError(t, err)
		info, err := os.Stat(path)
		require.NoError(t, err)
		require.Zero(t, info.Mode()&0o077, "%s is %s", path, info.Mode())
		return nil
	})
	require.NoError(t, err)
}
