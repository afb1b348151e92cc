package graph

import (
	"fmt"
	"slices"
	"sync/atomic"

	"gorgonia.org/tensor"

	"github.com/miniunlearn/miniunlearn/internal/kernel"
)

// DType is the number type of a graph: all its nodes have one.
type DType uint8

const (
	Float32 DType = iota // the default, for training
	Float64              // for tests of exactness
)

// String returns "float32" or "float64".
func (d DType) String() string {
	if d == Float64 {
		return "float64"
	}
	return "float32"
}

// Bytes returns the size of one number.
func (d DType) Bytes() int {
	if d == Float64 {
		return 8
	}
	return 4
}

func (d DType) gorgonia() tensor.Dtype {
	if d == Float64 {
		return tensor.Float64
	}
	return tensor.Float32
}

// Float is the constraint of kernels that serve both number types.
type Float interface{ float32 | float64 }

// Shape holds the dimensions of a tensor, outermost first. A scalar has none.
type Shape = tensor.Shape

// Tensor is a dense row-major array in host memory. Programs read and write
// the slices of the tensors that they are given; nothing is copied.
//
// An engine with memory of its own keeps the numbers there between programs;
// see [Buffer]. The methods of Tensor bring them back when they are asked for.
type Tensor struct {
	dt    DType
	shape Shape
	f32   []float32
	f64   []float64

	mirror  atomic.Pointer[mirror] // the numbers on a device, if they are on one
	exposed atomic.Bool            // the slices are known to others
}

// NewTensor returns a tensor of zeros. No dimensions make a scalar.
func NewTensor(dt DType, shape ...int) *Tensor {
	t := &Tensor{dt: dt, shape: slices.Clone(shape)}
	if n := size(shape); dt == Float64 {
		t.f64 = make([]float64, n)
	} else {
		t.f32 = make([]float32, n)
	}
	return t
}

// FromSlice returns a tensor that shares data. Without dimensions it is a
// vector. It panics if shape does not hold len(data) numbers.
func FromSlice[T Float](data []T, shape ...int) *Tensor {
	t := fromSlice("FromSlice", data, shape)
	t.exposed.Store(true)
	return t
}

// ReadOnly is FromSlice for data that nobody changes while the tensor is in
// use. A device may therefore keep a copy, and does not notice if they change
// nevertheless.
func ReadOnly[T Float](data []T, shape ...int) *Tensor { return fromSlice("ReadOnly", data, shape) }

func fromSlice[T Float](op string, data []T, shape []int) *Tensor {
	if len(shape) == 0 {
		shape = []int{len(data)}
	}
	if size(shape) != len(data) {
		panic(&ShapeError{Op: op, Got: []Shape{{len(data)}}, Want: fmt.Sprintf("%d numbers for shape %v", size(shape), shape)})
	}
	t := &Tensor{shape: slices.Clone(shape)}
	switch d := any(data).(type) {
	case []float32:
		t.f32 = d
	case []float64:
		t.dt, t.f64 = Float64, d
	}
	return t
}

// Scalar returns a scalar tensor.
func Scalar(dt DType, v float64) *Tensor {
	t := NewTensor(dt)
	t.Set(0, v)
	return t
}

// DType returns the number type.
func (t *Tensor) DType() DType { return t.dt }

// Shape returns the dimensions; the caller must not change them.
func (t *Tensor) Shape() Shape { return t.shape }

// Len returns the number of elements, 1 for a scalar.
func (t *Tensor) Len() int {
	if t.dt == Float64 {
		return len(t.f64)
	}
	return len(t.f32)
}

// Float32s returns the backing slice of a Float32 tensor, nil for a Float64 one.
func (t *Tensor) Float32s() []float32 {
	t.expose()
	return t.f32
}

// Float64s returns the backing slice of a Float64 tensor, nil for a Float32 one.
func (t *Tensor) Float64s() []float64 {
	t.expose()
	return t.f64
}

// At returns element i of the flat array.
func (t *Tensor) At(i int) float64 {
	t.read()
	if t.dt == Float64 {
		return t.f64[i]
	}
	return float64(t.f32[i])
}

// Set stores v as element i of the flat array.
func (t *Tensor) Set(i int, v float64) {
	t.write()
	if t.dt == Float64 {
		t.f64[i] = v
	} else {
		t.f32[i] = float32(v)
	}
}

// Copy sets t to the numbers of src, converting between number types. It
// panics if the lengths differ.
func (t *Tensor) Copy(src *Tensor) {
	if t.Len() != src.Len() {
		panic(&ShapeError{Op: "Copy", Got: []Shape{t.shape, src.shape}, Want: "equal lengths"})
	}
	src.read()
	t.drop()
	switch {
	case t.dt == Float32 && src.dt == Float32:
		copy(t.f32, src.f32)
	case t.dt == Float64 && src.dt == Float64:
		copy(t.f64, src.f64)
	case t.dt == Float64:
		for i, v := range src.f32 {
			t.f64[i] = float64(v)
		}
	default:
		for i, v := range src.f64 {
			t.f32[i] = float32(v)
		}
	}
}

// Clone returns an independent copy.
func (t *Tensor) Clone() *Tensor {
	t.read()
	return &Tensor{dt: t.dt, shape: slices.Clone(t.shape), f32: slices.Clone(t.f32), f64: slices.Clone(t.f64)}
}

// Slice returns the elements [from, to) of the flat array as a vector that
// shares memory with t.
func (t *Tensor) Slice(from, to int) *Tensor {
	t.expose()
	r := &Tensor{dt: t.dt, shape: Shape{to - from}}
	r.exposed.Store(true)
	if t.dt == Float64 {
		r.f64 = t.f64[from:to:to]
	} else {
		r.f32 = t.f32[from:to:to]
	}
	return r
}

// Zero sets every element to 0.
func (t *Tensor) Zero() {
	t.drop()
	clear(t.f32)
	clear(t.f64)
}

// bind makes t share src's elements from off on, as many as t's shape holds.
func (t *Tensor) bind(src *Tensor, off int) {
	n := size(t.shape)
	if t.dt == Float64 {
		t.f64 = src.f64[off : off+n : off+n]
	} else {
		t.f32 = src.f32[off : off+n : off+n]
	}
}

// isWindow reports whether t's memory is src's from element off on.
func (t *Tensor) isWindow(src *Tensor, off int) bool {
	if t.dt == Float64 {
		return &t.f64[0] == &src.f64[off]
	}
	return &t.f32[0] == &src.f32[off]
}

func (t *Tensor) sameMemory(o *Tensor) bool {
	switch {
	case t.Len() == 0 || o.Len() == 0 || t.dt != o.dt:
		return false
	case t.dt == Float64:
		return &t.f64[0] == &o.f64[0]
	}
	return &t.f32[0] == &o.f32[0]
}

func size(shape []int) int {
	n := 1
	for _, d := range shape {
		n *= d
	}
	return n
}

// Finite reports whether every number is neither NaN nor infinite.
func (t *Tensor) Finite() bool {
	t.read()
	if t.dt == Float64 {
		return finite(t.f64)
	}
	return finite(t.f32)
}

func finite[T Float](x []T) bool {
	// A finite sum of squares has finite terms, and a vector kernel is fast at it.
	// One that is not may have overflowed.
	if squares := kernel.Dot(x, x); squares-squares == 0 {
		return true
	}
	for _, v := range x {
		if v-v != 0 { // NaN for NaN and for infinities
			return false
		}
	}
	return true
}
