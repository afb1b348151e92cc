package atomicfile

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
)

// TestRoom: what is there stays, and nothing is left behind. Package sweep's
// tests meet a file system that refuses.
func TestRoom(t *testing.T) {
	path := filepath.Join(t.TempDir(), "new", "f")
	require.NoError(t, Room(path, 1<<17+3))
	require.NoFileExists(t, path)
	require.NoError(t, os.WriteFile(path, []byte("old"), 0o600))
	require.NoError(t, Room(path, 0))
	left, err := os.ReadDir(filepath.Dir(path))
	require.NoError(t, err)
	require.Len(t, left, 1)
	old, err := os.ReadFile(path)
	require.NoError(t, err)
	require.Equal(t, "old", string(old))
	require.Error(t, Room(filepath.Dir(path), 1))
}
