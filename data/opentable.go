package data

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/miniunlearn/miniunlearn/data/table"
)

func init() {
	Register("csv", openTable)
	Register("tsv", openTable)
	Register("libsvm", openTable)
}

// TableConfig says how [OpenTable] reads and splits a table.
type TableConfig struct {
	table.Options

	// TestFile is a second table, for testing. Without one, Test is the share
	// of the rows that tests, and Validation the share that a method may use
	// unseen, stratified by class and chosen by Seed; see Split. TestLast
	// takes the last rows of the file for testing instead.
	TestFile         string
	Test, Validation float64
	TestLast         int
	Seed             uint64

	like *Encoding // see Encoding.Open
}

// OpenTable opens a table in CSV or a format like it, or in LIBSVM's, as
// training, validation and test set.
//
// Numbers are standardised, column by column, and categories become a feature
// each, by what the training rows have; Encoding says how. A table without a
// column of ids has the numbers of its rows for ids, from 0. Labels may be
// anything: they are sorted, numbers by value, and numbered.
func OpenTable(ctx context.Context, path string, c TableConfig) (*Splits, error) {
	return OpenTableAs(ctx, path, c, table.Read)
}

// ReadTable reads a table: table.Read, or a reader of another format.
type ReadTable func(ctx context.Context, path string, o table.Options) (*table.Table, error)

// OpenTableAs is OpenTable for a format of its own.
func OpenTableAs(ctx context.Context, path string, c TableConfig, read ReadTable) (*Splits, error) {
	if c.like != nil {
		return c.like.openTable(ctx, path, c, read)
	}
	t, err := read(ctx, path, c.Options)
	if err != nil {
		return nil, err
	}
	defer t.Close()
	e := &Encoding{Table: &TableEncoding{Options: c.Options}}
	if !countsUp(t.Labels) {
		e.Labels = t.Labels
	}
	id := rowID(t)
	switch {
	case c.TestLast > 0 || c.TestFile != "":
		trained := t.Rows() - c.TestLast
		if trained < 1 {
			return nil, fmt.Errorf("data: %s: the last %d rows are to test, and there are %d", path, c.TestLast, t.Rows())
		}
		if e.Split, err = newSplit(c.Seed, 0, c.Validation, len(t.Labels), t.Y[:trained], id); err != nil {
			return nil, fmt.Errorf("data: %s: %w", path, err)
		}
		e.Split.TestLast = c.TestLast
	default:
		if e.Split, err = newSplit(c.Seed, c.Test, c.Validation, len(t.Labels), t.Y, id); err != nil {
			return nil, fmt.Errorf("data: %s: %w", path, err)
		}
	}
	part := e.Split.of(t)
	if e.Table.Columns, err = t.Fit(c.Options, func(i int) bool { return part(i) == partTrain }); err != nil {
		return nil, err
	}
	s := &Splits{Name: filepath.Base(path)}
	if err := s.take(t, e, part, c.Memory); err != nil {
		return nil, err
	}
	if c.TestFile != "" {
		if err := s.testFile(ctx, c, e, read, len(t.Labels)); err != nil {
			return nil, err
		}
	}
	if s.Test.Len() == 0 {
		return nil, fmt.Errorf("data: %s: no test rows; say test=SHARE, such as test=0.2, or test=FILE", path)
	}
	return s, nil
}

// rowID returns the number that tells row i from others, as Dataset.ID does.
func rowID(t *table.Table) func(i int) int {
	d := Dataset{IDs: t.IDs, Keys: t.Keys}
	return d.ID
}

// of returns the part of every row of a table.
func (s *Split) of(t *table.Table) func(i int) uint8 {
	id, trained := rowID(t), t.Rows()-s.TestLast
	return func(i int) uint8 {
		if i >= trained {
			return partTest
		}
		return s.part(id(i), t.Y[i])
	}
}

// countsUp reports whether labels are 0, 1, 2 …
func countsUp(labels []string) bool {
	for y, l := range labels {
		if l != strconv.Itoa(y) {
			return false
		}
	}
	return true
}

// take makes the parts of the rows of t.
func (s *Splits) take(t *table.Table, e *Encoding, part func(i int) uint8, memory int64) error {
	features := 0
	for c := range e.Table.Columns {
		features += e.Table.Columns[c].Features()
	}
	var sets [partNone]*Dataset
	var counts [partNone + 1]int
	for i := range t.Rows() {
		counts[part(i)]++
	}
	if memory <= 0 {
		memory = 512 << 20
	}
	for p, name := range []string{"train", "validation", "test"} {
		d := &Dataset{Name: s.Name + "/" + name, Shape: []int{features}, Classes: len(t.Labels), Encoding: e, Y: make([]int32, 0, counts[p])}
		var err error
		// The limit is that of all parts together.
		if d.X, err = table.Floats(counts[p]*features, memory*int64(counts[p])/int64(max(1, t.Rows()))); err != nil {
			return err
		}
		if t.Keys != nil {
			d.Keys = make([]string, 0, counts[p])
		} else {
			d.IDs = make([]int, 0, counts[p])
		}
		sets[p] = d
	}
	place := make([]int32, t.Rows())
	for i, y := range t.Y {
		p := part(i)
		if p == partNone {
			continue
		}
		d := sets[p]
		place[i] = int32(len(d.Y))
		d.Y = append(d.Y, y)
		switch {
		case t.Keys != nil:
			d.Keys = append(d.Keys, t.Keys[i])
		case t.IDs != nil:
			d.IDs = append(d.IDs, t.IDs[i])
		default:
			d.IDs = append(d.IDs, i)
		}
	}
	err := t.Encode(e.Table.Columns, func(i int) []float32 {
		p := part(i)
		if p == partNone {
			return nil
		}
		k := int(place[i])
		return sets[p].X[k*features : (k+1)*features]
	})
	s.Train, s.Validation, s.Test = sets[partTrain], sets[partValidation], sets[partTest]
	return err
}

// testFile makes the test part of another file.
func (s *Splits) testFile(ctx context.Context, c TableConfig, e *Encoding, read ReadTable, classes int) error {
	o := c.Options
	o.Like = e.Table.Columns
	t, err := read(ctx, c.TestFile, o)
	if err != nil {
		return err
	}
	defer t.Close()
	if err := relabel(t, e, classes, c.TestFile); err != nil {
		return err
	}
	var test Splits
	test.Name = s.Name
	if err := test.take(t, e, func(int) uint8 { return partTest }, c.Memory); err != nil {
		return err
	}
	s.Test = test.Test
	s.Test.Classes = classes
	return nil
}

// relabel gives the rows of t the classes that the encoding knows.
func relabel(t *table.Table, e *Encoding, classes int, path string) error {
	class := make([]int32, len(t.Labels))
	for k, name := range t.Labels {
		y, ok := e.class(name, classes)
		if !ok {
			for i, label := range t.Y {
				if label == int32(k) {
					return &FormatError{File: path, Line: t.Line(i), Column: t.LabelColumn(), Msg: fmt.Sprintf("no training row has the label %q", abridge(name))}
				}
			}
		}
		class[k] = int32(y)
	}
	for i, y := range t.Y {
		t.Y[i] = class[y]
	}
	return nil
}

// openTable opens a table that a specification describes.
func openTable(ctx context.Context, s Spec) (*Splits, error) {
	c, err := s.TableConfig()
	if err != nil {
		return nil, err
	}
	if err := s.Done(); err != nil {
		return nil, err
	}
	return OpenTable(ctx, s.Path, c)
}

// TableConfig reads the options of a table.
func (s Spec) TableConfig() (c TableConfig, err error) {
	if s.Path == "" {
		return c, s.fail("no file; say %s:FILE", s.Kind)
	}
	if c.like = s.like; c.like != nil && c.like.Table == nil {
		return c, s.fail("the data that it has to be like were no table")
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
	oneOf := func(name string, values ...string) string {
		v, err := s.OneOf(name, values...)
		fail(err)
		return v
	}
	c.Seed, err = s.Uint("seed", 1)
	c.Raw = oneOf("standardize", "yes", "no") == "no"
	c.splitOptions(s, text("test"), text("validation"), fail)
	if s.Kind == "libsvm" {
		c.Sparse = true
		return c, err
	}
	c.Label, c.ID = text("label"), text("id")
	c.Drop, c.Categorical, c.NA = s.List("drop"), s.List("categorical"), s.List("na")
	c.Missing = oneOf("missing", table.Policies()...)
	c.Codes = oneOf("encode", "onehot", "codes") == "codes"
	c.Unseen = oneOf("unseen", "error", "zero") == "zero"
	c.Repeats = oneOf("repeats", "no", "yes") == "yes"
	c.Header = map[string]table.Header{"auto": table.Auto, "yes": table.WithHeader, "no": table.NoHeader}[oneOf("header", "auto", "yes", "no")]
	if s.Kind == "tsv" {
		c.Separator = '\t'
	}
	if comment := text("comment"); len(comment) > 1 {
		fail(s.fail("comment=%s; it is one character", comment))
	} else if comment != "" {
		c.Comment = comment[0]
	}
	switch sep := text("sep"); {
	case sep == "tab":
		c.Separator = '\t'
	case sep == "comma":
		c.Separator = ','
	case len(sep) == 1:
		c.Separator = sep[0]
	case sep != "":
		fail(s.fail("sep=%s; it is one character, tab or comma", sep))
	}
	return c, err
}

// splitOptions reads what is said about the parts: a fifth tests unless
// something else does.
func (c *TableConfig) splitOptions(s Spec, test, validation string, fail func(error)) {
	share := func(name, v string, otherwise float64) float64 {
		if v == "" {
			return otherwise
		}
		x, err := strconv.ParseFloat(v, 64)
		if err != nil || !(x >= 0 && x < 1) {
			fail(s.fail("%s=%s is not a share from 0 to below 1", name, v))
		}
		return x
	}
	c.Validation = share("validation", validation, 0)
	if last, ok := strings.CutPrefix(test, "last:"); ok {
		n, err := strconv.Atoi(last)
		if err != nil || n < 1 {
			fail(s.fail("test=%s: %q is not a number of rows", test, last))
		}
		c.TestLast = n
		return
	}
	if _, err := strconv.ParseFloat(test, 64); test != "" && errors.Is(err, strconv.ErrSyntax) {
		c.TestFile = test
		return
	}
	c.Test = share("test", test, 0.2)
}

// openTable opens a table like the one that the encoding was made for.
func (e *Encoding) openTable(ctx context.Context, path string, c TableConfig, read ReadTable) (*Splits, error) {
	o := e.Table.Options
	o.Like = e.Table.Columns
	t, err := read(ctx, path, o)
	if err != nil {
		return nil, err
	}
	defer t.Close()
	classes := len(e.Split.TestBelow)
	if err := relabel(t, e, classes, path); err != nil {
		return nil, err
	}
	s := &Splits{Name: filepath.Base(path)}
	if err := s.take(t, e, e.Split.of(t), 0); err != nil {
		return nil, err
	}
	if c.TestFile != "" {
		c.Options = e.Table.Options
		if err := s.testFile(ctx, c, e, read, classes); err != nil {
			return nil, err
		}
	}
	for _, d := range []*Dataset{s.Train, s.Validation, s.Test} {
		d.Classes = classes
	}
	return s, nil
}
