package audit

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"sync"

	"github.com/miniunlearn/miniunlearn/internal/atomicfile"
	"github.com/miniunlearn/miniunlearn/internal/folderlock"
)

// Errors about the folder.
var (
	// ErrDamaged: a file of the folder is not what was written.
	ErrDamaged = errors.New("the audit's folder is damaged")
	// ErrOther: the folder holds another audit.
	ErrOther = errors.New("the folder holds another audit")
	// ErrIncomplete: a model has not been trained yet.
	ErrIncomplete = errors.New("the audit is not complete")
)

const (
	setupFile = "audit.json"
	sumsFile  = "SHA256SUMS"
)

// private begins the names of files that say who was a member of what.
const private = "private-"

// folder keeps the answers, for its owner alone: with the states they say who was a
// member. Every file is complete when it appears under its name, and counts from
// when it is listed in SHA256SUMS, in the format of the tool of that name.
type folder struct {
	dir   string
	setup Setup // its Revision is that of the program that made the folder
	grow  bool  // the folder's audit has fewer methods than setup
	lock  *folderlock.Lock
	mu    sync.Mutex
	sums  map[string]string // by file name
}

// openFolder makes the folder, or checks that it holds this audit, if by another
// revision of the program. No one else writes there until it is closed.
func openFolder(p *plan) (*folder, error) {
	f := &folder{dir: p.Dir, setup: p.setup, sums: map[string]string{}}
	if err := f.refuse(); err != nil {
		return nil, err
	}
	var err error
	if f.lock, err = folderlock.Acquire(f.dir); err != nil && !(errors.Is(err, fs.ErrPermission) && f.has(setupFile)) {
		return nil, fmt.Errorf("audit: the folder of the answers cannot be written; choose another: %w", err)
	}
	if err := f.open(p); err != nil {
		return nil, errors.Join(err, f.close())
	}
	return f, nil
}

// close lets others write.
func (f *folder) close() error { return f.lock.Release() }

// readOnly says that nothing can be added: whoever may only read can analyse.
func (f *folder) readOnly() bool { return f.lock == nil }

func (f *folder) has(name string) bool {
	_, err := os.Stat(f.path(name))
	return err == nil
}

// refuse reports a folder that holds something else, before anything is written.
func (f *folder) refuse() error {
	entries, err := os.ReadDir(f.dir)
	if err == nil && !f.has(setupFile) && slices.ContainsFunc(entries, func(e fs.DirEntry) bool { return !strings.HasPrefix(e.Name(), ".") }) {
		return fmt.Errorf("audit: %s holds other files and no %s; choose an empty or a new folder", f.dir, setupFile)
	}
	return nil
}

func (f *folder) open(p *plan) error {
	old, err := os.ReadFile(f.path(setupFile))
	if errors.Is(err, fs.ErrNotExist) {
		return f.start()
	}
	if err != nil {
		return fmt.Errorf("audit: %w; choose another folder", err)
	}
	if err := f.readSums(); err != nil {
		return err
	}
	if len(f.sums) == 0 { // killed before there was anything to keep
		if err := f.start(); err != nil {
			return err
		}
		return f.sweep()
	}
	if sum := sha256.Sum256(old); hex.EncodeToString(sum[:]) != f.sums[setupFile] {
		return fmt.Errorf("%w: %s is not the file that %s lists; delete the folder to start again", ErrDamaged, f.path(setupFile), sumsFile)
	}
	var got Setup
	if err := json.Unmarshal(old, &got); err != nil {
		return fmt.Errorf("%w: %s: %w; delete the folder to start again", ErrDamaged, f.path(setupFile), err)
	}
	f.setup.Revision = got.Revision
	text, err := f.setup.text()
	if err != nil {
		return err
	}
	if f.grow = p.grows(got); !f.grow && !bytes.Equal(old, text) {
		f.setup = p.setup
		return f.difference(got)
	}
	return f.sweep()
}

// text is the content of audit.json.
func (s Setup) text() ([]byte, error) {
	text, err := json.MarshalIndent(s, "", "  ")
	if err != nil {
		return nil, fmt.Errorf("audit: %w", err)
	}
	return append(text, '\n'), nil
}

// mayAdd refuses a program of another revision than the folder's.
func (f *folder) mayAdd(revision string) error {
	if f.readOnly() {
		return fmt.Errorf("audit: %s is not complete and cannot be written: %w", f.dir, fs.ErrPermission)
	}
	if f.setup.Revision == revision {
		return nil
	}
	return fmt.Errorf("audit: %w: %s is not complete and was made by revision %q of the program, this is %q, and the methods may differ; go on with that revision, choose another folder, or delete this one",
		ErrOther, f.dir, f.setup.Revision, revision)
}

// start writes the setup into a folder that is new or empty.
func (f *folder) start() error {
	setup, err := f.setup.text()
	if err != nil {
		return err
	}
	if err := f.put(setupFile, setup); err != nil {
		return fmt.Errorf("audit: the folder of the answers cannot be written; choose another: %w", err)
	}
	return nil
}

// difference says in what the folder's audit is another one.
func (f *folder) difference(got Setup) error {
	g, w := reflect.ValueOf(got), reflect.ValueOf(f.setup)
	for i := range g.NumField() {
		if !reflect.DeepEqual(g.Field(i).Interface(), w.Field(i).Interface()) {
			return fmt.Errorf("audit: %w: in %s %q is %v, not %v; choose another folder, or delete this one",
				ErrOther, f.dir, g.Type().Field(i).Tag.Get("json"), g.Field(i), w.Field(i))
		}
	}
	return fmt.Errorf("%w: %s was edited; delete the folder to start again", ErrDamaged, f.path(setupFile))
}

// sweep removes what a kill left half-written.
func (f *folder) sweep() error {
	if f.readOnly() {
		return nil
	}
	if err := atomicfile.Sweep(f.dir); err != nil {
		return fmt.Errorf("audit: %w", err)
	}
	return nil
}

func (f *folder) path(name string) string { return filepath.Join(f.dir, name) }

func (f *folder) write(name string, content []byte) error {
	return atomicfile.WritePrivate(f.path(name), func(w io.Writer) error {
		_, err := w.Write(content)
		return err
	})
}

func (f *folder) readSums() error {
	text, err := os.ReadFile(f.path(sumsFile))
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("audit: %w", err)
	}
	for i, line := range strings.Split(strings.TrimSuffix(string(text), "\n"), "\n") {
		sum, name, ok := strings.Cut(line, "  ")
		if raw, err := hex.DecodeString(sum); !ok || err != nil || len(raw) != sha256.Size || name != filepath.Base(name) {
			return fmt.Errorf("%w: %s: line %d is not a checksum and a file name; delete the file to train all models again", ErrDamaged, f.path(sumsFile), i+1)
		}
		f.sums[name] = sum
	}
	return nil
}

// put writes a file and lists it; it may be called concurrently.
func (f *folder) put(name string, content []byte) error {
	if err := f.write(name, content); err != nil {
		return fmt.Errorf("audit: %w", err)
	}
	sum := sha256.Sum256(content)
	f.mu.Lock()
	defer f.mu.Unlock()
	f.sums[name] = hex.EncodeToString(sum[:])
	var text bytes.Buffer
	for _, n := range slices.Sorted(maps.Keys(f.sums)) {
		fmt.Fprintf(&text, "%s  %s\n", f.sums[n], n)
	}
	if err := f.write(sumsFile, text.Bytes()); err != nil {
		return fmt.Errorf("audit: %w", err)
	}
	return nil
}

// get reads a listed file. A file that is missing, or was never listed, wraps
// ErrIncomplete; one that changed ErrDamaged.
func (f *folder) get(name string) ([]byte, error) {
	f.mu.Lock()
	want, listed := f.sums[name]
	f.mu.Unlock()
	content, err := os.ReadFile(f.path(name))
	if !listed || errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("%w: %s is missing; run Train to make it", ErrIncomplete, f.path(name))
	}
	if err != nil {
		return nil, fmt.Errorf("audit: %w", err)
	}
	if sum := sha256.Sum256(content); hex.EncodeToString(sum[:]) != want {
		return nil, fmt.Errorf("%w: %s is not the file that %s lists; delete it to train that model again", ErrDamaged, f.path(name), sumsFile)
	}
	return content, nil
}
