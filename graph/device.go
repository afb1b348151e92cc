package graph

import (
	"errors"
	"fmt"
	"sync"
)

// Buffer is a tensor's numbers in the memory of a device. An engine whose
// memory is not the host's implements it, so that the vectors that its
// programs pass to each other stay where they are.
type Buffer interface {
	// Device names the memory, for example "cuda:0".
	Device() string
	// Read copies the numbers into host, a tensor in host memory.
	Read(host *Tensor) error
	// Free gives the memory back. A program may be about to read it at that
	// moment; then the numbers are in host memory, too.
	Free()
}

// Resident is an engine that may have memory of its own. Where it has, each
// program's inputs are sent there and its outputs stay, as Buffers: numbers
// that many runs read, such as a data set, are worth keeping there in one
// tensor, of which programs take what they need.
type Resident interface {
	Engine
	// Resident reports whether the engine's memory is not the host's.
	Resident() bool
}

// ErrMemory is wrapped by the error of a run that the device's memory did not
// suffice for.
var ErrMemory = errors.New("the device's memory is full")

// DeviceError is what reading a tensor panics with if its numbers cannot be
// brought back from the device: the device, not the call, is at fault.
type DeviceError struct {
	Device string
	Err    error
}

// Error implements error.
func (e *DeviceError) Error() string {
	return fmt.Sprintf("graph: a tensor on %s cannot be read: %v", e.Device, e.Err)
}

// Unwrap returns the device's own error.
func (e *DeviceError) Unwrap() error { return e.Err }

// mirror is a tensor's buffer. The host's numbers are brought up to date when
// somebody asks for them: most vectors of a training run are never read there.
type mirror struct {
	buf   Buffer
	mu    sync.Mutex
	stale bool // the host's numbers are older than the buffer's
}

func (m *mirror) fetch(t *Tensor) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if !m.stale {
		return
	}
	if err := m.buf.Read(t.host()); err != nil {
		panic(&DeviceError{m.buf.Device(), err})
	}
	m.stale = false
}

// host returns t's host memory as a tensor without a buffer.
func (t *Tensor) host() *Tensor { return &Tensor{dt: t.dt, shape: t.shape, f32: t.f32, f64: t.f64} }

// read makes the host's numbers current.
func (t *Tensor) read() {
	if m := t.mirror.Load(); m != nil {
		m.fetch(t)
	}
}

// write makes the host's numbers current and the only ones.
func (t *Tensor) write() {
	if m := t.mirror.Load(); m != nil {
		m.fetch(t)
		t.drop()
	}
}

// drop makes the host's numbers the only ones, whatever they are.
func (t *Tensor) drop() {
	if t.mirror.Load() == nil {
		return
	}
	if m := t.mirror.Swap(nil); m != nil { // another reader may have been first
		m.buf.Free()
	}
}

// Forget gives t's buffer back and does not bring the numbers to the host: they
// may be anything until they are written again.
func (t *Tensor) Forget() { t.drop() }

// expose notes that t's host memory can be reached by other ways than t's
// methods. From then on its numbers are never kept on a device alone, since a
// slice that was handed out cannot tell of its use. Goroutines that only read
// may call it at the same time, also while a program reads t.
func (t *Tensor) expose() {
	if !t.exposed.Load() {
		t.exposed.Store(true) // first, so that no buffer comes after write; see Keep
	}
	t.write()
}

// ForReading returns t's host memory, brought up to date, for an engine that
// reads it while a program runs and not afterwards. Unlike with Float32s, the
// memory does not count as known to others.
func (t *Tensor) ForReading() *Tensor {
	t.read()
	return t.host()
}

// ForWriting returns t's host memory, all of which an engine will overwrite
// while a program runs.
func (t *Tensor) ForWriting() *Tensor {
	t.drop()
	return t.host()
}

// Buffer returns t's numbers on a device, nil if they are in host memory only.
func (t *Tensor) Buffer() Buffer {
	if m := t.mirror.Load(); m != nil {
		return m.buf
	}
	return nil
}

// Keep gives t a buffer that holds a copy of its numbers, for programs to
// come, and reports whether t took it. It takes none if its host memory can be
// reached past its methods, or if it has a buffer: then b stays the caller's.
// Programs that share an input may call it at the same time.
func (t *Tensor) Keep(b Buffer) bool {
	m := &mirror{buf: b}
	if t.exposed.Load() || !t.mirror.CompareAndSwap(nil, m) {
		return false
	}
	// Exposed since: either it is taken back here, or expose has dropped it.
	return !t.exposed.Load() || !t.mirror.CompareAndSwap(m, nil)
}

// Replace gives t a buffer with new numbers, and reports whether t took it. If
// t's host memory can be reached past its methods the numbers are copied there
// instead, and b stays the caller's.
func (t *Tensor) Replace(b Buffer) (bool, error) {
	t.drop()
	if t.exposed.Load() {
		return false, b.Read(t.host())
	}
	t.mirror.Store(&mirror{buf: b, stale: true})
	return true, nil
}
