package atomicfile

import (
	"fmt"
	"os"
)

// Room reports what would keep size bytes from being written to path, and
// leaves it as it is: it writes as many beside it and removes them. Missing
// folders are created. A device or a pipe is checked as Check does.
func Room(path string, size int64) error {
	if err := Check(path); err != nil {
		return err
	}
	target, stream, err := resolve(path)
	if err != nil || stream {
		return err
	}
	f, err := create(target, 0o600)
	if err != nil {
		return err
	}
	defer os.Remove(f.Name())
	defer f.Close()
	block := make([]byte, 1<<16)
	for left := size; left > 0; left -= int64(len(block)) {
		if _, err := f.Write(block[:min(left, int64(len(block)))]); err != nil {
			return fmt.Errorf("no room for %d bytes: %w", size, err)
		}
	}
	if err := f.Sync(); err != nil { // some file systems find room only now
		return fmt.Errorf("no room for %d bytes: %w", size, err)
	}
	return nil
}
