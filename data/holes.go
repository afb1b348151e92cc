package data

import (
	"encoding/json"
	"fmt"
	"math/bits"
	"slices"
)

// Holes are the positions of an [Order] at which no example stands any more:
// the examples were forgotten and deleted, and the others are read in the
// order, and in the batches, in which they always were. Make them with
// [Order.Without]. The zero value is none. Holes are compared by ==.
type Holes struct {
	bits string // bit i%8 of byte i/8: is position i empty? "" where none is
}

// Len returns the number of holes.
func (h Holes) Len() int {
	n := 0
	for i := range len(h.bits) {
		n += bits.OnesCount8(h.bits[i])
	}
	return n
}

// Contains reports whether position i is empty.
func (h Holes) Contains(i int) bool {
	return i >= 0 && i/8 < len(h.bits) && h.bits[i/8]>>(i%8)&1 == 1
}

// Positions returns the empty positions, ascending.
func (h Holes) Positions() []int {
	var at []int
	for i := range 8 * len(h.bits) {
		if h.Contains(i) {
			at = append(at, i)
		}
	}
	return at
}

// String tells how many there are.
func (h Holes) String() string { return fmt.Sprintf("%d holes", h.Len()) }

// MarshalJSON writes the list of positions.
func (h Holes) MarshalJSON() ([]byte, error) { return json.Marshal(h.Positions()) }

// UnmarshalJSON reads it. Memory follows the positions: [Order.Validate]
// compares them with N.
func (h *Holes) UnmarshalJSON(raw []byte) error {
	var at []int
	if err := json.Unmarshal(raw, &at); err != nil {
		return fmt.Errorf("data: holes: %w", err)
	}
	for k, i := range at {
		if i < 0 || i >= maxHole || k > 0 && i <= at[k-1] {
			return fmt.Errorf("data: holes: position %d, entry %d, must be ascending, and from 0 to %d", i, k, maxHole-1)
		}
	}
	*h = makeHoles(at)
	return nil
}

// maxHole is more examples than fit into the memory of a machine.
const maxHole = 1 << 31

func makeHoles(at []int) Holes {
	if len(at) == 0 {
		return Holes{}
	}
	b := make([]byte, slices.Max(at)/8+1)
	for _, i := range at {
		b[i/8] |= 1 << (i % 8)
	}
	return Holes{string(b)}
}

// Without returns the order of the examples that are left when those of f have
// been deleted from the training set. What is left is counted anew from 0 on;
// batches are those of o, where the deleted examples are missing and nobody
// takes their place, so that some may be empty.
//
// It panics if f was made for another number of examples than o.Len().
func (o Order) Without(f ForgetSet) Order {
	o.check()
	if err := f.Validate(o.Len()); err != nil {
		panic(err)
	}
	at := o.Holes.Positions()
	if f.Len() > 0 {
		live := o.live()
		for i := range f.All() {
			at = append(at, live[i])
		}
	}
	slices.Sort(at)
	o.Holes = makeHoles(at)
	return o
}

// live returns the positions at which examples stand, ascending.
func (o Order) live() []int {
	at := make([]int, 0, o.N)
	for i := range o.N {
		if !o.Holes.Contains(i) {
			at = append(at, i)
		}
	}
	return at
}

// Position returns where the examples of a training set without holes stood
// that are now number i of those left.
func (o Order) Position(i int) int {
	o.check()
	if o.Holes == (Holes{}) {
		return i
	}
	return o.live()[i]
}
