package atomicfile

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"
)

// MkdirAll creates dir and its missing parents, and returns when they would
// survive a power cut. The mode of dir, if it is new, is perm less the umask,
// that of new parents 0777 less the umask.
func MkdirAll(dir string, perm fs.FileMode) error {
	dir = filepath.Clean(dir)
	switch info, err := os.Stat(dir); {
	case err == nil && info.IsDir():
		return nil
	case err == nil:
		return &fs.PathError{Op: "mkdir", Path: dir, Err: syscall.ENOTDIR}
	case !errors.Is(err, fs.ErrNotExist):
		return err
	}
	parent := filepath.Dir(dir)
	if err := MkdirAll(parent, 0o777); err != nil {
		return err
	}
	if err := os.Mkdir(dir, perm); err != nil {
		// Another process may have been faster.
		if info, statErr := os.Stat(dir); statErr == nil && info.IsDir() {
			return nil
		}
		return err
	}
	return SyncFolder(parent)
}

// SyncFolder returns when the names in dir would survive a power cut.
func SyncFolder(dir string) error {
	f, err := openFolder(dir)
	if err != nil {
		return err
	}
	defer f.Close()
	if err := f.Sync(); err != nil {
		return fmt.Errorf("sync %s: %w", dir, err)
	}
	return nil
}

// syncDir is a variable for tests.
var syncDir = (*os.File).Sync

// folder is an open folder, nil where the system has none to sync.
type folder struct{ f *os.File }

func openFolder(dir string) (folder, error) {
	if !syncsFolders {
		return folder{}, nil
	}
	f, err := os.Open(dir)
	return folder{f}, err
}

// Sync makes the names in the folder durable. File systems that cannot, and say
// so, are left with what they do.
func (d folder) Sync() error {
	if d.f == nil {
		return nil
	}
	err := syncDir(d.f)
	if errors.Is(err, syscall.EINVAL) || errors.Is(err, errors.ErrUnsupported) {
		return nil
	}
	return err
}

func (d folder) Close() {
	if d.f != nil {
		d.f.Close()
	}
}
