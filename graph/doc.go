// Package graph builds, differentiates and runs the computation graphs of
// miniunlearn.
//
// A model is a function of one vector: all parameters are one flat [P] input,
// and layers read views of it, so a gradient, a Hessian-vector product, a
// recorded training step and a checkpoint are each one vector. A [Graph] is a
// Gorgonia ExprGraph whose nodes are made by the ops of this package. The set
// is closed under differentiation: every derivative is made of ops of the set,
// so [Grad] can be applied to its own result, to any order.
//
//	g := graph.New(graph.Float32)
//	w := g.Input("w", 5*3+3)
//	x := g.Input("x", 8, 5)
//	z := graph.Affine(x, graph.View(w, 0, 5, 3), graph.View(w, 15, 3))
//	…
//	grad := graph.Grad(loss, w)                    // [P]
//	hvp := graph.Grad(graph.Dot(grad, v), w)       // exact H·v, [P]
//
// Layers are plain functions of nodes: [Affine], [Conv2D], [Bias] with an
// activation, [MaxPool2D], [AvgPool2D], [GlobalAvgPool], [GroupNorm],
// [LayerNorm]; dropout is [Mul] with an input that holds the mask; [Rows] looks
// rows up in a table, of parameters or of examples. Losses are
// one number for each example: [CrossEntropy], [SoftCrossEntropy], [KLDistill].
//
// An [Engine] compiles chosen outputs of a graph into a [Program], a function
// from input tensors to output tensors. [Walker] is the default: it walks the
// graph in topological order over one memory plan and allocates nothing per
// run. [Tape] runs the same graph on Gorgonia's tape machine and is the
// reference that other engines are compared with; package enginetest holds the
// suite that every engine passes. Package libtorch (build tag libtorch) runs
// the same graphs on the CPU and on CUDA. [Open] opens an engine by name and
// device.
//
// Shape mistakes are programmer errors and panic with a [*ShapeError] while a
// graph is built; [Build] turns them into errors where the architecture came
// from a user.
package graph
