// Package atomicfile writes files that are either whole under their final name
// or not there at all.
//
// [Write] is for results that anybody may read who may read the folder: a new
// file has the mode that the umask leaves. [WritePrivate] is for files that say
// who was in a training set: only their owner may read a new one. Both leave the
// mode of a file that they replace as it was.
package atomicfile

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"
)

// ErrNotDurable is wrapped by the only error that Write returns after it has
// replaced the file: the new content is whole under its name, every process sees
// it, but the file system did not confirm that it will be there after a power
// cut, when the old file may be back.
var ErrNotDurable = errors.New("the file was replaced, but may not survive a power cut")

// Write creates or replaces path with what write writes. On any error but
// ErrNotDurable, or a kill, the old file stays as it was. Missing folders are
// created.
//
// A new file's mode is 0666 less the umask, a replaced one keeps mode, owner and
// group; where the group may not be kept, it loses the group's rights.
//
// A symlink stays: the file that it leads to is replaced. A device or a pipe
// cannot be replaced; it is written to, and holds what came before an error.
func Write(path string, write func(io.Writer) error) error {
	return writeAs(path, options{perm: 0o666}, write)
}

// WritePrivate is Write, but a new file is its owner's alone: 0600 less the
// umask.
func WritePrivate(path string, write func(io.Writer) error) error {
	return writeAs(path, options{perm: 0o600}, write)
}

// WritePart is WritePrivate for one of several files of a folder: what is in the
// file survives a power cut, and its name does after a call of SyncFolder for all
// of them.
func WritePart(path string, write func(io.Writer) error) error {
	return writeAs(path, options{perm: 0o600, part: true}, write)
}

type options struct {
	perm fs.FileMode // of a new file
	part bool        // the caller syncs the folder
}

func writeAs(path string, o options, write func(io.Writer) error) error {
	target, stream, err := resolve(path)
	switch {
	case err != nil:
	case stream:
		err = writeTo(target, write)
	default:
		err = replace(target, o, write)
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
	f, err := create(target, 0o600)
	if err != nil {
		return err
	}
	f.Close()
	return os.Remove(f.Name())
}

// Sweep removes what writes that were killed have left in dir. Nobody else may
// be writing there.
func Sweep(dir string) error { return sweep(dir, func(fs.DirEntry) bool { return true }) }

// SweepShared is Sweep for a folder in which others may be writing: it removes what
// has not been written to for a day, which no write of a small file takes.
func SweepShared(dir string) error {
	before := time.Now().Add(-24 * time.Hour)
	return sweep(dir, func(e fs.DirEntry) bool {
		info, err := e.Info()
		return err == nil && info.ModTime().Before(before)
	})
}

func sweep(dir string, abandoned func(fs.DirEntry) bool) error {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return err
	}
	for _, e := range entries {
		if name := e.Name(); strings.HasPrefix(name, ".") && strings.HasSuffix(name, ".tmp") && e.Type().IsRegular() && abandoned(e) {
			if err := os.Remove(filepath.Join(dir, name)); err != nil && !errors.Is(err, fs.ErrNotExist) {
				return err
			}
		}
	}
	return nil
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

// create returns a new file beside path. The system takes the umask off perm.
func create(path string, perm fs.FileMode) (*os.File, error) {
	dir, base := filepath.Split(path)
	if err := MkdirAll(filepath.Dir(path), 0o777); err != nil {
		return nil, err
	}
	base = base[:min(len(base), 200)] // names have at most 255 bytes
	for tries := 0; ; tries++ {
		name := dir + "." + base + "." + strconv.FormatUint(rand.Uint64(), 36) + ".tmp"
		f, err := os.OpenFile(name, os.O_RDWR|os.O_CREATE|os.O_EXCL, perm)
		if errors.Is(err, fs.ErrExist) && tries < 1000 {
			continue
		}
		return f, err
	}
}

func replace(path string, o options, write func(io.Writer) error) (err error) {
	f, err := create(path, o.perm)
	if err != nil {
		return err
	}
	defer func() {
		if err != nil && !errors.Is(err, ErrNotDurable) {
			f.Close()
			os.Remove(f.Name())
		}
	}()
	switch old, err := os.Stat(path); {
	case err == nil:
		if err := keepMode(f, old); err != nil {
			return err
		}
	case !errors.Is(err, fs.ErrNotExist):
		return err
	}
	if err = write(f); err != nil {
		return err
	}
	if err = f.Sync(); err != nil {
		return err
	}
	if err = f.Close(); err != nil {
		return err
	}
	// Opened while an error still leaves the old file as it was.
	dir, err := openFolder(filepath.Dir(path))
	if err != nil {
		return err
	}
	defer dir.Close()
	if err = os.Rename(f.Name(), path); err != nil {
		return err
	}
	if o.part {
		return nil
	}
	if err = dir.Sync(); err != nil {
		return fmt.Errorf("%w: %w", ErrNotDurable, err)
	}
	return nil
}
