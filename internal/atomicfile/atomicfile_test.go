package atomicfile

import (
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func TestWrite(t *testing.T) {
	path := filepath.Join(t.TempDir(), "new", "file")
	put := func(s string, err error) error {
		return Write(path, func(w io.Writer) error {
			_, e := io.WriteString(w, s)
			return errors.Join(e, err)
		})
	}
	require.NoError(t, put("one", nil))
	broken := errors.New("broken")
	require.ErrorIs(t, put("two", broken), broken)
	got, err := os.ReadFile(path)
	require.NoError(t, err)
	require.Equal(t, "one", string(got), "a failed write changed the file")
	left, err := os.ReadDir(filepath.Dir(path))
	require.NoError(t, err)
	require.Len(t, left, 1, "a failed write left something")
	require.NoError(t, put("three", nil))
	got, _ = os.ReadFile(path)
	require.Equal(t, "three", string(got))
}

// TestSymlink: the link stays, the file behind it is replaced.
func TestSymlink(t *testing.T) {
	dir := t.TempDir()
	target, link, gone := filepath.Join(dir, "there", "file"), filepath.Join(dir, "link"), filepath.Join(dir, "gone")
	hello := func(w io.Writer) error { _, err := io.WriteString(w, "hello"); return err }
	require.NoError(t, Write(target, hello))
	require.NoError(t, os.WriteFile(target, []byte("old"), 0o644))
	require.NoError(t, os.Symlink("there/file", link))
	require.NoError(t, Check(link))
	require.NoError(t, Write(link, hello))
	got, err := os.ReadFile(target)
	require.NoError(t, err)
	require.Equal(t, "hello", string(got))
	to, err := os.Readlink(link)
	require.NoError(t, err)
	require.Equal(t, "there/file", to)

	require.NoError(t, os.Symlink("nowhere", gone))
	require.ErrorIs(t, Check(gone), os.ErrNotExist)
	require.ErrorIs(t, Write(gone, hello), os.ErrNotExist)
	left, err := os.ReadDir(dir)
	require.NoError(t, err)
	require.Len(t, left, 3)
}

func TestCheck(t *testing.T) {
	dir := t.TempDir()
	file := filepath.Join(dir, "file")
	require.NoError(t, os.WriteFile(file, []byte("old"), 0o644))
	require.NoError(t, Check(file))
	require.NoError(t, Check(filepath.Join(dir, "new", "file")))
	require.ErrorContains(t, Check(dir), "is a folder")
	require.Error(t, Check(filepath.Join(file, "below")))
	got, err := os.ReadFile(file)
	require.NoError(t, err)
	require.Equal(t, "old", string(got))
	left, err := os.ReadDir(filepath.Join(dir, "new"))
	require.NoError(t, err)
	require.Empty(t, left)
}

// TestSweep removes what a kill leaves, and nothing else.
func TestSweep(t *testing.T) {
	dir := t.TempDir()
	for _, name := range []string{".file.abc.tmp", "file", ".lock", "other.tmp"} {
		require.NoError(t, os.WriteFile(filepath.Join(dir, name), nil, 0o600))
	}
	require.NoError(t, Sweep(dir))
	left, err := os.ReadDir(dir)
	require.NoError(t, err)
	require.Len(t, left, 3)
	require.Error(t, Sweep(filepath.Join(dir, "missing")))

	old := time.Now().Add(-25 * time.Hour)
	for _, name := range []string{".new.abc.tmp", ".old.abc.tmp"} {
		require.NoError(t, os.WriteFile(filepath.Join(dir, name), nil, 0o600))
	}
	require.NoError(t, os.Chtimes(filepath.Join(dir, ".old.abc.tmp"), old, old))
	require.NoError(t, os.Chtimes(filepath.Join(dir, "file"), old, old))
	require.NoError(t, SweepShared(dir))
	require.NoFileExists(t, filepath.Join(dir, ".old.abc.tmp"))
	require.FileExists(t, filepath.Join(dir, ".new.abc.tmp"), "somebody may be writing it")
	require.FileExists(t, filepath.Join(dir, "file"))
}

// TestLongName: the name of the file that is written first is not too long.
func TestLongName(t *testing.T) {
	path := filepath.Join(t.TempDir(), strings.Repeat("x", 250))
	require.NoError(t, Write(path, func(io.Writer) error { return nil }))
	require.FileExists(t, path)
}
