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
	"github.com/miniunlearn/miniunlearn/data/table"
)

func init() {
	Register("npz", openArrays)
	Register("npy", openArrays)
	Register("safetensors", openArrays)
	Register("idx", openIDXSpec)
}

// column is numbers or text by position, of an array or an IDX file.
type column struct {
	name  string
	shape []int
	// scale is what the numbers are divided by.
	scale   float64
	number  func(i int) float64
	integer func(i int) (int, bool) // exact
	text    func(i int) string      // nil for numbers
}

func fromArray(a *arrays.Array) *column {
	c := &column{name: a.Name, shape: a.Shape, scale: 1, number: a.At, integer: a.Integer}
	if a.IsText() {
		c.text = a.Text
	}
	if a.Kind == arrays.Uint && a.Size == 1 && len(a.Shape) >= 3 {
		c.scale = 255
	}
	return c
}

func fromIDX(x *IDX) *column {
	c := &column{name: x.Name, shape: x.Dims, scale: 1, number: x.At, integer: func(i int) (int, bool) {
		v := x.At(i)
		return int(v), v == math.Trunc(v) && math.Abs(v) < 1<<53
	}}
	if x.Type == IDXUint8 && len(x.Dims) >= 3 {
		c.scale = 255
	}
	return c
}

func (c *column) fail(format string, a ...any) error {
	return &FormatError{File: c.name, Offset: -1, Msg: fmt.Sprintf(format, a...)}
}

// arraySet is the columns of one set of examples.
type arraySet struct {
	x, y, id *column
	at       func(k int) int // where feature k of an example is among its numbers
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

// examples makes a data set of the columns, but for its features; the first one
// names the classes.
func (a *arraySet) examples(c *arrayConfig, e *Encoding, name string, first bool) (*Dataset, error) {
	if len(a.x.shape) < 2 {
		return nil, a.x.fail("shape %v; examples are the first dimension, their features the others", a.x.shape)
	}
	n := a.x.shape[0]
	d := &Dataset{Name: name, Shape: append([]int(nil), a.x.shape[1:]...), Encoding: e}
	if n == 0 || d.Features() == 0 {
		return nil, a.x.fail("shape %v: no examples", a.x.shape)
	}
	if a.x.text != nil {
		return nil, a.x.fail("text; features are numbers")
	}
	var err error
	if a.at, err = a.arrange(c, d); err != nil {
		return nil, err
	}
	if d.Y, err = a.labels(c, e, n, first); err != nil {
		return nil, err
	}
	d.Classes = c.classes
	if d.IDs, d.Keys, err = a.ids(n); err != nil {
		return nil, err
	}
	return d, nil
}

// part returns the examples of d that belong to part p, with their features.
func (a arraySet) part(c *arrayConfig, d *Dataset, part []uint8, p uint8) (*Dataset, error) {
	var in []int
	for i := range part {
		if part[i] == p {
			in = append(in, i)
		}
	}
	out := &Dataset{Shape: d.Shape, Classes: d.Classes, Encoding: d.Encoding, Y: make([]int32, len(in))}
	out.IDs, out.Keys = d.subsetIDs(in)
	f := d.Features()
	var err error
	if out.X, err = table.Floats(len(in)*f, (1<<30)*int64(len(in))/int64(d.Len())); err != nil {
		return nil, err
	}
	scale := a.x.scale
	if c.scale != 0 {
		scale = c.scale
	}
	for row, i := range in {
		out.Y[row] = d.Y[i]
		x := out.X[row*f:][:f]
		for k := range x {
			x[k] = float32(a.x.number(i*f+a.at(k)) / scale)
			if x[k]-x[k] != 0 {
				return nil, a.x.fail("example %d: feature %d is %v; replace it or leave the example out", i, k, x[k])
			}
		}
	}
	return out, nil
}

// arrange sets the shape of examples and returns where feature k of one is in
// the array.
func (a *arraySet) arrange(c *arrayConfig, d *Dataset) (func(k int) int, error) {
	straight := func(k int) int { return k }
	if len(d.Shape) == 2 && (c.transpose || len(a.x.shape) == 3) {
		d.Shape = append([]int{1}, d.Shape...) // images without colours
	}
	if c.layout == "" && len(d.Shape) == 3 {
		small := func(n int) bool { return n == 1 || n == 3 }
		if small(d.Shape[2]) && !small(d.Shape[0]) {
			return nil, a.x.fail("images of shape %v; say layout=hwc if the last dimension is that of the channels, layout=chw if the first one is", d.Shape)
		}
	}
	if c.layout == "hwc" {
		if len(d.Shape) != 3 {
			return nil, a.x.fail("layout=hwc needs images of three dimensions, not %v", d.Shape)
		}
		h, w, ch := d.Shape[0], d.Shape[1], d.Shape[2]
		d.Shape = []int{ch, h, w}
		straight = func(k int) int { return k%(h*w)*ch + k/(h*w) }
	}
	if !c.transpose {
		return straight, nil
	}
	if len(d.Shape) != 3 {
		return nil, a.x.fail("transpose=yes needs images, not examples of %v", d.Shape)
	}
	inner := straight
	h, w := d.Shape[1], d.Shape[2]
	d.Shape = []int{d.Shape[0], w, h}
	return func(k int) int {
		plane, p := k/(h*w), k%(h*w)
		return inner(plane*h*w + p%h*w + p/h)
	}, nil
}

// labels returns the classes of n examples, which the first set names.
func (a arraySet) labels(c *arrayConfig, e *Encoding, n int, first bool) ([]int32, error) {
	if len(a.y.shape) == 0 || a.y.shape[0] != n || product(a.y.shape) != n {
		return nil, a.y.fail("shape %v; %d examples need as many labels", a.y.shape, n)
	}
	codes := map[string]int32{}
	numbers := map[float64]int32{} // millions of numbers need no text
	var names []string
	y := make([]int32, n)
	for i := range n {
		var v float64
		if a.y.text == nil {
			v = a.y.number(i)
			if code, ok := numbers[v]; ok {
				y[i] = code
				continue
			}
			if v-v != 0 {
				return nil, a.y.fail("label %d is %v", i, v)
			}
		}
		name := strconv.FormatFloat(v+0, 'f', -1, 64)
		if a.y.text != nil {
			name = a.y.text(i)
		}
		code, ok := codes[name]
		if !ok {
			code = int32(len(names))
			codes[name] = code
			if names = append(names, name); len(names) > 10_000 {
				return nil, a.y.fail("more than 10000 different labels; this toolkit learns classes")
			}
		}
		if a.y.text == nil {
			numbers[v] = code
		}
		y[i] = code
	}
	if first {
		sorted := table.SortedNames(names)
		if len(sorted) < 2 {
			return nil, a.y.fail("every example has the label %s; there is nothing to learn", names[0])
		}
		c.classes = len(sorted)
		if !countsUp(sorted) {
			e.Labels = sorted
		}
	}
	class := make([]int32, len(names))
	for k, name := range names {
		known, ok := e.class(name, c.classes)
		if !ok {
			return nil, a.y.fail("no training example has the label %q", abridge(name))
		}
		class[k] = int32(known)
	}
	for i := range y {
		y[i] = class[y[i]]
	}
	return y, nil
}

// ids returns the ids of n examples, positions if the arrays have none.
func (a arraySet) ids(n int) (ids []int, keys []string, err error) {
	if a.id == nil {
		return nil, nil, nil
	}
	if len(a.id.shape) == 0 || a.id.shape[0] != n || product(a.id.shape) != n {
		return nil, nil, a.id.fail("shape %v; %d examples need as many ids", a.id.shape, n)
	}
	seen := map[string]int{}
	for i := range n {
		key := ""
		if a.id.text != nil {
			key = a.id.text(i)
			keys = append(keys, key)
			if key == "" {
				return nil, nil, a.id.fail("id %d is empty; every example needs one", i)
			}
		} else {
			v, ok := a.id.integer(i)
			if !ok {
				return nil, nil, a.id.fail("id %d is %v; ids are whole numbers or text", i, a.id.number(i))
			}
			ids = append(ids, v)
			key = strconv.Itoa(v)
		}
		if j, twice := seen[key]; twice {
			return nil, nil, a.id.fail("examples %d and %d both have the id %q", j, i, abridge(key))
		}
		seen[key] = i
	}
	return ids, keys, nil
}

func product(shape []int) int {
	n := 1
	for _, d := range shape {
		n *= d
	}
	return n
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
