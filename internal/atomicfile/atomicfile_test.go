package atomicfile

import (
	"errors"
	"io"
	"os"
	"path/filepath"
	"testing"

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
