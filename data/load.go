package data

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/miniunlearn/miniunlearn/internal/nearest"
)

// EnvData names the environment variable that holds the folder with one
// sub-folder for each data set.
const EnvData = "MINIUNLEARN_DATA"

// sources says, for every name that Load knows, how to open it from its folder,
// with options, and where a newcomer gets it.
var sources = []struct {
	name string
	open func(ctx context.Context, dir string, s Spec) (*Splits, error)
	get  string
}{
	{"digits", func(context.Context, string, Spec) (*Splits, error) { return Digits(), nil }, ""},
	{"mnist", func(_ context.Context, dir string, _ Spec) (*Splits, error) { return LoadIDX(os.DirFS(dir), "mnist") },
		"its four IDX files, train-images-idx3-ubyte and so on, plain or .gz"},
	{"fashion-mnist", func(_ context.Context, dir string, _ Spec) (*Splits, error) {
		return LoadIDX(os.DirFS(dir), "fashion-mnist")
	},
		"its four IDX files; Debian's package dataset-fashion-mnist puts them into /usr/share/datasets/fashion-mnist"},
	{"cifar10", func(_ context.Context, dir string, _ Spec) (*Splits, error) { return LoadCIFAR10(os.DirFS(dir)) },
		"the file cifar-10-binary.tar.gz, or " + cifarFile + ", JPEG images in train/<class>/ and test/<class>/"},
	{"cifar100", func(_ context.Context, dir string, _ Spec) (*Splits, error) { return LoadCIFAR100(os.DirFS(dir)) },
		"the file cifar-100-binary.tar.gz"},
	{"covtype", openCovtype, "the file covtype.data.gz"},
	{"higgs", openHIGGS, "the file HIGGS.csv.gz"},
	{"adult", openAdult, "the files adult.data and adult.test"},
}

func init() {
	for _, src := range sources {
		Register(src.name, func(ctx context.Context, s Spec) (*Splits, error) { return load(ctx, s) })
	}
}

// Names returns the names that [Load] knows.
func Names() []string {
	var names []string
	for _, s := range sources {
		names = append(names, s.name)
	}
	return names
}

// Load returns a data set by name, one of [Names]: "digits", which is embedded and
// needs no dir, or another from dir, the folder with that set's own files; ""
// stands for $MINIUNLEARN_DATA/<name>, or where that is not, <name> in the folder
// that [Cache] returns. [Open] also takes options.
//
// A folder that is not there is an error that matches [ErrNoData] and says
// where it was looked for and what belongs there. Damaged files give the errors
// of the readers.
func Load(name, dir string) (*Splits, error) {
	return load(context.Background(), Spec{Kind: strings.ToLower(name), Path: dir, used: map[string]bool{}})
}

// Cache returns the folder below the user's cache where data/fetch puts data sets.
func Cache() (string, error) {
	dir, err := os.UserCacheDir()
	if err != nil {
		return "", fmt.Errorf("data: %w; name a folder instead", err)
	}
	return filepath.Join(dir, "miniunlearn"), nil
}

// load opens a known set.
func load(ctx context.Context, s Spec) (*Splits, error) {
	for _, src := range sources {
		if src.name != s.Kind {
			continue
		}
		dir := ""
		if src.get != "" {
			var err error
			if dir, err = folder(src.name, s.Path, src.get); err != nil {
				return nil, err
			}
		}
		splits, err := src.open(ctx, dir, s)
		if err == nil {
			err = s.Done()
		}
		switch {
		case err != nil && dir == "":
			return nil, err
		case err != nil:
			return nil, fmt.Errorf("data: %s from %s: %w", src.name, dir, err)
		}
		return splits, nil
	}
	names := Names()
	slices.Sort(names)
	return nil, fmt.Errorf("data: no data set %q%s; there are %s", s.Kind, nearest.Hint(s.Kind, names), strings.Join(names, ", "))
}

// folder returns the folder of a data set.
func folder(name, dir, get string) (string, error) {
	if dir == "" {
		root := os.Getenv(EnvData)
		cache, err := Cache()
		if err == nil {
			cache = filepath.Join(cache, name)
		}
		if root != "" {
			dir = filepath.Join(root, name)
		}
		if _, err := os.Stat(dir); dir == "" || err != nil {
			if info, err := os.Stat(cache); cache != "" && err == nil && info.IsDir() {
				return cache, nil
			}
		}
		if dir == "" {
			return "", fmt.Errorf("data: %s: %w: no folder is given, %s is not set and %s is not there; give the folder with %s, or set %s to the folder above it, or fetch it: go run ./data/fetch %s",
				name, ErrNoData, EnvData, cache, get, EnvData, name)
		}
	}
	info, err := os.Stat(dir)
	if err != nil {
		return "", fmt.Errorf("data: %s: %w: no folder %s; it should hold %s; go run ./data/fetch %s fetches it: %w", name, ErrNoData, dir, get, name, err)
	}
	if !info.IsDir() {
		return "", fmt.Errorf("data: %s: %w: %s is not a folder; it should hold %s", name, ErrNoData, dir, get)
	}
	return dir, nil
}
