//go:build libtorch

package libtorch

// #cgo CXXFLAGS: -std=c++17
// #cgo LDFLAGS: -lstdc++ -ltorch -ltorch_cpu -lc10
// #include "gaps.h"
// #include <stdlib.h>
import "C"

import (
	"errors"
	"strings"
	"unsafe"

	"github.com/sugarme/gotch/libtch"

	_ "github.com/miniunlearn/miniunlearn/graph/libtorch/internal/headers" // says so if libtorch is missing
)

// tensor is a tensor of libtorch, owned by whoever made it. gotch's own
// ts.Tensor costs 100 kB of garbage and a finalizer for each, so the package
// uses the layer below, where freeing is explicit and nothing is collected.
type tensor = libtch.Ctensor

// Numbers of libtorch's types, from c10/core/ScalarType.h.
const (
	kindFloat  = 6
	kindDouble = 7
)

func gapsError() error { return torchError(C.GoString(C.gaps_error())) }

// lastError returns the error of the last call of libtch on this thread.
func lastError() error {
	p := unsafe.Pointer(libtch.GetAndResetLastErr())
	if p == nil {
		return nil
	}
	defer C.free(p)
	return torchError(C.GoString((*C.char)(p)))
}

// torchError is the text of an exception without its C++ stack.
func torchError(text string) error {
	text, _, _ = strings.Cut(text, "\nException raised from ")
	text, _, _ = strings.Cut(text, "\nframe #0")
	return errors.New(strings.TrimSpace(text))
}

func version() string     { return C.GoString(C.gaps_version()) }
func cpuName() string     { return C.GoString(C.gaps_cpu()) }
func configure()          { C.gaps_configure() }
func keepMemory()         { C.gaps_keep_memory() }
func setThreads(n int)    { C.gaps_set_threads(C.int(n)) }
func threads() int        { return int(C.gaps_threads()) }
func finite(t tensor) int { return int(C.gaps_finite(raw(t))) }

func raw(t tensor) C.gaps_tensor    { return C.gaps_tensor(unsafe.Pointer(t)) }
func cooked(t C.gaps_tensor) tensor { return tensor(unsafe.Pointer(t)) }
func ints(d []int64) *C.int64_t     { return (*C.int64_t)(unsafe.Pointer(unsafe.SliceData(d))) }

// wrap returns a vector that uses the host memory at data, which must be
// pinned while it exists.
func (x *exec) wrap(data unsafe.Pointer, n, kind int) tensor {
	return x.own(cooked(C.gaps_wrap(data, C.int64_t(n), C.int(kind))))
}

// view returns the numbers of t from off on, in the given shape.
func (x *exec) view(t tensor, off int, dims []int64) tensor {
	if x.err != nil {
		return nil
	}
	return x.own(cooked(C.gaps_view(raw(t), C.int64_t(off), ints(dims), C.int(len(dims)))))
}

// add returns a + alpha·b, written over a if over.
func (x *exec) add(a, b tensor, alpha float64, over bool) tensor {
	switch {
	case x.err != nil:
		return nil
	case over:
		return x.own(cooked(C.gaps_add_(raw(a), raw(b), C.double(alpha))))
	}
	return x.own(cooked(C.gaps_add(raw(a), raw(b), C.double(alpha))))
}

func (x *exec) gelu(t tensor) tensor {
	if x.err != nil {
		return nil
	}
	return x.own(cooked(C.gaps_gelu(raw(t))))
}

func (x *exec) geluSlope(t tensor) tensor {
	if x.err != nil {
		return nil
	}
	return x.own(cooked(C.gaps_gelu_slope(raw(t))))
}

func (x *exec) conv(t, k tensor, stride, pad int) tensor {
	if x.err != nil {
		return nil
	}
	return x.own(cooked(C.gaps_conv(raw(t), raw(k), C.int64_t(stride), C.int64_t(pad))))
}

func (x *exec) convInputGrad(k, g tensor, image []int64, stride, pad int) tensor {
	if x.err != nil {
		return nil
	}
	return x.own(cooked(C.gaps_conv_input_grad(raw(k), raw(g), ints(image), C.int64_t(stride), C.int64_t(pad))))
}

func (x *exec) convKernelGrad(t, g tensor, kernel []int64, stride, pad, groups int) tensor {
	if x.err != nil {
		return nil
	}
	return x.own(cooked(C.gaps_conv_kernel_grad(raw(t), raw(g), ints(kernel), C.int64_t(stride), C.int64_t(pad), C.int64_t(groups))))
}

func (x *exec) normGrad(xhat, g tensor) tensor {
	if x.err != nil {
		return nil
	}
	return x.own(cooked(C.gaps_norm_grad(raw(xhat), raw(g))))
}

func (x *exec) rows(table, index tensor) tensor {
	if x.err != nil {
		return nil
	}
	return x.own(cooked(C.gaps_rows(raw(table), raw(index))))
}

func (x *exec) addRows(rows, index tensor, n int, ordered bool) tensor {
	if x.err != nil {
		return nil
	}
	order := C.int(0)
	if ordered {
		order = 1
	}
	return x.own(cooked(C.gaps_add_rows(raw(rows), raw(index), C.int64_t(n), order)))
}

// own takes a tensor that a function of gaps.h returned.
func (x *exec) own(t tensor) tensor {
	if t == nil {
		x.fail(gapsError())
		return nil
	}
	x.temps = append(x.temps, t)
	return t
}
