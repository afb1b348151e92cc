package table

import (
	"fmt"
	"os"
	"unsafe"

	mmap "github.com/edsrzf/mmap-go"
)

// Temporary returns an open file in os.TempDir without a name, or with one that
// is removed when the system allows it: what is in it is gone with the process.
func Temporary() (*os.File, error) {
	f, err := os.CreateTemp("", "miniunlearn-*")
	if err != nil {
		return nil, fmt.Errorf("data: a table larger than memory needs a temporary file; name a folder with TMPDIR: %w", err)
	}
	os.Remove(f.Name()) // fails on Windows, which does not remove open files
	return f, nil
}

// Floats returns n zeros: in memory, or where they take more than limit bytes in
// a temporary file that is mapped. The file's pages are the system's cache, which
// it drops when memory is short, and no part of the process's own memory. The
// mapping lasts as long as the process.
func Floats(n int, limit int64) ([]float32, error) {
	size := int64(n) * 4
	if size <= limit {
		return make([]float32, n), nil
	}
	f, err := Temporary()
	if err != nil {
		return nil, err
	}
	defer f.Close() // the mapping keeps it
	if err := f.Truncate(size); err != nil {
		return nil, fmt.Errorf("data: temporary file of %d MiB: %w; name another folder with TMPDIR", size>>20, err)
	}
	m, err := mmap.Map(f, mmap.RDWR, 0)
	if err != nil {
		return nil, fmt.Errorf("data: temporary file of %d MiB cannot be mapped: %w", size>>20, err)
	}
	return unsafe.Slice((*float32)(unsafe.Pointer(&m[0])), n), nil
}
