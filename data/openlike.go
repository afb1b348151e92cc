package data

import (
	"context"
	"fmt"
)

// Open opens data like those that the encoding was made for, such as what is left
// of the file a year later, and treats them in the same way: columns, classes and
// images are what they were, nothing is measured again, every row that was there is
// in the part where it was. What does not fit is an error. Of the specification the
// paths count, and of arrays their names, layout and scale; the rest the encoding
// says.
func (e *Encoding) Open(ctx context.Context, spec string) (*Splits, error) {
	s, err := ParseSpec(spec)
	if err != nil {
		return nil, err
	}
	if e.Split == nil {
		return nil, fmt.Errorf("data: %s: the encoding does not say how the data were split", spec)
	}
	open := opener(s.Kind)
	if open == nil {
		return nil, unknownKind(spec, s.Kind)
	}
	s.like = e
	d, err := open(ctx, s)
	if err != nil {
		return nil, err
	}
	if d.Train.Encoding != e {
		return nil, fmt.Errorf("data: %s: data of the kind %s cannot be opened like others; tables, images and arrays can", spec, s.Kind)
	}
	if err := d.Validate(); err != nil {
		return nil, fmt.Errorf("data: %s: %w", s.name(), err)
	}
	return d, nil
}
