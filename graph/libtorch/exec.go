//go:build libtorch

package libtorch

import (
	"unsafe"

	"github.com/sugarme/gotch/libtch"

	"github.com/miniunlearn/miniunlearn/graph"
)

// exec is what a kernel computes with. Its methods are libtorch's ops one by
// one; they return tensors that live until the kernel ends, the kernel's own
// result excepted. After an error they do nothing, so that kernels need not
// look: err says at the end how the first one failed.
type exec struct {
	dev, kind int32
	// over is the input whose memory the kernel may write its result to, -1 for
	// none.
	over int
	// slots are values that several kernels of a program share during a run,
	// consts such that no run changes.
	slots, consts []tensor

	ret   []tensor // where libtch puts results; nothing else may be in its memory
	temps []tensor
	err   error
}

func newExec(dev int32, dt graph.DType) *exec {
	x := &exec{dev: dev, kind: kindFloat, over: -1, ret: make([]tensor, 3)}
	if dt == graph.Float64 {
		x.kind = kindDouble
	}
	return x
}

func (x *exec) fail(err error) {
	if x.err == nil {
		x.err = err
	}
}

// take returns the result of the libtch call before it.
func (x *exec) take() tensor {
	t := x.ret[0]
	x.ret[0] = nil
	if t == nil {
		x.fail(lastError())
		return nil
	}
	x.temps = append(x.temps, t)
	return t
}

// more returns result i > 0 of the libtch call whose first result was taken.
func (x *exec) more(i int) tensor {
	t := x.ret[i]
	x.ret[i] = nil
	if t != nil {
		x.temps = append(x.temps, t)
	}
	return t
}

// keep takes t from the temporary tensors: the caller frees it.
func (x *exec) keep(t tensor) tensor {
	for i, o := range x.temps {
		if o == t {
			x.temps[i] = nil
			return t
		}
	}
	return t
}

// clone returns another handle of the same memory.
func (x *exec) clone(t tensor) tensor {
	if x.err != nil {
		return nil
	}
	x.ret[0] = libtch.AtShallowClone(t)
	return x.take()
}

// clean frees the temporary tensors.
func (x *exec) clean() {
	for i, t := range x.temps {
		free(t)
		x.temps[i] = nil
	}
	x.temps = x.temps[:0]
}

func free(t tensor) {
	if t != nil {
		libtch.AtFree(t)
	}
}

// unary makes a method of a function of libtch with one tensor.
func (x *exec) unary(f func(*tensor, tensor), a tensor) tensor {
	if x.err != nil {
		return nil
	}
	f(&x.ret[0], a)
	return x.take()
}

func (x *exec) binary(f func(ptr *tensor, a, b tensor), a, b tensor) tensor {
	if x.err != nil {
		return nil
	}
	f(&x.ret[0], a, b)
	return x.take()
}

func (x *exec) relu(a tensor, over bool) tensor {
	if over {
		return x.unary(libtch.AtgRelu_, a)
	}
	return x.unary(libtch.AtgRelu, a)
}

func (x *exec) tanh(a tensor, over bool) tensor {
	if over {
		return x.unary(libtch.AtgTanh_, a)
	}
	return x.unary(libtch.AtgTanh, a)
}

func (x *exec) exp_(a tensor) tensor { return x.unary(libtch.AtgExp_, a) }
func (x *exec) t(a tensor) tensor    { return x.unary(libtch.AtgT, a) }

func (x *exec) mm(a, b tensor) tensor { return x.binary(libtch.AtgMm, a, b) }

// mul returns a·b, written over a if over.
func (x *exec) mul(a, b tensor, over bool) tensor {
	if over {
		return x.binary(libtch.AtgMul_, a, b)
	}
	return x.binary(libtch.AtgMul, a, b)
}

// addcmul returns a + b·c, written over a if over.
func (x *exec) addcmul(a, b, c tensor, over bool) tensor {
	f := libtch.AtgAddcmul
	if over {
		f = libtch.AtgAddcmul_
	}
	if x.err != nil {
		return nil
	}
	f(&x.ret[0], a, b, c)
	return x.take()
}

// scale returns c·a, written over a if over.
func (x *exec) scale(a tensor, c float64, over bool) tensor {
	if x.err != nil {
		return nil
	}
	s := libtch.AtsFloat(c)
	defer libtch.AtsFree(s)
	if over {
		libtch.AtgMulScalar_(&x.ret[0], a, s)
	} else {
		libtch.AtgMulScalar(&x.ret[0], a, s)
	}
	return x.take()
}

// addScalar_ adds c to a.
func (x *exec) addScalar_(a tensor, c float64) tensor {
	if x.err != nil {
		return nil
	}
	s := libtch.AtsFloat(c)
	defer libtch.AtsFree(s)
	libtch.AtgAddScalar_(&x.ret[0], a, s)
	return x.take()
}

// clamp returns a with its numbers brought into [-c, c].
func (x *exec) clamp(a tensor, c float64) tensor {
	if x.err != nil {
		return nil
	}
	lo, hi := libtch.AtsFloat(-c), libtch.AtsFloat(c)
	defer libtch.AtsFree(lo)
	defer libtch.AtsFree(hi)
	libtch.AtgClamp(&x.ret[0], a, lo, hi)
	return x.take()
}

// full returns a new tensor of the constant c.
func (x *exec) full(dims []int64, c float64) tensor {
	if x.err != nil {
		return nil
	}
	s := libtch.AtsFloat(c)
	defer libtch.AtsFree(s)
	libtch.AtgFull(&x.ret[0], some(dims), len(dims), s, x.kind, x.dev)
	return x.take()
}

// empty returns a new tensor that may hold anything.
func (x *exec) empty(dims []int64) tensor {
	if x.err != nil {
		return nil
	}
	libtch.AtgEmpty(&x.ret[0], some(dims), len(dims), x.kind, x.dev)
	return x.take()
}

// some gives the shape of a scalar an address: gotch takes that of the first
// element.
func some(dims []int64) []int64 {
	if len(dims) == 0 {
		return make([]int64, 1)
	}
	return dims
}

// reshape returns a seen as dims; a is contiguous, as all values of a program.
func (x *exec) reshape(a tensor, dims ...int64) tensor { return x.view(a, 0, dims) }

// sum adds up over the given dimensions and drops them.
func (x *exec) sum(a tensor, dims ...int64) tensor {
	if x.err != nil {
		return nil
	}
	libtch.AtgSumDimIntlist(&x.ret[0], a, dims, len(dims), 0, x.kind)
	return x.take()
}

// dot returns Σ a∘b, summed in float64.
func (x *exec) dot(a, b tensor) tensor {
	p := x.mul(x.to(a, kindDouble), b, x.kind != kindDouble)
	if x.err != nil {
		return nil
	}
	libtch.AtgSum(&x.ret[0], p, kindDouble)
	return x.to(x.take(), x.kind)
}

// item returns the number of the scalar a.
func (x *exec) item(a tensor) float64 {
	if x.err != nil {
		return 0
	}
	var none int64
	v := libtch.AtDoubleValueAtIndexes(a, unsafe.Pointer(&none), 0)
	if err := lastError(); err != nil {
		x.fail(err)
	}
	return v
}

// to returns a as numbers of another kind, or a itself.
func (x *exec) to(a tensor, kind int32) tensor {
	if x.err != nil || libtch.AtScalarType(a) == kind {
		return a
	}
	libtch.AtgTotype(&x.ret[0], a, kind)
	return x.take()
}

// copy sets dst to src, of the same shape on any device.
func (x *exec) copy(dst, src tensor) {
	if x.err != nil {
		return
	}
	libtch.AtCopy_(dst, src)
	if err := lastError(); err != nil {
		x.fail(err)
	}
}

// spread returns a new tensor of shape dims that holds a, broadcast. It has
// memory of its own even where a has that shape already.
func (x *exec) spread(a tensor, dims []int64) tensor {
	c := x.empty(dims)
	x.copy(c, a)
	return c
}

// wait waits until the device has finished, so that its errors are reported
// where they belong.
func (x *exec) wait() {
	if x.dev < 0 {
		return
	}
	libtch.AtcSynchronize(int64(x.dev))
	if err := lastError(); err != nil {
		x.fail(err)
	}
}

// dims converts a shape.
func dims(s graph.Shape) []int64 {
	d := make([]int64, len(s))
	for i, n := range s {
		d[i] = int64(n)
	}
	return d
}

// size is the number of elements of a shape.
func size(s graph.Shape) int {
	n := 1
	for _, d := range s {
		n *= d
	}
	return n
}
