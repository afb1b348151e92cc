// Package libtorch runs the expression graphs of package graph on libtorch, on
// the CPU and on CUDA. It is a thin executor on top of gotch v0.9.1, which
// binds libtorch 2.1.0: architectures, gradients and Hessian-vector products
// are the graphs that every engine runs, and nothing is defined here twice.
//
// Without the build tag libtorch the package is empty, and importing it costs
// nothing. With it, a blank import makes [graph.Open] know the engine:
//
//	import _ "github.com/miniunlearn/miniunlearn/graph/libtorch"
//	…
//	engine, err := graph.Open("libtorch", "cuda") // or "cpu", "cuda:1"
//
// The library is not part of the module. One command puts it into the user's
// cache and prints what cgo must know; the first build then compiles gotch,
// which takes minutes and 2.6 GB of memory, once:
//
//	eval "$(go run github.com/miniunlearn/miniunlearn/graph/libtorch/setup)"
//	go test -tags libtorch ./graph/libtorch
//
// A [graph.Program] of this engine walks the graph in topological order and
// maps each op to one or a few of libtorch's, freeing every intermediate value
// after its last use. An op without a kernel is an error when the graph is
// compiled; RegisterKernel gives one to an op of another package. On the CPU the tensors of the host are used where they are; on
// CUDA a tensor's numbers stay on the device between programs and come back
// when somebody reads them ([graph.Buffer]).
//
// Results are the same bits for the same machine, device and number of
// threads, and close to those of the other engines: about 1e-6 for float32.
package libtorch
