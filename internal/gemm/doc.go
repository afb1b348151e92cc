// Package gemm multiplies matrices: C = alpha·op(A)·op(B) + beta·C.
//
// Nearly all arithmetic of training a network, and of every product with its
// Hessian, happens here. Matrices are row-major slices with a row stride ("ld",
// leading dimension) that may exceed the width, op is the identity or the
// transpose, and [F32] and [F64] cover both types:
//
//	gemm.F32(pool, false, false, m, n, k, 1, a, k, b, n, 0, c, n) // C = A·B
//
// # How it works
//
// The default build needs no cgo. C is cut into blocks of rows and columns, one
// task each; a task walks over k in slices of equal length of at most [sliceK],
// copies a slice of op(B) panel by panel (16 columns side by side, so that the
// inner loop reads memory in order and out of the first-level cache), and runs
// a micro-kernel over the rows: 6×16 products are held in twelve vector
// registers while k passes by. A is read where it is, transposed or not, since
// the kernel broadcasts single elements of it. With few rows B is read in place
// too, and a C of few columns is computed as its transpose where A allows it.
//
// The micro-kernels are assembly for AVX2 and FMA (written by gen.go), chosen
// when the processor has both; everywhere else the same tasks run a portable
// kernel in Go. [Name] says which.
//
// # What is promised
//
// Every element of C is computed by one and the same sequence of operations:
// per slice of k the products are accumulated in order of k starting from zero,
// the sum is multiplied by alpha and added to beta·C (to C, from the second
// slice on), each step rounded as always. The slices depend on k alone. So, on
// one machine and in one build,
//
//   - the bits do not depend on the number of workers, on GOMAXPROCS or on what
//     else runs;
//   - a row of C depends on that row of op(A) and on op(B), not on how many
//     other rows there are or where it stands; likewise a column;
//   - NaN and infinities travel as IEEE 754 has them: no zero is skipped.
//
// With beta = 0 C is not read; with alpha = 0 or k = 0 A and B are not.
//
// With the build tag openblas, OpenBLAS does the work (one thread inside, the
// blocks of C handed to our own workers); the first promise holds there too,
// the second does not.
package gemm
