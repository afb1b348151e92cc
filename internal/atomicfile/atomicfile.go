// Package atomicfile writes files that are either whole under their final name
// or not there at all.
package atomicfile

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
)

// Write creates or replaces path with what write writes. On any error, or a
// kill, the old file stays as it was. Missing folders are created.
//
// A symlink stays: the file that it leads to is replaced. A device or a pipe
// cannot be replaced; it is written to, and holds what came before an error.
func Write(path string, write func(io.Writer) error) error {
	target, stream, err := resolve(path)
	switch {
	case err != nil:
	case stream:
		err = writeTo(target, write)
	default:
		err = replace(target, write)
	}
	if err != nil {
		return fmt.Errorf("write %s: %w", path, err)
	}
	return nil
}

// Check reports what would keep Write from writing path, and leaves it as it
// is. Missing folders are created.
func Check(path string) error {
	target, stream, err := resolve(path)
	if err != nil {
		return err
	}
	if stream {
		if info, err := os.Stat(target); err == nil && info.Mode()&fs.ModeNamedPipe != 0 {
			return nil // opening a pipe would wait for its reader, or end it
		}
		return writeTo(target, func(io.Writer) error { return nil })
	}
	f, err := create(target)
	if err != nil {
		return err
	}
	f.Close()
	return os.Remove(f.Name())
}

// resolve returns the file to replace, path itself or where a symlink leads, or
// path as a stream: something that is there and is no regular file.
func resolve(path string) (target string, stream bool, err error) {
	info, err := os.Stat(path)
	switch {
	case err == nil && info.IsDir():
		return "", false, errors.New("it is a folder; name a file in it")
	case err == nil && !info.Mode().IsRegular():
		return path, true, nil // unresolved: the pipe behind /dev/stdout has no name
	}
	if _, err := os.Lstat(path); errors.Is(err, fs.ErrNotExist) {
		return path, false, nil // a new file
	}
	target, err = filepath.EvalSymlinks(path)
	return target, false, err
}

func writeTo(path string, write func(io.Writer) error) error {
	f, err := os.OpenFile(path, os.O_WRONLY, 0)
	if err != nil {
		return err
	}
	return errors.Join(write(f), f.Close())
}

// create returns a new file beside path.
func create(path string) (*os.File, error) {
	dir := filepath.Dir(path)
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return nil, err
	}
	return os.CreateTemp(dir, "."+filepath.Base(path)+".*.tmp")
}

func replace(path string, write func(io.Writer) error) (err error) {
	f, err := create(path)
	if err != nil {
		return err
	}
	defer func() {
		if err != nil {
			f.Close()
			os.Remove(f.Name())
		}
	}()
	if err = write(f); err != nil {
		return err
	}
	if err = f.Sync(); err != nil {
		return err
	}
	if err = f.Chmod(0o644); err != nil {
		return err
	}
	if err = f.Close(); err != nil {
		return err
	}
	if err = os.Rename(f.Name(), path); err != nil {
		return err
	}
	// The rename itself must survive a power cut.
	d, err := os.Open(filepath.Dir(path))
	if err != nil {
		return err
	}
	defer d.Close()
	return d.Sync()
}
