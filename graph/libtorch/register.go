//go:build libtorch

package libtorch

import (
	"fmt"
	"reflect"
	"slices"
	"sync"
	"unsafe"

	"github.com/sugarme/gotch/libtch"
	"github.com/sugarme/gotch/ts"

	"github.com/miniunlearn/miniunlearn/graph"
)

// Kernel computes an op's output from its inputs, in gotch's tensors. Inputs have
// the node's shapes, are contiguous, and must not be changed or dropped. The output
// must have the shape that the op infers; it is copied, so it may be an input or a
// view of one, and dropped.
type Kernel func(in []*ts.Tensor) (*ts.Tensor, error)

var (
	registeredMu sync.Mutex
	registered   = map[reflect.Type]func(op graph.Op, in []graph.Shape, out graph.Shape) (Kernel, error){}
)

// RegisterKernel makes the engine run ops of type O, which another package defines.
// When a program is compiled make returns the kernel of a node, or an error if there
// is none for such shapes. Derivatives need none of their own: they are made of ops.
// It panics if O is an op of package graph, or registered already.
func RegisterKernel[O graph.Op](make func(op O, in []graph.Shape, out graph.Shape) (Kernel, error)) {
	t := reflect.TypeFor[O]()
	if t.PkgPath() == reflect.TypeFor[graph.LinOp]().PkgPath() {
		panic(fmt.Sprintf("libtorch: RegisterKernel: %s has a kernel here", t))
	}
	registeredMu.Lock()
	defer registeredMu.Unlock()
	if registered[t] != nil {
		panic(fmt.Sprintf("libtorch: RegisterKernel: %s is registered twice", t))
	}
	registered[t] = func(op graph.Op, in []graph.Shape, out graph.Shape) (Kernel, error) { return make(op.(O), in, out) }
}

// registeredKernel returns the kernel that another package has for n, nil if none
// has.
func registeredKernel(n *graph.Node) (kernel, error) {
	registeredMu.Lock()
	make := registered[reflect.TypeOf(n.Op())]
	registeredMu.Unlock()
	if make == nil {
		return nil, nil
	}
	var shapes []graph.Shape
	for _, in := range n.Inputs() {
		shapes = append(shapes, in.Shape())
	}
	k, err := make(n.Op(), shapes, n.Shape())
	if err != nil || k == nil {
		return nil, err
	}
	want := dims(n.Shape())
	return func(x *exec, in []tensor) tensor {
		if x.err != nil {
			return nil
		}
		handles := []*ts.Tensor{}
		for _, t := range in {
			h := libtch.AtShallowClone(t)
			if err := lastError(); err != nil {
				x.fail(err)
				return nil
			}
			own := ts.FromCtensor(unsafe.Pointer(h))
			defer own.MustDrop()
			handles = append(handles, own)
		}
		out, err := k(handles)
		if err != nil {
			x.fail(err)
			return nil
		}
		if out == nil {
			x.fail(fmt.Errorf("its kernel returned nil"))
			return nil
		}
		defer out.MustDrop() // again where it is an input, which does nothing
		got, err := out.Size()
		if err == nil && !slices.Equal(got, want) {
			err = fmt.Errorf("its kernel returned shape %v, and the op infers %v", got, want)
		}
		if err != nil {
			x.fail(err)
			return nil
		}
		return x.spread(libtch.Ctensor(out.Ctensor()), want)
	}, nil
}
