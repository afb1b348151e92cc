// Package enginetest is the suite that every engine of package graph passes.
//
// An engine's own test calls [Run] with a constructor. The suite compares
// gradients and Hessian-vector products with central differences in float64,
// and checks what trainers rely on: weights per example, every batch size from
// one, several outputs of one run, no stale results, equal bits for equal
// inputs, and no growth of memory over many runs.
package enginetest
