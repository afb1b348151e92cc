package data

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// EnvData names the environment variable that holds the folder with one
// sub-folder for each data set.
const EnvData = "MINIUNLEARN_DATA"

// sources says, for every name that Load knows, how to load it from its folder
// and where a newcomer gets it.
var sources = []struct {
	name string
	load func(dir string) (*Splits, error)
	get  string
}{
	{"digits", func(string) (*Splits, error) { return Digits(), nil }, ""},
	{"mnist", func(dir string) (*Splits, error) { return LoadIDX(os.DirFS(dir), "mnist") },
		"its four IDX files, train-images-idx3-ubyte and so on, plain or .gz"},
	{"fashion-mnist", func(dir string) (*Splits, error) { return LoadIDX(os.DirFS(dir), "fashion-mnist") },
		"its four IDX files; Debian's package dataset-fashion-mnist puts them into /usr/share/datasets/fashion-mnist"},
	{"cifar10", func(dir string) (*Splits, error) { return LoadCIFAR10(os.DirFS(dir)) },
		"the file cifar-10-binary.tar.gz, or " + cifarFile + ", JPEG images in train/<class>/ and test/<class>/"},
	{"cifar100", func(dir string) (*Splits, error) { return LoadCIFAR100(os.DirFS(dir)) },
		"the file cifar-100-binary.tar.gz"},
}

func init() {
	for _, src := range sources {
		Register(src.name, func(_ context.Context, s Spec) (*Splits, error) {
			if err := s.Done(); err != nil {
				return nil, err
			}
			return Load(s.Kind, s.Path)
		})
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

// Load returns a data set by name: "digits", which is embedded and needs no
// dir, "mnist", "fashion-mnist" or "cifar10". dir is the folder with that set's
// own files; "" stands for $MINIUNLEARN_DATA/<name>.
//
// A folder that is not there is an error that matches [ErrNoData] and says
// where it was looked for and what belongs there. Damaged files give the errors
// of [LoadIDX] and [LoadCIFAR10].
func Load(name, dir string) (*Splits, error) {
	for _, s := range sources {
		if s.name != name {
			continue
		}
		if name == "digits" {
			return s.load("")
		}
		if dir == "" {
			root := os.Getenv(EnvData)
			if root == "" {
				return nil, fmt.Errorf("data: %s: %w: no folder is given and %s is not set; give the folder with %s, or set %s to the folder above it",
					name, ErrNoData, EnvData, s.get, EnvData)
			}
			dir = filepath.Join(root, name)
		}
		info, err := os.Stat(dir)
		if err != nil {
			return nil, fmt.Errorf("data: %s: %w: no folder %s; it should hold %s: %w", name, ErrNoData, dir, s.get, err)
		}
		if !info.IsDir() {
			return nil, fmt.Errorf("data: %s: %w: %s is not a folder; it should hold %s", name, ErrNoData, dir, s.get)
		}
		splits, err := s.load(dir)
		if err != nil {
			return nil, fmt.Errorf("data: %s from %s: %w", name, dir, err)
		}
		return splits, nil
	}
	names := Names()
	slices.Sort(names)
	return nil, fmt.Errorf("data: no data set %q; there are %s", name, strings.Join(names, ", "))
}
