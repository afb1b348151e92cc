package data

import (
	"cmp"
	"fmt"
	"slices"

	"github.com/miniunlearn/miniunlearn/internal/purpose"
)

// Split divides rows among the parts of a data set. Which part a row belongs to
// depends on the seed, its id and its class alone, not on the rows around it:
// when rows are deleted from a file or added to it, the others stay where they
// were, and rows of one id stay together. Without ids a row's number takes
// their place, and deleting a row moves those after it.
//
// The shares are kept in each class to within one row. Where that puts the
// limits was found on the rows that were there first.
type Split struct {
	Seed       uint64  `json:"seed"`
	Test       float64 `json:"test"`       // share of the rows
	Validation float64 `json:"validation"` // share of the rows

	// The last rows of the file test, where TestLast is not 0, whatever the
	// limits say.
	TestLast int `json:"test_last,omitempty"`

	// A row whose hash is below TestBelow of its class is a test example, one
	// below ValidationBelow a validation example, any other trains.
	TestBelow       []uint64 `json:"test_below"`
	ValidationBelow []uint64 `json:"validation_below"`
}

// The parts of a data set.
const (
	partTrain uint8 = iota
	partValidation
	partTest
	partNone
)

// newSplit finds the limits for rows with these labels and ids.
func newSplit(seed uint64, test, validation float64, classes int, y []int32, id func(i int) int) (*Split, error) {
	if !(test >= 0 && validation >= 0 && test+validation < 1) {
		return nil, fmt.Errorf("shares of %g to test and %g to validate leave nothing to train on; they are from 0 to below 1 together", test, validation)
	}
	s := &Split{Seed: seed, Test: test, Validation: validation, TestBelow: make([]uint64, classes), ValidationBelow: make([]uint64, classes)}
	counts := make([]int, classes)
	for _, c := range y {
		counts[c]++
	}
	round := func(share float64) int { return int(share*float64(len(y)) + 0.5) }
	tests, validations := quota(counts, round(test)), quota(counts, round(validation))
	hashes := make([][]uint64, classes)
	for c, n := range counts {
		hashes[c] = make([]uint64, 0, n)
	}
	for i, c := range y {
		hashes[c] = append(hashes[c], s.hash(id(i)))
	}
	for c, h := range hashes {
		slices.SortFunc(h, cmp.Compare)
		below := func(k int) uint64 {
			if k >= len(h) {
				k = len(h) - 1 // one row at least is trained on
			}
			if k <= 0 {
				return 0
			}
			return h[k]
		}
		s.TestBelow[c] = below(tests[c])
		s.ValidationBelow[c] = max(s.TestBelow[c], below(tests[c]+validations[c]))
	}
	return s, nil
}

// hash is where a row stands in its class.
func (s *Split) hash(id int) uint64 {
	return purpose.Hash(s.Seed, purpose.Split, uint64(id))
}

// part returns where a row belongs.
func (s *Split) part(id int, class int32) uint8 {
	switch h := s.hash(id); {
	case h < s.TestBelow[class]:
		return partTest
	case h < s.ValidationBelow[class]:
		return partValidation
	}
	return partTrain
}
