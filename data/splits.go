package data

import (
	"fmt"
	"slices"
)

// Splits is one data set in its three parts, none of which is nil. A part that
// the source does not have (MNIST has no validation set) has length 0 and the
// right shape; [Splits.HoldOut] makes one.
type Splits struct {
	Name       string
	Train      *Dataset // what models learn, and what can be forgotten
	Validation *Dataset // unseen examples that a method may use
	Test       *Dataset // for final evaluation only
}

// HoldOut returns splits in which n examples of Train, chosen by the seed with
// Train's class proportions, have moved to the end of Validation. The receiver
// is unchanged and shares Test. HoldOut panics unless 0 ≤ n ≤ Train.Len(); use
// [SplitStratified] for an n that comes from a user.
func (s *Splits) HoldOut(n int, seed uint64) *Splits {
	train, part, err := SplitStratified(s.Train, n, seed)
	if err != nil {
		panic(err)
	}
	return &Splits{Name: s.Name, Train: train, Validation: concat(s.Validation, part), Test: s.Test}
}

// Validate checks all three parts, that they have one shape and one number of
// classes, and that there is something to train and to test on.
func (s *Splits) Validate() error {
	for _, p := range []struct {
		name string
		ds   *Dataset
	}{{"training", s.Train}, {"validation", s.Validation}, {"test", s.Test}} {
		if p.ds == nil {
			return fmt.Errorf("data: %q: the %s part is nil; use an empty Dataset with Shape and Classes set", s.Name, p.name)
		}
		if err := p.ds.Validate(); err != nil {
			return fmt.Errorf("%s part: %w", p.name, err)
		}
		if !slices.Equal(p.ds.Shape, s.Train.Shape) || p.ds.Classes != s.Train.Classes {
			return fmt.Errorf("data: %q: the %s part has shape %v and %d classes, the training part %v and %d; all parts must agree",
				s.Name, p.name, p.ds.Shape, p.ds.Classes, s.Train.Shape, s.Train.Classes)
		}
		if p.ds.Len() == 0 && p.name != "validation" {
			return fmt.Errorf("data: %q: the %s part has no examples", s.Name, p.name)
		}
	}
	return nil
}

// emptyLike returns a data set of no examples with d's shape and classes.
func emptyLike(d *Dataset) *Dataset {
	return &Dataset{Name: d.Name, Shape: slices.Clone(d.Shape), Classes: d.Classes, Encoding: d.Encoding}
}

// concat returns a's examples followed by b's, copied, with their ids.
func concat(a, b *Dataset) *Dataset {
	if a == nil || a.Len() == 0 {
		return b
	}
	c := emptyLike(a)
	c.X = slices.Concat(a.X, b.X)
	c.Y = slices.Concat(a.Y, b.Y)
	if a.Keys != nil || b.Keys != nil {
		c.Keys = slices.Concat(a.keys(), b.keys())
		return c
	}
	c.IDs = make([]int, 0, a.Len()+b.Len())
	for _, d := range []*Dataset{a, b} {
		for i := range d.Len() {
			c.IDs = append(c.IDs, d.ID(i))
		}
	}
	return c
}
