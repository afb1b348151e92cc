package graph

import "slices"

// place says where a node's value lives.
type place struct {
	root rootKind
	arg  int // which argument, for inArgument and inOutput
	off  int // element offset
}

type rootKind uint8

const (
	inArena    rootKind = iota
	inArgument          // an input of the program
	inOutput            // an output of the program
)

// plan is the memory plan of a program.
type plan struct {
	places map[*Node]place
	arena  int // elements
}

// storage is one block of memory and the nodes that live in it: a node, the
// views of it, those that overwrite it in place, and the parts of a pack that
// are computed where the pack wants them.
type storage struct {
	root        rootKind
	arg         int
	size        int
	first, last int // steps during which it is in use
	off         int // in the arena
}

// slot is a node's storage and offset in it.
type slot struct {
	s   *storage
	off int
}

// planMemory gives every node a place. Values whose lifetimes do not overlap
// share memory; an output is computed in the caller's tensor, a part of a pack
// in the pack.
func planMemory(order, inputs, outputs []*Node) plan {
	b := planner{
		index: map[*Node]int{}, uses: map[*Node]int{}, last: map[*Node]int{},
		slots: map[*Node]slot{}, output: map[*Node]int{},
	}
	for i, n := range order {
		b.index[n], b.last[n] = i, i
		if _, ok := n.op.(FillOp); ok {
			continue
		}
		for _, c := range n.in {
			b.uses[c]++
			b.last[c] = i
		}
	}
	for i, n := range slices.Backward(outputs) {
		b.output[n] = i
		b.last[n] = len(order)
	}
	for i, n := range inputs {
		b.slots[n] = slot{&storage{root: inArgument, arg: i}, 0}
	}
	for i := len(order) - 1; i >= 0; i-- {
		b.placeParts(order[i])
	}
	for _, n := range order {
		b.placeNode(n)
	}
	return b.finish(order)
}

type planner struct {
	index    map[*Node]int // step that computes a node
	uses     map[*Node]int
	last     map[*Node]int // last step that reads a node
	slots    map[*Node]slot
	output   map[*Node]int // output number of a node
	storages []*storage
}

// placeParts lets the parts of a pack that nobody else reads be computed in
// the pack's own memory. Outer packs come first.
func (b *planner) placeParts(n *Node) {
	op, ok := n.op.(PackOp)
	if !ok {
		return
	}
	var s slot
	for i, c := range n.in {
		_, isOutput := b.output[c]
		_, alias := c.op.(Aliaser)
		if _, placed := b.slots[c]; placed || alias || c.op == nil || isOutput || b.uses[c] != 1 {
			continue
		}
		if s.s == nil {
			s = b.own(n)
		}
		b.slots[c] = slot{s.s, s.off + op.Offs[i]}
	}
}

// own returns n's slot, giving it a storage of its own if it has none.
func (b *planner) own(n *Node) slot {
	if s, ok := b.slots[n]; ok {
		return s
	}
	st := &storage{size: size(n.shape), first: -1}
	if i, ok := b.output[n]; ok {
		st.root, st.arg = inOutput, i
	}
	b.storages = append(b.storages, st)
	b.slots[n] = slot{st, 0}
	return b.slots[n]
}

// placeNode gives n a slot, in the order of execution.
func (b *planner) placeNode(n *Node) {
	s, placed := b.slots[n]
	if !placed {
		if al, ok := n.op.(Aliaser); ok {
			from := b.slots[n.in[0]]
			s = slot{from.s, from.off + al.Alias()}
		} else if over, ok := b.overwrite(n); ok {
			s = over
		} else {
			s = b.own(n)
		}
		b.slots[n] = s
	}
	if s.s.first < 0 {
		s.s.first = b.index[n]
	}
	s.s.last = max(s.s.last, b.last[n])
}

// overwrite returns the slot of an input that n may be computed over: a value
// of n's size that fills its storage and that no later step reads.
func (b *planner) overwrite(n *Node) (slot, bool) {
	op, ok := n.op.(InPlacer)
	if _, isOutput := b.output[n]; !ok || isOutput {
		return slot{}, false
	}
	for _, i := range op.InPlace() {
		s := b.slots[n.in[i]]
		if s.s.root == inArena && s.off == 0 && s.s.size == size(n.shape) && s.s.last <= b.index[n] {
			return s, true
		}
	}
	return slot{}, false
}

// finish lays the storages of the arena out: each at the lowest offset that is
// free while it lives, the largest first.
func (b *planner) finish(order []*Node) plan {
	const align = 16 // elements; rows start on a cache line
	var arena []*storage
	for _, s := range b.storages {
		if s.root == inArena {
			arena = append(arena, s)
		}
	}
	slices.SortStableFunc(arena, func(a, c *storage) int { return c.size - a.size })
	p := plan{places: map[*Node]place{}}
	var laid []*storage // by offset
	for _, s := range arena {
		for _, o := range laid {
			if o.first <= s.last && s.first <= o.last && overlap(s.off, s.size, o.off, o.size) {
				s.off = (o.off + o.size + align - 1) / align * align
			}
		}
		at, _ := slices.BinarySearchFunc(laid, s, func(a, c *storage) int { return a.off - c.off })
		laid = slices.Insert(laid, at, s)
		p.arena = max(p.arena, s.off+s.size)
	}
	for _, n := range order {
		s := b.slots[n]
		p.places[n] = place{s.s.root, s.s.arg, s.off + s.s.off}
	}
	return p
}
