// Package kernel holds the inner loops of a network's layers that are not
// matrix products: convolutions, rectifiers, 2×2 max-pooling, and what
// normalisation needs.
//
// The functions are generic; for float32 on processors with AVX2 and FMA they run
// assembly, elsewhere the Go loops beside it. What works element by element
// gives the same bits either way; sums differ in their order. None branches on
// the numbers, since the signs of activations are as good as random.
package kernel
