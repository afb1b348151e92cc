package data

import (
	"archive/zip"
	"fmt"
	"io"
	"io/fs"
	"slices"
	"strings"
)

const (
	cifarFile  = "cifar10-images.zip"
	cifarSide  = 32
	cifarMax   = 60_000   // images in CIFAR-10; more is another file
	cifarEntry = 64 << 10 // bytes of one JPEG, at most; they are about 1 kB

	// No JPEG is smaller than its markers and tables. The bound keeps the
	// memory for pixels in proportion to the file.
	cifarMinEntry = 100
)

// cifarClasses in alphabetical order, which is also CIFAR-10's own numbering.
func cifarClasses() []string {
	return []string{"airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck"}
}

// LoadCIFAR10 reads CIFAR-10 from cifar10-images.zip in fsys: JPEG images of
// 32×32 pixels as train/<class>/*.jpg and test/<class>/*.jpg, the classes
// numbered alphabetically (airplane 0 … truck 9). Shape is {3, 32, 32}, red
// first; examples are sorted by class, then by file name. Validation is empty
// until [Splits.HoldOut]; see [Standardize] for the usual scaling.
//
// The whole set takes 740 MB of memory. Entries are decoded in parallel with a
// result that does not depend on it. fsys must open files that support
// io.ReaderAt, as those of os.DirFS do.
func LoadCIFAR10(fsys fs.FS) (*Splits, error) {
	f, err := fsys.Open(cifarFile)
	if err != nil {
		return nil, fmt.Errorf("data: put %s, JPEG images in class folders, there: %w", cifarFile, err)
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
	zr, err := zip.NewReader(ra, info.Size())
	if err != nil {
		return nil, &FormatError{File: cifarFile, Msg: "not a readable zip; fetch it again", Err: err}
	}
	train, test, err := cifarEntries(zr, info.Size())
	if err != nil {
		return nil, err
	}
	s := &Splits{Name: "cifar10"}
	if s.Train, err = cifarDecode("cifar10/train", train); err != nil {
		return nil, err
	}
	if s.Test, err = cifarDecode("cifar10/test", test); err != nil {
		return nil, err
	}
	s.Validation = emptyLike(s.Train)
	return s, nil
}

// cifarImage is one entry of the zip with its label.
type cifarImage struct {
	file  *zip.File
	label int32
}

func cifarError(name string, err error, format string, a ...any) error {
	return &FormatError{File: cifarFile + "/" + name, Msg: fmt.Sprintf(format, a...), Err: err}
}

// cifarEntries sorts the entries of the two parts by class and name, and
// refuses a directory whose sizes cannot be true. What is neither in train/
// nor in test/, a README say, is not looked at.
func cifarEntries(zr *zip.Reader, size int64) (train, test []cifarImage, err error) {
	classes := cifarClasses()
	left := size
	for _, f := range zr.File {
		part, rest, _ := strings.Cut(f.Name, "/")
		if strings.HasSuffix(f.Name, "/") || (part != "train" && part != "test") {
			continue
		}
		class, base, _ := strings.Cut(rest, "/")
		label, known := slices.BinarySearch(classes, class)
		if !known || !strings.HasSuffix(base, ".jpg") || strings.Contains(base, "/") {
			return nil, nil, cifarError(f.Name, nil, "want train/<class>/NAME.jpg or test/<class>/NAME.jpg with one of the classes %s", strings.Join(classes, ", "))
		}
		if f.CompressedSize64 < cifarMinEntry || f.UncompressedSize64 > cifarEntry {
			return nil, nil, cifarError(f.Name, nil, "%d bytes packed, %d unpacked; a 32×32 JPEG has more than %d and less than %d", f.CompressedSize64, f.UncompressedSize64, cifarMinEntry, cifarEntry)
		}
		// Entries that share bytes could stand for any number of images.
		if f.CompressedSize64 > uint64(left) {
			return nil, nil, cifarError(f.Name, nil, "the entries are larger than the file; fetch it again")
		}
		left -= int64(f.CompressedSize64)
		image := cifarImage{f, int32(label)}
		if part == "train" {
			train = append(train, image)
		} else {
			test = append(test, image)
		}
	}
	if len(train) == 0 || len(test) == 0 || len(train)+len(test) > cifarMax {
		return nil, nil, &FormatError{File: cifarFile, Msg: fmt.Sprintf("%d training and %d test images; CIFAR-10 has 50000 and 10000", len(train), len(test))}
	}
	for _, part := range [][]cifarImage{train, test} {
		slices.SortFunc(part, func(a, b cifarImage) int { return strings.Compare(a.file.Name, b.file.Name) })
		for i := 1; i < len(part); i++ {
			if part[i].file.Name == part[i-1].file.Name {
				return nil, nil, cifarError(part[i].file.Name, nil, "the entry occurs twice")
			}
		}
	}
	return train, test, nil
}
