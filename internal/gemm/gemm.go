package gemm

import (
	"fmt"

	"github.com/miniunlearn/miniunlearn/internal/parallel"
)

// Float is the element type of a matrix.
type Float interface{ float32 | float64 }

// F32 sets C = alpha·op(A)·op(B) + beta·C for row-major matrices, where op(A)
// is m×k, op(B) is k×n, and trans says that the transpose is stored: A then
// has k rows and m columns. lda, ldb and ldc are the distances between the
// starts of consecutive stored rows. The pool may be nil. C must not overlap A
// or B. F32 panics on dimensions that the slices cannot hold.
func F32(p *parallel.Pool, transA, transB bool, m, n, k int, alpha float32, a []float32, lda int, b []float32, ldb int, beta float32, c []float32, ldc int) {
	if !ready(transA, transB, m, n, k, alpha, a, lda, b, ldb, beta, c, ldc) {
		return
	}
	multiply32(p, transA, transB, m, n, k, alpha, a, lda, b, ldb, beta, c, ldc)
}

// F64 is F32 for float64.
func F64(p *parallel.Pool, transA, transB bool, m, n, k int, alpha float64, a []float64, lda int, b []float64, ldb int, beta float64, c []float64, ldc int) {
	if !ready(transA, transB, m, n, k, alpha, a, lda, b, ldb, beta, c, ldc) {
		return
	}
	multiply64(p, transA, transB, m, n, k, alpha, a, lda, b, ldb, beta, c, ldc)
}

// Name returns the name of the implementation in use, "own-avx2", "portable"
// or "openblas". Bits are promised per name and machine, so a record of a
// training run carries it.
func Name() string { return name }

// ready checks the arguments and does the products that need neither A nor B.
// It reports whether anything is left to do.
func ready[T Float](transA, transB bool, m, n, k int, alpha T, a []T, lda int, b []T, ldb int, beta T, c []T, ldc int) bool {
	if m < 0 || n < 0 || k < 0 {
		panic(fmt.Sprintf("gemm: negative size: m %d, n %d, k %d", m, n, k))
	}
	if m == 0 || n == 0 {
		return false
	}
	check("C", c, m, n, ldc)
	if alpha == 0 || k == 0 {
		scale(beta, m, n, c, ldc)
		return false
	}
	if transA {
		check("A", a, k, m, lda)
	} else {
		check("A", a, m, k, lda)
	}
	if transB {
		check("B", b, n, k, ldb)
	} else {
		check("B", b, k, n, ldb)
	}
	return true
}

func check[T Float](matrix string, x []T, rows, cols, ld int) {
	if ld < cols || len(x) < (rows-1)*ld+cols {
		panic(fmt.Sprintf("gemm: %s is stored as %d×%d with row stride %d, its slice has length %d", matrix, rows, cols, ld, len(x)))
	}
}

// scale sets C = beta·C.
func scale[T Float](beta T, m, n int, c []T, ldc int) {
	for i := range m {
		row := c[i*ldc : i*ldc+n]
		if beta == 0 {
			clear(row)
			continue
		}
		for j := range row {
			row[j] *= beta
		}
	}
}
