//go:build !openblas

package gemm

import "github.com/miniunlearn/miniunlearn/internal/parallel"

var (
	name     = pick()
	kernel32 = pick32()
	kernel64 = pick64()
)

var (
	jobs32 = newJobs[float32]()
	jobs64 = newJobs[float64]()
)

func multiply32(p *parallel.Pool, transA, transB bool, m, n, k int, alpha float32, a []float32, lda int, b []float32, ldb int, beta float32, c []float32, ldc int) {
	j := jobs32.Get().(*job[float32])
	j.product = product[float32]{
		kernel: kernel32, m: m, n: n, k: k, alpha: alpha, beta: beta,
		a: operand[float32]{a, lda, transA}, b: operand[float32]{b, ldb, transB}, c: c, ldc: ldc,
	}
	j.do(p)
	jobs32.Put(j)
}

func multiply64(p *parallel.Pool, transA, transB bool, m, n, k int, alpha float64, a []float64, lda int, b []float64, ldb int, beta float64, c []float64, ldc int) {
	j := jobs64.Get().(*job[float64])
	j.product = product[float64]{
		kernel: kernel64, m: m, n: n, k: k, alpha: alpha, beta: beta,
		a: operand[float64]{a, lda, transA}, b: operand[float64]{b, ldb, transB}, c: c, ldc: ldc,
	}
	j.do(p)
	jobs64.Put(j)
}
