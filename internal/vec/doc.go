// Package vec holds the vector algebra of a training step: sums, products,
// the momentum update, dot products, exp and tanh. (Package kernel has what
// layers need: bias, ReLU, pooling.)
//
// All functions work on slices of equal length (they panic otherwise) in the
// calling goroutine. dst may be one of the operands; a partial overlap is not
// allowed. Element i of a result depends on elements i only, so work may be
// split anywhere.
//
// For float32 there are AVX2 kernels (written by gen.go). Unlike matrix
// products, these functions give the same bits on every machine: assembly and
// Go do the same operations in the same order, each rounded, none fused. They
// wait for memory, not for arithmetic, so nothing is lost.
package vec
