//go:build unix

package atomicfile

import (
	"io/fs"
	"os"
	"syscall"
)

const syncsFolders = true

// keepMode gives the new file f mode, owner and group of the one that it will
// replace. Only the superuser may give files away; others keep the group where
// they belong to it, and else take the group's rights off, which were another
// group's.
func keepMode(f *os.File, old fs.FileInfo) error {
	mode := old.Mode().Perm()
	info, err := f.Stat()
	if err != nil {
		return err
	}
	was, ok := old.Sys().(*syscall.Stat_t)
	is, ok2 := info.Sys().(*syscall.Stat_t)
	if ok && ok2 && (was.Uid != is.Uid || was.Gid != is.Gid) {
		if f.Chown(int(was.Uid), int(was.Gid)) != nil && f.Chown(-1, int(was.Gid)) != nil && was.Gid != is.Gid {
			mode &^= 0o070
		}
	}
	return f.Chmod(mode)
}
