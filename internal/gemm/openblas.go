//go:build openblas

package gemm

// #cgo LDFLAGS: -lopenblas
// void openblas_set_num_threads(int);
import "C"

import (
	"sync"

	"github.com/miniunlearn/miniunlearn/internal/parallel"
	"gonum.org/v1/gonum/blas"
	"gonum.org/v1/netlib/blas/netlib"
)

const name = "openblas"

// OpenBLAS's own threads would split the work by their number; bits must not
// depend on it.
func init() { C.openblas_set_num_threads(1) }

// serialWork is the number of multiply-adds below which a product is one call.
const serialWork = 1 << 18

// mostParts is the greatest number of parts of a product: OpenBLAS packs both
// operands in each.
const mostParts = 4

// call is one multiplication. Calls are pooled, with part bound once, so that
// a multiplication does not allocate.
type call[T Float] struct {
	gemm           func(tA, tB blas.Transpose, m, n, k int, alpha T, a []T, lda int, b []T, ldb int, beta T, c []T, ldc int)
	transA, transB bool
	m, n, k        int
	alpha, beta    T
	a, b, c        []T
	lda, ldb, ldc  int
	size           int // rows, or columns, of a part
	part           func(int)
}

func newCalls[T Float]() *sync.Pool {
	return &sync.Pool{New: func() any {
		c := new(call[T])
		c.part = c.do
		return c
	}}
}

var (
	calls32 = newCalls[float32]()
	calls64 = newCalls[float64]()
	sgemm   = netlib.Implementation{}.Sgemm
	dgemm   = netlib.Implementation{}.Dgemm
)

func multiply32(p *parallel.Pool, transA, transB bool, m, n, k int, alpha float32, a []float32, lda int, b []float32, ldb int, beta float32, c []float32, ldc int) {
	x := calls32.Get().(*call[float32])
	*x = call[float32]{sgemm, transA, transB, m, n, k, alpha, beta, a, b, c, lda, ldb, ldc, 0, x.part}
	x.share(p)
	calls32.Put(x)
}

func multiply64(p *parallel.Pool, transA, transB bool, m, n, k int, alpha float64, a []float64, lda int, b []float64, ldb int, beta float64, c []float64, ldc int) {
	x := calls64.Get().(*call[float64])
	*x = call[float64]{dgemm, transA, transB, m, n, k, alpha, beta, a, b, c, lda, ldb, ldc, 0, x.part}
	x.share(p)
	calls64.Put(x)
}

// share cuts C along its longer side, by the shape alone, and runs the parts.
func (x *call[T]) share(p *parallel.Pool) {
	side, parts := max(x.m, x.n), 1
	if work := x.m * x.n * x.k; work > serialWork {
		parts = min(2+work>>22, mostParts)
	}
	x.size = (side + parts - 1) / parts
	x.size = (x.size + 15) / 16 * 16
	p.For((side+x.size-1)/x.size, x.part)
	*x = call[T]{part: x.part} // do not keep the caller's matrices alive
}

func (x *call[T]) do(i int) {
	m, n, a, b, c := x.m, x.n, x.a, x.b, x.c
	from := i * x.size
	if m >= n {
		m = min(x.size, m-from)
		a, c = a[start(x.transA, x.lda, from, 0):], c[from*x.ldc:]
	} else {
		n = min(x.size, n-from)
		b, c = b[start(x.transB, x.ldb, 0, from):], c[from:]
	}
	x.gemm(trans(x.transA), trans(x.transB), m, n, x.k, x.alpha, a, x.lda, b, x.ldb, x.beta, c, x.ldc)
}

// start returns where row i, column j of op(X) is stored.
func start(transposed bool, ld, i, j int) int {
	if transposed {
		i, j = j, i
	}
	return i*ld + j
}

func trans(t bool) blas.Transpose {
	if t {
		return blas.Trans
	}
	return blas.NoTrans
}
