package data

import (
	"bytes"
	"compress/gzip"
	_ "embed"
	"fmt"
	"io"
)

// digitsFile is the UCI handwritten digits, CC BY 4.0; see NOTICE.md.
//
//go:embed digits.bin.gz
var digitsFile string

const (
	digitsRows   = 1797
	digitsPixels = 64
	digitsRow    = digitsPixels + 1 // then the label

	digitsTest       = 360
	digitsValidation = 180
	digitsSeed       = 1998 // the year of the data; fixes the split for good
)

// Digits returns the UCI handwritten digits (E. Alpaydin and C. Kaynak, 1998,
// CC BY 4.0), which are part of this package: 1 797 images of 8×8 pixels of 17
// grey levels, shape {64}, ten classes, in a fixed stratified split of
//
//	1 257 training, 180 validation, 360 test examples.
//
// The split is by image, not by writer. IDs are rows of the original file. Each
// call returns fresh copies.
func Digits() *Splits {
	raw, err := unpackDigits()
	if err != nil {
		panic(fmt.Sprintf("data: the embedded digits are damaged: %v", err))
	}
	all := &Dataset{
		Name:    "digits",
		X:       make([]float32, 0, digitsRows*digitsPixels),
		Y:       make([]int32, 0, digitsRows),
		Shape:   []int{digitsPixels},
		Classes: 10,
	}
	for ; len(raw) > 0; raw = raw[digitsRow:] {
		for _, p := range raw[:digitsPixels] {
			all.X = append(all.X, float32(p)/16)
		}
		all.Y = append(all.Y, int32(raw[digitsPixels]))
	}
	s := &Splits{Name: all.Name}
	rest, test, err := SplitStratified(all, digitsTest, digitsSeed)
	if err != nil {
		panic(err)
	}
	s.Test = test
	s.Train, s.Validation, err = SplitStratified(rest, digitsValidation, digitsSeed)
	if err != nil {
		panic(err)
	}
	s.Train.Name, s.Validation.Name, s.Test.Name = "digits/train", "digits/validation", "digits/test"
	return s
}

func unpackDigits() ([]byte, error) {
	zr, err := gzip.NewReader(bytes.NewReader([]byte(digitsFile)))
	if err != nil {
		return nil, err
	}
	raw, err := io.ReadAll(zr)
	if err == nil && len(raw) != digitsRows*digitsRow {
		err = fmt.Errorf("%d bytes, want %d", len(raw), digitsRows*digitsRow)
	}
	return raw, err
}
