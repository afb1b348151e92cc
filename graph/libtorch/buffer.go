//go:build libtorch

package libtorch

import (
	"fmt"
	"runtime"
	"sync"
	"unsafe"

	"github.com/miniunlearn/miniunlearn/graph"
)

// buffer is a graph.Buffer: a vector of libtorch's. It is freed by whoever
// replaces it; one that goes with its tensor, by the garbage collector.
type buffer struct {
	engine *Engine
	n      int
	memory *memory
}

// memory is a tensor until it is freed, by one goroutine and perhaps while
// another reads.
type memory struct {
	mu sync.Mutex
	t  tensor
}

func (m *memory) free() {
	m.mu.Lock()
	defer m.mu.Unlock()
	free(m.t)
	m.t = nil
}

func (e *Engine) newBuffer(t tensor, n int) *buffer {
	b := &buffer{e, n, &memory{t: t}}
	runtime.AddCleanup(b, (*memory).free, b.memory)
	return b
}

// handle returns the tensor under a handle of the caller's kernel, which holds
// its memory even if b is freed, or nil if b is free already.
func (b *buffer) handle(x *exec) tensor {
	b.memory.mu.Lock()
	defer b.memory.mu.Unlock()
	if b.memory.t == nil {
		return nil
	}
	return x.clone(b.memory.t)
}

// Device implements graph.Buffer.
func (b *buffer) Device() string { return b.engine.device }

// Free implements graph.Buffer.
func (b *buffer) Free() { b.memory.free() }

// Read implements graph.Buffer.
func (b *buffer) Read(host *graph.Tensor) error {
	defer runtime.KeepAlive(b)
	return onThread(func() error {
		x := newExec(b.engine.dev, host.DType())
		var pins runtime.Pinner
		defer pins.Unpin()
		defer x.clean() // before the pins are taken out
		t := b.handle(x)
		if t == nil && x.err == nil {
			return fmt.Errorf("libtorch: the tensor on %s was freed", b.Device())
		}
		x.copy(x.hostVector(&pins, host), t)
		return x.err
	})
}

// hostVector wraps t's host memory, which stays in its place until pins are
// taken out.
func (x *exec) hostVector(pins *runtime.Pinner, t *graph.Tensor) tensor {
	var p unsafe.Pointer
	if t.DType() == graph.Float64 {
		p = unsafe.Pointer(unsafe.SliceData(t.Float64s()))
	} else {
		p = unsafe.Pointer(unsafe.SliceData(t.Float32s()))
	}
	pins.Pin(p)
	return x.wrap(p, t.Len(), int(x.kind))
}
