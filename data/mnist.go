package data

import (
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"strconv"
)

// FromIDX joins an IDX file of images (n × …) and one of labels (n) to a data
// set of the given number of classes, pixels divided by 255. Images of two
// dimensions, h × w, become {1, h, w}; others keep their shape. A mismatch of
// the counts or a label out of range is a [*FormatError] of the labels' file.
func FromIDX(name string, images, labels *IDX, classes int) (*Dataset, error) {
	if len(images.Dims) < 2 {
		return nil, &FormatError{File: images.Name, Offset: 3, Msg: fmt.Sprintf("dimensions %v; images have at least 2", images.Dims)}
	}
	if len(labels.Dims) != 1 {
		return nil, &FormatError{File: labels.Name, Offset: 3, Msg: fmt.Sprintf("dimensions %v; labels have 1", labels.Dims)}
	}
	n := images.Dims[0]
	if labels.Dims[0] != n {
		return nil, &FormatError{File: labels.Name, Offset: 4, Msg: fmt.Sprintf("%d labels for the %d images of %s; take both files from one data set", labels.Dims[0], n, images.Name)}
	}
	if n == 0 {
		return nil, &FormatError{File: images.Name, Offset: 4, Msg: "no images"}
	}
	const header = 8 // bytes before the first label
	if have := len(labels.Bytes); have != n {
		return nil, &FormatError{File: labels.Name, Offset: header + int64(have), Msg: fmt.Sprintf("%d bytes for %d labels; give one each", have, n)}
	}
	ds := &Dataset{
		Name:    name,
		X:       make([]float32, len(images.Bytes)),
		Y:       make([]int32, n),
		Shape:   slices.Clone(images.Dims[1:]),
		Classes: classes,
	}
	if len(ds.Shape) == 2 {
		ds.Shape = append([]int{1}, ds.Shape...)
	}
	for i, y := range labels.Bytes {
		if int(y) >= classes {
			return nil, &FormatError{File: labels.Name, Offset: header + int64(i),
				Err: &ExampleError{name, i, strconv.Itoa(i), fmt.Sprintf("label %d with %d classes; correct the label or use the right file", y, classes)}}
		}
		ds.Y[i] = int32(y)
	}
	for i, b := range images.Bytes {
		ds.X[i] = float32(b) / 255
	}
	if err := ds.Validate(); err != nil {
		return nil, err
	}
	return ds, nil
}

// LoadIDX reads MNIST or a drop-in replacement such as Fashion-MNIST: the files
// train-images-idx3-ubyte, train-labels-idx1-ubyte, t10k-images-idx3-ubyte and
// t10k-labels-idx1-ubyte of fsys, each plain or with ".gz" (plain wins), 28×28
// images of 10 classes. All training examples are in Train; Validation is empty
// until [Splits.HoldOut]. Other IDX data goes through [ReadIDX] and [FromIDX].
func LoadIDX(fsys fs.FS, name string) (*Splits, error) {
	train, err := loadIDXPair(fsys, name+"/train", "train")
	if err != nil {
		return nil, err
	}
	test, err := loadIDXPair(fsys, name+"/test", "t10k")
	if err != nil {
		return nil, err
	}
	return &Splits{Name: name, Train: train, Validation: emptyLike(train), Test: test}, nil
}

func loadIDXPair(fsys fs.FS, name, prefix string) (*Dataset, error) {
	const side, classes = 28, 10
	// Labels first: they are small, and often enough to see a wrong folder.
	labels, err := openIDX(fsys, prefix+"-labels-idx1-ubyte")
	if err != nil {
		return nil, err
	}
	images, err := openIDX(fsys, prefix+"-images-idx3-ubyte")
	if err != nil {
		return nil, err
	}
	if d := images.Dims; len(d) != 3 || d[1] != side || d[2] != side {
		return nil, &FormatError{File: images.Name, Offset: 3, Msg: fmt.Sprintf("dimensions %v; want n × %d × %d", d, side, side)}
	}
	return FromIDX(name, images, labels, classes)
}

// openIDX reads the file base or base.gz.
func openIDX(fsys fs.FS, base string) (*IDX, error) {
	for _, name := range []string{base, base + ".gz"} {
		f, err := fsys.Open(name)
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			return nil, fmt.Errorf("data: %w", err)
		}
		defer f.Close()
		return ReadIDX(f, name)
	}
	return nil, fmt.Errorf("data: neither %s nor %s.gz is there; put the four files of the data set into one folder: %w", base, base, fs.ErrNotExist)
}
