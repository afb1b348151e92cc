package data

import (
	"context"
	"fmt"
	"math"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/miniunlearn/miniunlearn/data/arrays"
	"github.com/miniunlearn/miniunlearn/data/files"
)

func init() {
	Register("npz", openArrays)
	Register("npy", openArrays)
	Register("safetensors", openArrays)
	Register("idx", openIDXSpec)
}

// arrayConfig says what to make of them.
type arrayConfig struct {
	layout           string // chw or hwc, "" if not said
	transpose        bool   // columns of images before rows
	scale            float64
	standardize      bool
	test, validation float64
	last             int
	seed             uint64

	classes int // of the training set, once its labels are known
	like    *Encoding
}

// splits makes the parts of one set of arrays, or of two.
func (c *arrayConfig) splits(name string, train arraySet, test *arraySet) (*Splits, error) {
	e, anew := c.like, c.like == nil
	if anew {
		e = &Encoding{}
	} else {
		c.classes, c.last = len(e.Split.TestBelow), e.Split.TestLast
	}
	all, err := train.examples(c, e, name, anew)
	if err != nil {
		return nil, err
	}
	var tests *Dataset
	share := c.test
	if test != nil {
		if tests, err = test.examples(c, e, name+"/test", false); err != nil {
			return nil, err
		}
		share = 0
	}
	trained := all.Len() - c.last
	if trained < 1 {
		return nil, fmt.Errorf("data: %s: the last %d examples are to test, and there are %d", name, c.last, all.Len())
	}
	if c.last > 0 {
		share = 0
	}
	if anew {
		if e.Split, err = newSplit(c.seed, share, c.validation, all.Classes, all.Y[:trained], all.ID); err != nil {
			return nil, fmt.Errorf("data: %s: %w", name, err)
		}
		e.Split.TestLast = c.last
	}
	part := make([]uint8, all.Len())
	for i, y := range all.Y {
		part[i] = partTest
		if i < trained {
			part[i] = e.Split.part(all.ID(i), y)
		}
	}
	s := &Splits{Name: name}
	for p, d := range map[uint8]**Dataset{partTrain: &s.Train, partValidation: &s.Validation, partTest: &s.Test} {
		if *d, err = train.part(c, all, part, p); err != nil {
			return nil, err
		}
	}
	if test != nil {
		if s.Test, err = test.part(c, tests, make([]uint8, tests.Len()), 0); err != nil {
			return nil, err
		}
	}
	s.Train.Name, s.Validation.Name, s.Test.Name = name+"/train", name+"/validation", name+"/test"
	if anew && c.standardize {
		st := ChannelStats(s.Train)
		e.Stats = &st
	}
	if e.Stats != nil {
		for _, d := range []*Dataset{s.Train, s.Validation, s.Test} {
			e.Stats.apply(d.X, d.Features())
		}
	}
	return s, nil
}

// arrayOptions reads the options that arrays and IDX files share.
func arrayOptions(s Spec) (c *arrayConfig, err error) {
	c = &arrayConfig{like: s.like}
	if c.like != nil && (c.like.Table != nil || c.like.Image != nil) {
		return nil, s.fail("the data that it has to be like were no arrays")
	}
	fail := func(err2 error) {
		if err == nil {
			err = err2
		}
	}
	text := func(name string) string {
		v, err := s.Text(name)
		fail(err)
		return v
	}
	c.seed, err = s.Uint("seed", 1)
	c.layout = text("layout")
	if c.layout != "" && c.layout != "chw" && c.layout != "hwc" {
		fail(s.fail("layout=%s; it can be chw or hwc", c.layout))
	}
	yes := func(name string) bool {
		v, err := s.OneOf(name, "no", "yes")
		fail(err)
		return v == "yes"
	}
	c.transpose, c.standardize = yes("transpose"), yes("standardize")
	if v := text("scale"); v != "" {
		scale, err := strconv.ParseFloat(v, 64)
		if err != nil || !(scale > 0) || math.IsInf(scale, 0) {
			fail(s.fail("scale=%s is not a positive number", v))
		}
		c.scale = scale
	}
	var t TableConfig
	t.splitOptions(s, text("test"), text("validation"), fail)
	if t.TestFile != "" {
		fail(s.fail("test=%s; it is a share, or last:COUNT", t.TestFile))
	}
	c.test, c.validation, c.last = t.Test, t.Validation, t.TestLast
	return c, err
}

// usual are the names that arrays go by, where none are given.
var usual = map[string][]string{
	"x": {"x_train", "X_train", "x", "X", "features", "images", "data", "arr_0"}, "y": {"y_train", "Y_train", "y", "Y", "labels", "label", "target", "arr_1"},
	"x_test": {"x_test", "X_test"}, "y_test": {"y_test", "Y_test"},
}

// openArrays opens an npz or safetensors file with arrays for features, labels
// and ids, or an npy file of features and another one of labels.
func openArrays(ctx context.Context, s Spec) (*Splits, error) {
	if s.Path == "" {
		return nil, s.fail("no file; say %s:FILE", s.Kind)
	}
	c, err := arrayOptions(s)
	if err != nil {
		return nil, err
	}
	roles := []string{"x", "y", "id", "x_test", "y_test", "id_test"}
	said := map[string]string{}
	for _, role := range roles {
		if said[role], err = s.Text(role); err != nil {
			return nil, err
		}
	}
	if err := s.Done(); err != nil {
		return nil, err
	}
	f, err := arrays.Open(s.Path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	if single := f.Arrays[""]; single != nil { // npy: the others are files of their own
		got := map[string]*column{"x": fromArray(single)}
		if said["y"] == "" {
			return nil, s.fail("which file has the labels? say y=FILE.npy")
		}
		for _, role := range roles[1:] {
			if said[role] == "" {
				continue
			}
			other, err := arrays.Open(said[role])
			if err != nil {
				return nil, err
			}
			defer other.Close()
			if other.Arrays[""] == nil {
				return nil, s.fail("%s=%s is no npy file", role, said[role])
			}
			got[role] = fromArray(other.Arrays[""])
		}
		return c.named(s, got)
	}
	got := map[string]*column{}
	for _, role := range roles {
		names := usual[role]
		if said[role] != "" {
			names = []string{said[role]}
		}
		for _, name := range names {
			if a := f.Arrays[name]; a != nil {
				got[role] = fromArray(a)
				break
			}
		}
		if got[role] == nil && (said[role] != "" || role == "x" || role == "y") {
			if said[role] == "" {
				return nil, s.fail("which array is %s? say %s=NAME; there are %s", role, role, strings.Join(f.Names(), ", "))
			}
			return nil, s.fail("no array %q; there are %s", said[role], strings.Join(f.Names(), ", "))
		}
	}
	return c.named(s, got)
}

// named makes the parts of columns by their roles.
func (c *arrayConfig) named(s Spec, got map[string]*column) (*Splits, error) {
	var test *arraySet
	if (got["x_test"] == nil) != (got["y_test"] == nil) {
		return nil, s.fail("x_test and y_test go together; one is missing")
	}
	if got["x_test"] != nil {
		test = &arraySet{x: got["x_test"], y: got["y_test"], id: got["id_test"]}
	}
	return c.splits(filepath.Base(s.Path), arraySet{x: got["x"], y: got["y"], id: got["id"]}, test)
}

// openIDXSpec opens IDX files: idx:IMAGES?labels=FILE&test-images=FILE&test-labels=FILE.
func openIDXSpec(ctx context.Context, s Spec) (*Splits, error) {
	c, err := arrayOptions(s)
	if err != nil {
		return nil, err
	}
	read := func(path string) (*column, error) {
		f, err := files.Regular(path)
		if err != nil {
			return nil, err
		}
		defer f.Close()
		x, err := ReadIDX(f, path)
		if err != nil {
			return nil, err
		}
		return fromIDX(x), nil
	}
	got := map[string]*column{}
	for role, option := range map[string]string{"x": "", "y": "labels", "x_test": "test-images", "y_test": "test-labels"} {
		path := s.Path
		if option != "" {
			if path, err = s.Text(option); err != nil {
				return nil, err
			}
		}
		if path == "" && (role == "x" || role == "y") {
			return nil, s.fail("say idx:IMAGES?labels=FILE, and test-images=FILE&test-labels=FILE if there are such")
		}
		if path != "" {
			if got[role], err = read(path); err != nil {
				return nil, err
			}
		}
	}
	if err := s.Done(); err != nil {
		return nil, err
	}
	return c.named(s, got)
}
