//go:build libtorch

package libtorch

import (
	"fmt"
	"runtime"
	"sync/atomic"
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

type memory struct{ t atomic.Pointer[byte] }

func (m *memory) free() { free(tensor(unsafe.Pointer(m.t.Swap(nil)))) }

func (e *Engine) newBuffer(t tensor, n int) *buffer {
	b := &buffer{e, n, &memory{}}
	b.memory.t.Store((*byte)(unsafe.Pointer(t)))
	runtime.AddCleanup(b, (*memory).free, b.memory)
	return b
}

func (b *buffer) tensor() tensor { return tensor(unsafe.Pointer(b.memory.t.Load())) }

// Device implements graph.Buffer.
func (b *buffer) Device() string { return b.engine.device }

// Free implements graph.Buffer.
func (b *buffer) Free() { b.memory.free() }

// Read implements graph.Buffer.
func (b *buffer) Read(host *graph.Tensor) error {
	defer runtime.KeepAlive(b)
	return onThread(func() error {
		if b.tensor() == nil {
			return fmt.Errorf("libtorch: the tensor on %s was freed", b.Device())
		}
		x := newExec(b.engine.dev, host.DType())
		defer x.clean()
		var pins runtime.Pinner
		defer pins.Unpin()
		x.copy(x.hostVector(&pins, host), b.tensor())
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
