package graph

// memory is what the programs of a sharing Walker have in common, or what one
// program has for itself, by number type.
type memory [2]struct {
	arena *Tensor
	desks desks
}

// Sharer is an engine of which one can have programs for many batch sizes: they
// hold no values of a batch each while they wait.
type Sharer interface {
	Engine
	// Sharing returns an engine that computes as this one does, to the bit, for
	// programs of which one runs at a time. Between runs they hold next to no
	// memory, or all of them together what the largest needs. Programs of
	// engines that different calls returned may run in parallel.
	Sharing() Engine
}

// Sharing implements Sharer: the programs of the engine that it returns live in
// one block of memory, as large as the largest of them needs.
func (w *Walker) Sharing() Engine { return &Walker{pool: w.pool, memory: &memory{}} }

// reserve makes the arena hold n numbers.
func (m *memory) reserve(dt DType, n int) {
	if b := &m[dt]; b.arena == nil || b.arena.Len() < n {
		b.arena = NewTensor(dt, n)
	}
}

// settle puts the program's values into the arena. It is done anew at each run,
// since a program compiled later may have asked for a larger one.
func (w *walk) settle() {
	arena := w.memory[w.dt].arena
	for _, a := range w.arena {
		a.t.bind(arena, a.off)
	}
}

// leave lets go of the arena, so that one which was outgrown is garbage.
func (w *walk) leave() {
	for _, a := range w.arena {
		a.t.f32, a.t.f64 = nil, nil
	}
}
