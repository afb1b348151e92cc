//go:build !unix

package atomicfile

import (
	"io/fs"
	"os"
)

const syncsFolders = false

func keepMode(f *os.File, old fs.FileInfo) error { return f.Chmod(old.Mode().Perm()) }
