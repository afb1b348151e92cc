package data

import (
	"errors"
	"fmt"
	"slices"
)

// Dataset is n labelled examples in memory. Build one as a literal and call
// [Dataset.Validate]; the loaders of this package return valid ones.
//
// A Dataset is read-only once it is in use: methods never change it, and
// everything that trains on it may read it from several goroutines, or from a
// copy on a device.
type Dataset struct {
	Name    string
	X       []float32 // n × Features(), row-major; pixels in [0, 1]
	Y       []int32   // n labels in 0 … Classes−1
	Shape   []int     // of one example, channels first: {64}, {1, 28, 28}, {3, 32, 32}
	Classes int

	// IDs and Keys say who the examples are, in whatever subset or part they
	// end up. At most one of the two is set: IDs where ids are numbers, Keys
	// where they are strings, such as "p-4711". They are the owner's own ids
	// where the owner has given some, and else positions in the data that was
	// loaded. Both nil means that example i is i itself.
	IDs  []int
	Keys []string

	// Encoding says how raw data became X and Y; nil if nobody does.
	Encoding *Encoding
}

// Len returns n, the number of examples.
func (d *Dataset) Len() int { return len(d.Y) }

// Features returns the number of values in one example, the product of Shape.
func (d *Dataset) Features() int {
	f := 1
	for _, s := range d.Shape {
		f *= s
	}
	return f
}

// Row returns the features of example i: a view, not a copy.
func (d *Dataset) Row(i int) []float32 {
	f := d.Features()
	return d.X[i*f : (i+1)*f : (i+1)*f]
}

// Subset returns a copy of the examples idx, in that order, repeats included,
// with their ids. It panics if an index is out of range.
func (d *Dataset) Subset(idx []int) *Dataset {
	f := d.Features()
	s := &Dataset{
		Name:    d.Name,
		X:       make([]float32, len(idx)*f),
		Y:       make([]int32, len(idx)),
		Shape:   slices.Clone(d.Shape),
		Classes: d.Classes,

		Encoding: d.Encoding,
	}
	d.Gather(idx, s.X, s.Y)
	s.IDs, s.Keys = d.subsetIDs(idx)
	return s
}

// Gather copies the examples idx into x (at least len(idx) × Features()) and
// their labels into y (at least len(idx)), without allocating. It panics if a
// buffer is too short or an index is out of range.
func (d *Dataset) Gather(idx []int, x []float32, y []int32) {
	f := d.Features()
	x, y = x[:len(idx)*f], y[:len(idx)]
	for k, i := range idx {
		copy(x[k*f:(k+1)*f], d.X[i*f:(i+1)*f])
		y[k] = d.Y[i]
	}
}

// ClassCounts returns the number of examples of each class. It panics on a
// label that [Dataset.Validate] would refuse.
func (d *Dataset) ClassCounts() []int {
	c := make([]int, d.Classes)
	for _, y := range d.Y {
		c[y]++
	}
	return c
}

// Validate checks that the lengths fit the shape, that every label is in
// 0 … Classes−1, that no feature is NaN or infinite, and that ids and names are
// UTF-8. An error about one example is an [*ExampleError] that names it.
func (d *Dataset) Validate() error {
	if d == nil {
		return errors.New("data: there is no data set")
	}
	bad := func(format string, a ...any) error {
		return fmt.Errorf("data: %q: "+format, append([]any{d.Name}, a...)...)
	}
	if len(d.Shape) == 0 {
		return bad("no shape; set Shape to the shape of one example, such as {1, 28, 28}")
	}
	for _, s := range d.Shape {
		if s < 1 {
			return bad("shape %v; every dimension must be at least 1", d.Shape)
		}
	}
	if d.Classes < 1 {
		return bad("%d classes; set Classes to the number of classes", d.Classes)
	}
	// Dividing instead of multiplying: the product of a made-up shape may overflow.
	rest, whole := len(d.X), true
	for _, s := range d.Shape {
		whole = whole && rest%s == 0
		rest /= s
	}
	if !whole || rest != len(d.Y) {
		return bad("%d feature values for %d labels; shape %v asks for their product with the number of labels", len(d.X), len(d.Y), d.Shape)
	}
	if err := d.validateIDs(); err != nil {
		return bad("%w", err)
	}
	if d.Encoding != nil {
		if err := d.Encoding.validate(); err != nil {
			return bad("%w", err)
		}
	}
	for i, y := range d.Y {
		if y < 0 || int(y) >= d.Classes {
			return &ExampleError{d.Name, i, d.Key(i), fmt.Sprintf("label %d with %d classes; correct the label or set Classes", y, d.Classes)}
		}
	}
	f := d.Features()
	for k, x := range d.X {
		if x-x != 0 { // true for NaN and ±Inf alone
			i := k / f
			return &ExampleError{d.Name, i, d.Key(i), fmt.Sprintf("feature %d is %v; replace it or drop the example", k%f, x)}
		}
	}
	return nil
}
