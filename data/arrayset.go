package data

import (
	"fmt"
	"math"
	"strconv"

	"github.com/miniunlearn/miniunlearn/data/arrays"
	"github.com/miniunlearn/miniunlearn/data/table"
)

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
