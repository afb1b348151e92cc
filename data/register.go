package data

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"

	"github.com/miniunlearn/miniunlearn/internal/nearest"
)

// Opener opens the data that a specification of its kind names. It ends with
// Spec.Done, so that a mistyped option is an error.
type Opener func(ctx context.Context, s Spec) (*Splits, error)

var openers = struct {
	sync.Mutex
	of map[string]Opener
}{of: map[string]Opener{}}

// Register makes a kind of data known to [Open], and so to the flag -dataset of
// the commands that import the package which calls it: a data set of one's own
// by name, or a format. It panics on a kind that is known already, that is
// empty or that has a colon in it.
func Register(kind string, open Opener) {
	openers.Lock()
	defer openers.Unlock()
	if kind == "" || strings.ContainsAny(kind, ":?/\\") {
		panic(fmt.Sprintf("data: Register: %q cannot be a kind of data", kind))
	}
	if open == nil {
		panic(fmt.Sprintf("data: Register(%q): there is no Opener", kind))
	}
	if openers.of[kind] != nil {
		panic(fmt.Sprintf("data: kind %q is registered twice", kind))
	}
	openers.of[kind] = open
}

// Kinds returns what [Open] knows, sorted: names of data sets and formats.
func Kinds() []string {
	openers.Lock()
	defer openers.Unlock()
	var kinds []string
	for k := range openers.of {
		kinds = append(kinds, k)
	}
	slices.Sort(kinds)
	return kinds
}

func opener(kind string) Opener {
	openers.Lock()
	defer openers.Unlock()
	return openers.of[kind]
}

func isKind(kind string) bool { return opener(kind) != nil }

// elsewhere are kinds that packages of their own know.
var elsewhere = map[string]string{"parquet": "github.com/miniunlearn/miniunlearn/data/parquet"}

// endings are the kinds of files, by what their names end with.
var endings = []struct{ ending, kind string }{
	{".csv", "csv"}, {".tsv", "tsv"}, {".tab", "tsv"}, {".svm", "libsvm"}, {".libsvm", "libsvm"}, {".svmlight", "libsvm"},
	{".npz", "npz"}, {".npy", "npy"}, {".safetensors", "safetensors"}, {".parquet", "parquet"},
	{".zip", "images"}, {".tar", "images"}, {".tgz", "images"},
}

// kindOfPath returns the kind that the name of a file says, "" if none.
func kindOfPath(path string) string {
	base := strings.ToLower(filepath.Base(path))
	for _, packed := range []string{".gz", ".zst"} {
		base = strings.TrimSuffix(base, packed)
	}
	for _, e := range endings {
		if strings.HasSuffix(base, e.ending) {
			return e.kind
		}
	}
	if info, err := os.Stat(path); err == nil && info.IsDir() {
		return "images"
	}
	return ""
}

func unknownKind(text, kind string) error {
	if pkg := elsewhere[kind]; pkg != "" {
		return fmt.Errorf("data: %q: this program was built without %s; import _ %q", text, kind, pkg)
	}
	if near := nearest.Name(kind, Kinds()); near != "" {
		return fmt.Errorf("data: no data set or format %q; did you mean %q?", kind, near)
	}
	return fmt.Errorf("data: no data set or format %q; there are %s; or name a file whose ending says its format", kind, strings.Join(Kinds(), ", "))
}
