package history

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"github.com/miniunlearn/miniunlearn/internal/atomicfile"
)

// Remove removes the files of a run from a folder, and returns when that survives a
// power cut. The description goes last, so that a removal that was interrupted can
// be seen and done again; other files, and the folder, stay. A folder without a run
// is left as it is.
//
// The files are unlinked, and not written over: what a disk or a backup keeps of
// them is beyond the reach of a program.
func Remove(dir string) error {
	entries, err := os.ReadDir(dir)
	if errors.Is(err, os.ErrNotExist) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("history: remove: %w", err)
	}
	var names []string
	for _, e := range entries {
		if ours(e.Name()) {
			names = append(names, e.Name())
		}
	}
	for _, name := range append(names, manifestName, headerName) {
		if err := os.Remove(filepath.Join(dir, name)); err != nil && !errors.Is(err, os.ErrNotExist) {
			return fmt.Errorf("history: remove: %w", err)
		}
	}
	if err := atomicfile.SyncFolder(dir); err != nil {
		return fmt.Errorf("history: remove: %w", err)
	}
	return nil
}
