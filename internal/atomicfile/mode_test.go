//go:build unix

package atomicfile

import (
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"
)

func mode(t *testing.T, path string) fs.FileMode {
	t.Helper()
	info, err := os.Stat(path)
	require.NoError(t, err)
	return info.Mode().Perm()
}

// TestModes: new files follow the umask, private ones are their owner's, and a
// replaced file keeps its mode.
func TestModes(t *testing.T) {
	old := syscall.Umask(0o027)
	defer syscall.Umask(old)
	dir := filepath.Join(t.TempDir(), "new")
	hello := func(w io.Writer) error { _, err := io.WriteString(w, "hello"); return err }
	open, private := filepath.Join(dir, "open"), filepath.Join(dir, "private")
	require.NoError(t, Write(open, hello))
	require.NoError(t, WritePrivate(private, hello))
	require.Equal(t, fs.FileMode(0o640), mode(t, open))
	require.Equal(t, fs.FileMode(0o600), mode(t, private))
	require.Equal(t, fs.FileMode(0o750), mode(t, dir))
	for _, m := range []fs.FileMode{0o600, 0o664, 0o444} {
		require.NoError(t, os.Chmod(open, m))
		require.NoError(t, Write(open, hello))
		require.Equal(t, m, mode(t, open))
		require.NoError(t, WritePrivate(open, hello))
		require.Equal(t, m, mode(t, open), "what the owner has chosen")
	}
	require.NoError(t, MkdirAll(filepath.Join(dir, "a", "b"), 0o700))
	require.Equal(t, fs.FileMode(0o750), mode(t, filepath.Join(dir, "a")))
	require.Equal(t, fs.FileMode(0o700), mode(t, filepath.Join(dir, "a", "b")))
	require.ErrorIs(t, MkdirAll(filepath.Join(open, "c"), 0o700), syscall.ENOTDIR)
}

// TestOwner: the superuser's writing leaves a file to its owner.
func TestOwner(t *testing.T) {
	if os.Getuid() != 0 {
		t.Skip("needs the superuser's right to give files away")
	}
	path := filepath.Join(t.TempDir(), "file")
	require.NoError(t, os.WriteFile(path, nil, 0o640))
	require.NoError(t, os.Chown(path, 1234, 4321))
	require.NoError(t, Write(path, func(io.Writer) error { return nil }))
	info, err := os.Stat(path)
	require.NoError(t, err)
	st := info.Sys().(*syscall.Stat_t)
	require.EqualValues(t, []uint32{1234, 4321}, []uint32{st.Uid, st.Gid})
	require.Equal(t, fs.FileMode(0o640), info.Mode().Perm())
}

// TestUnreadableFolder: what would keep the rename from being made durable is
// found before it, and the old file stays.
func TestUnreadableFolder(t *testing.T) {
	if os.Getuid() == 0 {
		t.Skip("the superuser may read any folder")
	}
	dir := t.TempDir()
	path := filepath.Join(dir, "file")
	require.NoError(t, os.WriteFile(path, []byte("old"), 0o600))
	require.NoError(t, os.Chmod(dir, 0o300))
	err := Write(path, func(w io.Writer) error { _, err := io.WriteString(w, "new"); return err })
	require.NoError(t, os.Chmod(dir, 0o700))
	require.Error(t, err)
	require.NotErrorIs(t, err, ErrNotDurable)
	got, err := os.ReadFile(path)
	require.NoError(t, err)
	require.Equal(t, "old", string(got))
}

// TestNotDurable: an error after the file was replaced says so, and the new
// content is there.
func TestNotDurable(t *testing.T) {
	broken := errors.New("broken disk")
	syncDir = func(*os.File) error { return broken }
	defer func() { syncDir = (*os.File).Sync }()
	dir := t.TempDir()
	path := filepath.Join(dir, "file")
	err := Write(path, func(w io.Writer) error { _, err := io.WriteString(w, "new"); return err })
	require.ErrorIs(t, err, ErrNotDurable)
	require.ErrorIs(t, err, broken)
	got, err := os.ReadFile(path)
	require.NoError(t, err)
	require.Equal(t, "new", string(got))
	left, err := os.ReadDir(dir)
	require.NoError(t, err)
	require.Len(t, left, 1)
	// A file system that has no such thing is not an error.
	syncDir = func(*os.File) error { return &fs.PathError{Op: "sync", Err: syscall.EINVAL} }
	require.NoError(t, Write(path, func(io.Writer) error { return nil }))
}
