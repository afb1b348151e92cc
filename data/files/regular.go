package files

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
)

// ErrNotRegular is wrapped by errors about pipes, devices and sockets: a pipe
// waits for whoever writes to it, a device may never end, and none can be read
// a second time.
var ErrNotRegular = errors.New("not a regular file")

// Regular opens a file for reading. It refuses folders, pipes, devices and
// sockets before it would wait for them.
func Regular(path string) (*os.File, error) {
	info, err := os.Stat(path)
	if err == nil {
		err = checkRegular(path, info.Mode())
	}
	var f *os.File
	if err == nil {
		f, err = os.Open(path)
	}
	if err != nil {
		return nil, fmt.Errorf("data: %w", err)
	}
	return f, nil
}

func checkRegular(path string, m fs.FileMode) error {
	kind := "special file"
	switch {
	case m.IsRegular():
		return nil
	case m.IsDir():
		return &fs.PathError{Op: "open", Path: path, Err: errors.New("it is a folder; name a file in it")}
	case m&fs.ModeNamedPipe != 0:
		kind = "pipe"
	case m&fs.ModeSocket != 0:
		kind = "socket"
	case m&fs.ModeDevice != 0:
		kind = "device"
	}
	return &fs.PathError{Op: "open", Path: path, Err: fmt.Errorf("%w but a %s; copy what it gives into a file", ErrNotRegular, kind)}
}
