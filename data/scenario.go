package data

import (
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"

	"github.com/miniunlearn/miniunlearn/internal/purpose"
)

// ParseScenario returns what a specification makes of ds, and the examples that it
// selects there. Those of [ParseForget] select some and leave ds as it is. Others spoil
// examples first, so that to forget them is to repair the model:
//
//	mislabelled:0.1    a tenth of the examples, with wrong labels, see Mislabel
//	confused:0.5:3:5   half of the examples of labels 3 and 5, each with the other label
//	                   (interclass confusion: Goel et al., 2022)
//	poisoned:0.05:0    a twentieth of the examples, of other labels than 0, with a Stamp
//	                   and the label 0 (BadNets: Gu, Dolan-Gavitt and Garg, 2017)
//
// Labels may be what the data call the classes. The examples are chosen by the seed,
// and keep their ids. Errors are as ParseForget's.
func ParseScenario(spec string, ds *Dataset, seed uint64) (*Dataset, ForgetSet, error) {
	spoil, is := spoilers[kindOf(spec)]
	if !is {
		f, err := ParseForget(spec, ds, seed)
		return ds, f, err
	}
	fail := func(err error) (*Dataset, ForgetSet, error) {
		return nil, ForgetSet{}, fmt.Errorf("data: forget %q: %w", spec, err)
	}
	_, arg, _ := strings.Cut(spec, ":")
	share, labels, _ := strings.Cut(arg, ":")
	v, err := strconv.ParseFloat(share, 64)
	if err != nil || !(v > 0 && v < 1) {
		return fail(fmt.Errorf("%q is not a share above 0 and below 1: %w", share, ErrForgetSpec))
	}
	spoiled, at, err := spoil(ds, v, labels, seed)
	if err != nil {
		return fail(err)
	}
	if len(at) == 0 {
		return fail(fmt.Errorf("%w: %g of the %d training examples is none", ErrEmptyForget, v, ds.Len()))
	}
	f, err := ForgetPositions(ds.Len(), at)
	if err != nil {
		return fail(err)
	}
	f.Spec = spec
	return spoiled, f, nil
}

func kindOf(spec string) string {
	kind, _, _ := strings.Cut(spec, ":")
	return strings.ToLower(kind)
}

// spoilers are the kinds of specifications that change data. Each returns changed data
// and the positions of what it has changed.
var spoilers = map[string]func(ds *Dataset, share float64, labels string, seed uint64) (*Dataset, []int, error){
	"mislabelled": mislabelled, "confused": confused, "poisoned": poisoned,
}

func mislabelled(ds *Dataset, share float64, labels string, seed uint64) (*Dataset, []int, error) {
	if labels != "" {
		return nil, nil, fmt.Errorf("%q after the share: mislabelled takes no label: %w", labels, ErrForgetSpec)
	}
	wrong, err := Mislabel(ds, share, seed)
	if err != nil {
		return nil, nil, fmt.Errorf("%w: %w", err, ErrForgetSpec)
	}
	var at []int
	for i, y := range wrong.Y {
		if y != ds.Y[i] {
			at = append(at, i)
		}
	}
	return wrong, at, nil
}

func confused(ds *Dataset, share float64, labels string, seed uint64) (*Dataset, []int, error) {
	one, other, _ := strings.Cut(labels, ":")
	a, b, err := ds.label(one), ds.label(other), error(nil)
	switch {
	case a < 0:
		err = fmt.Errorf("%q is not a label%s: %w", one, ds.labelHint(one), ErrForgetSpec)
	case b < 0:
		err = fmt.Errorf("%q is not a label%s: %w", other, ds.labelHint(other), ErrForgetSpec)
	case a == b:
		err = fmt.Errorf("the label %q cannot be confused with itself: %w", one, ErrForgetSpec)
	}
	if err != nil {
		return nil, nil, err
	}
	swapped := *ds
	swapped.Y = slices.Clone(ds.Y)
	var at []int
	for _, label := range []int{a, b} {
		for _, i := range ds.drawn(func(y int) bool { return y == label }, share, seed) {
			swapped.Y[i] = int32(a + b - label)
			at = append(at, i)
		}
	}
	return &swapped, at, nil
}

func poisoned(ds *Dataset, share float64, labels string, seed uint64) (*Dataset, []int, error) {
	target := ds.label(labels)
	if target < 0 {
		return nil, nil, fmt.Errorf("%q is not a label%s: %w", labels, ds.labelHint(labels), ErrForgetSpec)
	}
	others := ds.Len() - ds.ClassCounts()[target]
	if others == 0 {
		return nil, nil, fmt.Errorf("all examples have the label %q already: %w", labels, ErrForgetSpec)
	}
	at := ds.drawn(func(y int) bool { return y != target }, min(1, share*float64(ds.Len())/float64(others)), seed)
	stamped, err := Stamp(ds, at, slices.Max(ds.X))
	if err != nil {
		return nil, nil, fmt.Errorf("%w: %w", err, ErrForgetSpec)
	}
	stamped.Y = slices.Clone(ds.Y)
	for _, i := range at {
		stamped.Y[i] = int32(target)
	}
	return stamped, at, nil
}

// Backdoor returns what tells whether poisoned examples have opened a backdoor in a model:
// the test images of other labels than theirs, stamped as they are, and their label, for
// which such a model takes them. Of a specification that poisons nothing it returns nil.
// Train is the training set, before or after it was poisoned.
func Backdoor(spec string, train, test *Dataset) (stamped *Dataset, target int, err error) {
	if kindOf(spec) != "poisoned" {
		return nil, 0, nil
	}
	parts := strings.SplitN(spec, ":", 3)
	if target = train.label(parts[len(parts)-1]); len(parts) < 3 || target < 0 {
		return nil, 0, fmt.Errorf("data: backdoor %q: no label of the data: %w", spec, ErrForgetSpec)
	}
	var others []int
	for i, y := range test.Y {
		if int(y) != target {
			others = append(others, i)
		}
	}
	if len(others) == 0 {
		return nil, 0, fmt.Errorf("data: backdoor %q: all test examples have its label: %w", spec, ErrForgetSpec)
	}
	rows := test.Subset(others)
	all := make([]int, rows.Len())
	countUp(all)
	stamped, err = Stamp(rows, all, slices.Max(train.X))
	return stamped, target, err
}

// label returns the number of a label, −1 for what is none.
func (d *Dataset) label(text string) int {
	class, ok := d.Encoding.classOrNumber(text, d.Classes)
	if !ok {
		return -1
	}
	return class
}

// drawn returns a share of the examples of some labels, chosen by a seed.
func (d *Dataset) drawn(of func(label int) bool, share float64, seed uint64) []int {
	var all []int
	for _, i := range purpose.Rand(seed, purpose.Spoiled, 0).Perm(d.Len()) {
		if of(int(d.Y[i])) {
			all = append(all, i)
		}
	}
	return all[:int(math.Round(share*float64(len(all))))]
}

// stampSide is the side of a stamp in pixels, and stampMargin how far it is from the edges.
const (
	stampSide   = 3
	stampMargin = 1
)

// Stamp returns ds with a square of 3×3 pixels of one value in the lower right corner of
// the images at some positions, a pixel from the edges, in every channel: the trigger of
// poisoned examples. What a backdoor does is seen on stamped test images. The examples are
// copies; the error says so if they are no images, of [C, H, W] or [H, W], or too small.
func Stamp(ds *Dataset, at []int, value float32) (*Dataset, error) {
	shape := ds.Shape
	if len(shape) == 2 {
		shape = []int{1, shape[0], shape[1]}
	}
	const least = stampSide + stampMargin
	if len(shape) != 3 || shape[1] < least || shape[2] < least {
		return nil, fmt.Errorf("data: %q: a stamp needs images of [C, H, W] or [H, W] and %d pixels a side, not examples of %v", ds.Name, least, ds.Shape)
	}
	stamped := *ds
	stamped.X = slices.Clone(ds.X)
	for _, i := range at {
		if i < 0 || i >= ds.Len() {
			return nil, fmt.Errorf("data: stamp: %w", &PositionError{Position: i, N: ds.Len()})
		}
		row := stamped.Row(i)
		for c := range shape[0] {
			for y := shape[1] - least; y < shape[1]-stampMargin; y++ {
				for x := shape[2] - least; x < shape[2]-stampMargin; x++ {
					row[(c*shape[1]+y)*shape[2]+x] = value
				}
			}
		}
	}
	return &stamped, nil
}
