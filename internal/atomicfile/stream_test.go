//go:build unix

package atomicfile

import (
	"fmt"
	"io"
	"io/fs"
	"net"
	"os"
	"path/filepath"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"
)

// TestStreams: a pipe is written to and stays one, as a device would; what
// cannot be opened is found by Check.
func TestStreams(t *testing.T) {
	dir := t.TempDir()
	pipe := filepath.Join(dir, "pipe")
	require.NoError(t, syscall.Mkfifo(pipe, 0o600))
	require.NoError(t, Check(pipe), "without waiting for a reader")
	// Both ends, so that no side waits for the other and what is written stays.
	r, err := os.OpenFile(pipe, os.O_RDWR, 0)
	require.NoError(t, err)
	defer r.Close()
	require.NoError(t, Write(pipe, func(w io.Writer) error { _, err := io.WriteString(w, "hello"); return err }))
	info, err := os.Lstat(pipe)
	require.NoError(t, err)
	require.NotZero(t, info.Mode()&fs.ModeNamedPipe, "replaced by %s", info.Mode())
	got := make([]byte, 5)
	_, err = io.ReadFull(r, got)
	require.NoError(t, err)
	require.Equal(t, "hello", string(got))

	// As /dev/stdout: a link to a pipe without a name.
	in, out, err := os.Pipe()
	require.NoError(t, err)
	defer in.Close()
	defer out.Close()
	fd := fmt.Sprintf("/dev/fd/%d", out.Fd())
	require.NoError(t, Check(fd))
	require.NoError(t, Write(fd, func(w io.Writer) error { _, err := io.WriteString(w, "again"); return err }))
	_, err = io.ReadFull(in, got)
	require.NoError(t, err)
	require.Equal(t, "again", string(got))

	t.Chdir(dir) // the paths of sockets are short
	l, err := net.Listen("unix", "socket")
	require.NoError(t, err)
	defer l.Close()
	require.Error(t, Check("socket"))
}

// TestDevice writes to the null device, which a defect may not replace: it must
// not be the superuser's to replace.
func TestDevice(t *testing.T) {
	if os.Getuid() == 0 {
		t.Skip("as root a defect would replace " + os.DevNull)
	}
	require.NoError(t, Check(os.DevNull))
	require.NoError(t, Write(os.DevNull, func(w io.Writer) error { _, err := io.WriteString(w, "hello"); return err }))
}
