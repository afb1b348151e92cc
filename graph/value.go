package graph

import (
	"fmt"

	"gorgonia.org/gorgonia"
	"gorgonia.org/tensor"
)

// toValue wraps t as a Gorgonia value that shares its memory; scalars, whose
// Gorgonia form holds a number, are copied.
func toValue(t *Tensor) gorgonia.Value {
	switch {
	case len(t.shape) == 0 && t.dt == Float64:
		return gorgonia.NewF64(t.f64[0])
	case len(t.shape) == 0:
		return gorgonia.NewF32(t.f32[0])
	case t.dt == Float64:
		return tensor.New(tensor.WithShape(t.shape...), tensor.WithBacking(t.f64))
	}
	return tensor.New(tensor.WithShape(t.shape...), tensor.WithBacking(t.f32))
}

// fromValue is the inverse of toValue.
func fromValue(v gorgonia.Value, shape Shape) (*Tensor, error) {
	t := &Tensor{shape: shape}
	switch d := v.Data().(type) {
	case []float32:
		t.f32 = d
	case []float64:
		t.dt, t.f64 = Float64, d
	case float32:
		t.f32 = []float32{d}
	case float64:
		t.dt, t.f64 = Float64, []float64{d}
	default:
		return nil, fmt.Errorf("values of type %T are not supported", d)
	}
	if t.Len() != size(shape) {
		return nil, fmt.Errorf("%d numbers for shape %v", t.Len(), shape)
	}
	return t, nil
}
