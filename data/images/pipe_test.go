//go:build unix

package images

import (
	"path/filepath"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"
)

// TestPipe: a pipe in the place of an image is refused and not waited for.
func TestPipe(t *testing.T) {
	good := asPNG(t, picture(6, 5, 1))
	dir := folder(t, []entry{{"a/1.png", good}, {"b/1.png", good}})
	if err := syscall.Mkfifo(filepath.Join(dir, "b", "2.png"), 0o600); err != nil {
		t.Skip(err)
	}
	_, _, _, err := load(t, dir, Shape{})
	require.Error(t, err)
}
