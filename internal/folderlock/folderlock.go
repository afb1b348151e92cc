// Package folderlock lets one writer at a time into a folder.
//
// [Acquire] takes a lock of the operating system on a file in the folder: it
// keeps out other processes and other goroutines of the same one alike, and ends
// with its process, however that ends. The file stays; it is the lock on it that
// counts.
//
//	lock, err := folderlock.Acquire(dir)
//	if err != nil {
//		return err // wraps ErrHeld if somebody else writes there
//	}
//	defer lock.Release()
//
// Readers need no lock. [Holder] tells them whether somebody writes.
package folderlock

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/gofrs/flock"

	"github.com/miniunlearn/miniunlearn/internal/atomicfile"
)

// ErrHeld is wrapped by the error of Acquire where another writer has the folder.
var ErrHeld = errors.New("another process, or another part of this one, is writing there")

// ErrLost is wrapped by the error of Check where the lock is not the folder's.
var ErrLost = errors.New("the lock is lost")

// Name of the file that is locked. Whoever lists or counts the files of a folder
// leaves it out.
const Name = ".lock"

// Lock is the right to write into a folder.
type Lock struct {
	flock *flock.Flock
	dir   string
}

// Acquire takes the lock of dir without waiting. A folder that is missing is
// created, for its owner alone.
func Acquire(dir string) (*Lock, error) {
	if dir == "" {
		return nil, errors.New("lock: no folder is named; . is the present one")
	}
	if err := atomicfile.MkdirAll(dir, 0o700); err != nil {
		return nil, fmt.Errorf("lock %s: %w", dir, err)
	}
	path := filepath.Join(dir, Name)
	f := flock.New(path, flock.SetFlag(os.O_CREATE|os.O_RDWR), flock.SetPermissions(0o600))
	switch got, err := f.TryLock(); {
	case err != nil:
		// There is no fallback: a lock that is none would let two writers in.
		return nil, fmt.Errorf("lock %s: %w; the folder must be writable and its file system offer locks", dir, err)
	case !got:
		return nil, fmt.Errorf("lock %s: %w%s; wait for it, end it, or choose another folder", dir, ErrHeld, whose(path))
	}
	// For the messages of others. The lock counts, whether or not this succeeds.
	host, _ := os.Hostname()
	_ = os.WriteFile(path, fmt.Appendf(nil, "process %d on %s\n", os.Getpid(), host), 0o600)
	return &Lock{f, dir}, nil
}

// Check returns an error if the lock keeps nobody out any more: the folder has been
// moved or removed, or its file has. What is written there now might be lost, or
// meet another writer.
func (l *Lock) Check() error {
	held, err := l.flock.Stat()
	if err != nil {
		return fmt.Errorf("lock %s: %w", l.dir, err)
	}
	if there, err := os.Stat(l.flock.Path()); err != nil || !os.SameFile(held, there) {
		return fmt.Errorf("lock %s: %w: the folder, or %s in it, has been moved or removed; open it where it is now", l.dir, ErrLost, Name)
	}
	return nil
}

// Release gives the folder free. Further calls do nothing; neither does one on a
// nil Lock.
func (l *Lock) Release() error {
	if l == nil || !l.flock.Locked() {
		return nil
	}
	_ = os.Truncate(l.flock.Path(), 0)
	if err := l.flock.Unlock(); err != nil {
		return fmt.Errorf("unlock %s: %w", l.dir, err)
	}
	return nil
}

// Holder reports whether somebody holds the lock of dir, and who, as far as is
// known. It changes nothing and needs no right but to read.
func Holder(dir string) (who string, held bool, err error) {
	path := filepath.Join(dir, Name)
	if _, err := os.Stat(path); errors.Is(err, fs.ErrNotExist) {
		return "", false, nil // nobody has ever written here
	}
	f := flock.New(path, flock.SetFlag(os.O_RDONLY))
	got, err := f.TryRLock()
	if err != nil {
		return "", false, fmt.Errorf("lock %s: %w", dir, err)
	}
	if got {
		return "", false, f.Unlock()
	}
	return whose(path), true, nil
}

// whose returns what the holder wrote into the file, for the end of a message.
func whose(path string) string {
	raw, err := os.ReadFile(path)
	raw = bytes.TrimSpace(raw)
	if err != nil || len(raw) == 0 || len(raw) > 200 {
		return ""
	}
	return " (" + string(raw) + ")"
}
