package graph

import "sync"

// Scratcher is implemented by ops that need working memory. An engine may
// reserve it when it compiles a program; Eval asks for it by [Exec.Borrow].
type Scratcher interface {
	Op
	// Scratch returns, for inputs of these shapes, how many numbers one task
	// of Eval borrows, and how many Eval borrows for all its tasks together.
	Scratch(in []Shape) (task, shared int)
}

// desks is the working memory of an Exec: as many buffers as there are tasks
// at one time. Few enough that two workers work in two buffers that stay in
// their caches, whatever the number of tasks.
type desks struct {
	mu           sync.Mutex
	free         []*Tensor
	task, shared int // what was reserved
}

// reserve provides the memory that the ops need with the given number of
// workers, while none of it is in use.
func (d *desks) reserve(dt DType, workers int, steps []step) {
	task, shared := d.task, d.shared
	for _, s := range steps {
		if op, ok := s.op.(Scratcher); ok {
			in := make([]Shape, len(s.in))
			for i, t := range s.in {
				in[i] = t.shape
			}
			t, sh := op.Scratch(in)
			task, shared = max(task, t), max(shared, sh)
		}
	}
	if task == d.task && shared == d.shared {
		return
	}
	d.free, d.task, d.shared = nil, task, shared
	if shared > 0 {
		d.free = append(d.free, NewTensor(dt, shared))
	}
	for range workers {
		if task > 0 {
			d.free = append(d.free, NewTensor(dt, task))
		}
	}
}

// Borrow returns a vector of at least n numbers, which may hold anything, for
// the caller alone until it gives it back with Return. It allocates only
// where nothing was reserved.
func (x *Exec) Borrow(dt DType, n int) *Tensor {
	d := x.desks
	if d == nil {
		return NewTensor(dt, n)
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	best := -1
	for i, t := range d.free {
		if t.dt == dt && t.Len() >= n && (best < 0 || t.Len() < d.free[best].Len()) {
			best = i
		}
	}
	if best < 0 {
		return NewTensor(dt, n)
	}
	t, last := d.free[best], len(d.free)-1
	d.free[best] = d.free[last]
	d.free = d.free[:last]
	return t
}

// Return takes back what Borrow gave.
func (x *Exec) Return(t *Tensor) {
	d := x.desks
	if d == nil {
		return
	}
	d.mu.Lock()
	d.free = append(d.free, t)
	d.mu.Unlock()
}
