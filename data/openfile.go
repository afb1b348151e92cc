package data

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
)

// errNotRegular: a pipe waits for whoever writes to it, a device may never end,
// and neither can be read a second time.
var errNotRegular = errors.New("not a regular file")

// openRegular opens a file for reading, and refuses folders, pipes, devices and
// sockets before it would wait for them.
func openRegular(path string) (*os.File, error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, err
	}
	if info.Mode().IsDir() {
		return nil, &fs.PathError{Op: "open", Path: path, Err: errors.New("it is a folder; name a file in it")}
	}
	if !info.Mode().IsRegular() {
		return nil, &fs.PathError{Op: "open", Path: path, Err: fmt.Errorf("%w but a %s; copy what it gives into a file", errNotRegular, kindOf(info.Mode()))}
	}
	return os.Open(path)
}

func kindOf(m fs.FileMode) string {
	switch {
	case m&fs.ModeNamedPipe != 0:
		return "pipe"
	case m&fs.ModeSocket != 0:
		return "socket"
	case m&fs.ModeDevice != 0:
		return "device"
	}
	return "special file"
}
