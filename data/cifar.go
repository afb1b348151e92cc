package data

import (
	"archive/tar"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"path"
	"slices"
	"strings"

	"github.com/miniunlearn/miniunlearn/data/files"
	"github.com/miniunlearn/miniunlearn/data/images"
)

const (
	cifarFile = "cifar10-images.zip"
	cifarSide = 32
	cifarMax  = 60_000 // images of CIFAR-10 and CIFAR-100; more is another file
)

// cifarClasses in alphabetical order, which is also CIFAR-10's own numbering.
func cifarClasses() []string {
	return []string{"airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck"}
}

// LoadCIFAR10 reads CIFAR-10 from fsys: the binary version, cifar-10-binary.tar.gz
// or the files data_batch_1.bin … test_batch.bin that are in it, or
// cifar10-images.zip, JPEG images of 32×32 pixels as train/<class>/*.jpg and
// test/<class>/*.jpg. The classes are numbered alphabetically (airplane 0 …
// truck 9). Shape is {3, 32, 32}, red first; examples are in the order of the
// binary files, or sorted by class and then by file name. Validation is empty
// until [Splits.HoldOut]; see [Standardize] for the usual scaling.
//
// The whole set takes 740 MB of memory. JPEGs are decoded in parallel with a
// result that does not depend on it. For the zip, fsys must open files that
// support io.ReaderAt, as those of os.DirFS do.
func LoadCIFAR10(fsys fs.FS) (*Splits, error) {
	s, err := loadCIFARBinary(fsys, cifar10Binary)
	if !errors.Is(err, fs.ErrNotExist) {
		return s, err
	}
	return loadCIFARImages(fsys)
}

// LoadCIFAR100 reads CIFAR-100 from fsys: cifar-100-binary.tar.gz or the files
// train.bin and test.bin that are in it. Labels are the hundred fine ones, in
// their own order, which is the alphabet's.
func LoadCIFAR100(fsys fs.FS) (*Splits, error) { return loadCIFARBinary(fsys, cifar100Binary) }

func loadCIFARImages(fsys fs.FS) (*Splits, error) {
	f, err := fsys.Open(cifarFile)
	if err != nil {
		return nil, fmt.Errorf("data: put cifar-10-binary.tar.gz, or %s, JPEG images in class folders, there: %w", cifarFile, err)
	}
	defer f.Close()
	ra, ok := f.(io.ReaderAt)
	if !ok {
		return nil, fmt.Errorf("data: %s: a %T cannot be read at an offset, which a zip needs; use os.DirFS", cifarFile, f)
	}
	info, err := f.Stat()
	if err != nil {
		return nil, fmt.Errorf("data: %s: %w", cifarFile, err)
	}
	set, err := images.ListZip(ra, info.Size(), cifarFile)
	if err != nil {
		return nil, err
	}
	counts := map[string]int{}
	for _, f := range set.Files {
		if !slices.Contains(cifarClasses(), f.Class) {
			return nil, &FormatError{File: cifarFile + "/" + f.Name, Msg: "want train/<class>/NAME.jpg or test/<class>/NAME.jpg with one of the classes " + strings.Join(cifarClasses(), ", ")}
		}
		counts[f.Part]++
	}
	if train, test := counts[images.Train], counts[images.Test]; train == 0 || test == 0 || len(set.Files) > cifarMax {
		return nil, &FormatError{File: cifarFile, Msg: fmt.Sprintf("%d training and %d test images; CIFAR-10 has 50000 and 10000", train, test)}
	}
	set.Classes = cifarClasses()
	s := &Splits{Name: "cifar10"}
	shape, err := set.Measure(context.Background(), images.Shape{Channels: 3, Height: cifarSide, Width: cifarSide})
	if err != nil {
		return nil, err
	}
	if err := s.takeImages(context.Background(), set, shape, &Encoding{Labels: set.Classes}, nil, 1<<62); err != nil {
		return nil, err
	}
	for _, d := range []*Dataset{s.Train, s.Validation, s.Test} {
		d.Keys = nil // these files number the examples
	}
	return s, nil
}

// cifarBinary is what a binary version of a CIFAR consists of: records of labels
// and then pixels, red, green and blue planes.
type cifarBinary struct {
	name, archive string
	train, test   []string
	labels        int // bytes before the pixels; the last one is the label
	classes       []string
}

var (
	cifar10Binary = cifarBinary{
		"cifar10", "cifar-10-binary.tar.gz",
		[]string{"data_batch_1.bin", "data_batch_2.bin", "data_batch_3.bin", "data_batch_4.bin", "data_batch_5.bin"}, []string{"test_batch.bin"},
		1, cifarClasses(),
	}
	cifar100Binary = cifarBinary{"cifar100", "cifar-100-binary.tar.gz", []string{"train.bin"}, []string{"test.bin"}, 2, cifar100Classes}
)

// loadCIFARBinary reads the files from fsys or from the archive in it. The error
// is fs.ErrNotExist if there is neither.
func loadCIFARBinary(fsys fs.FS, c cifarBinary) (*Splits, error) {
	contents := map[string][]byte{}
	all := append(slices.Clone(c.train), c.test...)
	limit := int64(cifarMax+1) * int64(c.labels+3*cifarSide*cifarSide)
	if f, err := fsys.Open(c.archive); err == nil {
		defer f.Close()
		if err := c.unpack(f, all, limit, contents); err != nil {
			return nil, err
		}
	} else {
		for _, name := range all {
			f, err := fsys.Open(name)
			if err != nil {
				return nil, fmt.Errorf("data: %s: put %s there, or the files in it: %w", c.name, c.archive, err)
			}
			contents[name], err = io.ReadAll(io.LimitReader(f, limit))
			f.Close()
			if err != nil {
				return nil, fmt.Errorf("data: %s: %w", name, err)
			}
		}
	}
	s := &Splits{Name: c.name}
	var err error
	e := &Encoding{Labels: c.classes}
	if s.Train, err = c.dataset("train", c.train, contents, e); err != nil {
		return nil, err
	}
	if s.Test, err = c.dataset("test", c.test, contents, e); err != nil {
		return nil, err
	}
	s.Validation = emptyLike(s.Train)
	return s, nil
}

// unpack takes the files out of the archive, whatever folder they are in.
func (c cifarBinary) unpack(f fs.File, names []string, limit int64, contents map[string][]byte) error {
	r, err := files.NewReader(f, c.archive, files.Growth{Times: 4, Slack: 4 << 20}) // photographs do not shrink much
	if err != nil {
		return err
	}
	defer r.Close()
	tr := tar.NewReader(r)
	for {
		h, err := tr.Next()
		switch {
		case err == io.EOF:
			for _, name := range names {
				if contents[name] == nil {
					return &FormatError{File: c.archive, Msg: name + " is not in it; fetch it again"}
				}
			}
			return nil
		case errors.As(err, new(*FormatError)):
			return err
		case err != nil:
			return &FormatError{File: c.archive, Msg: "not a readable tar; fetch it again", Err: err}
		}
		if name := path.Base(h.Name); h.Typeflag == tar.TypeReg && slices.Contains(names, name) {
			if contents[name], err = io.ReadAll(io.LimitReader(tr, limit)); err != nil {
				return &FormatError{File: c.archive + "/" + h.Name, Msg: "cannot be unpacked", Err: err}
			}
		}
	}
}

// dataset makes a part of the files.
func (c cifarBinary) dataset(part string, names []string, contents map[string][]byte, e *Encoding) (*Dataset, error) {
	const pixels = 3 * cifarSide * cifarSide
	record := c.labels + pixels
	d := &Dataset{Name: c.name + "/" + part, Shape: []int{3, cifarSide, cifarSide}, Classes: len(c.classes), Encoding: e}
	for _, name := range names {
		raw := contents[name]
		if len(raw) == 0 || len(raw)%record != 0 || len(raw)/record > cifarMax {
			return nil, &FormatError{File: name, Offset: int64(len(raw)), Msg: fmt.Sprintf("%d bytes are not whole records of %d; fetch it again", len(raw), record)}
		}
		for at := 0; at < len(raw); at += record {
			label := raw[at+c.labels-1]
			if int(label) >= len(c.classes) {
				return nil, &FormatError{File: name, Offset: int64(at + c.labels - 1), Msg: fmt.Sprintf("label %d with %d classes", label, len(c.classes))}
			}
			d.Y = append(d.Y, int32(label))
			for _, v := range raw[at+c.labels : at+record] {
				d.X = append(d.X, float32(v)/255)
			}
		}
	}
	return d, nil
}
