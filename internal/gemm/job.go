//go:build !openblas

package gemm

import (
	"sync"

	"github.com/miniunlearn/miniunlearn/internal/parallel"
)

// sliceK is the greatest length of a slice of k: a packed panel of 16 columns
// (16 KiB in float32) and six rows of A fit the first-level cache together.
const sliceK = 256

// A task is at most taskRows×taskCols elements of C, twice as wide in products
// of more than wideWork multiply-adds. A slice of its rows of A (192 KiB in
// float32) stays in the second-level cache while its columns pass by.
const (
	taskRows = 192
	taskCols = 64
	wideWork = 1 << 26
)

// directRows is the greatest number of rows for which a B that is stored as
// the kernel wants it is read in place: packing pays only if a panel is used
// often. Rows of B that fall on the same sets of the caches, as at multiples of
// 4 KiB, push each other out, and are packed from the second strip on.
const directRows = 48

// turnSize is the greatest number of elements of an A that is turned panel by
// panel for a narrow C (see do): a larger one comes from main memory, which
// likes it better row by row.
const turnSize = 1 << 20

// serialWork is the number of multiply-adds below which a product is one task:
// handing out tasks costs a microsecond or so.
const serialWork = 1 << 18

// operand is a stored matrix; trans says that op is the transpose.
type operand[T Float] struct {
	x     []T
	ld    int
	trans bool
}

// from returns the stored elements from row i, column j of op(x) on.
func (o *operand[T]) from(i, j int) []T {
	if o.trans {
		i, j = j, i
	}
	return o.x[i*o.ld+j:]
}

// product holds the arguments of one multiplication.
type product[T Float] struct {
	kernel      *kernel[T]
	m, n, k     int
	alpha, beta T
	a, b        operand[T]
	c           []T
	ldc         int
}

// job is a product cut into tasks. Jobs are pooled, with task bound once, so
// that a multiplication does not allocate.
type job[T Float] struct {
	product[T]
	slice      int  // length of the slices of k
	rows, cols int  // size of a task
	across     int  // tasks side by side
	direct     bool // read B in place
	turned     []T  // Cᵀ, if that is what is computed
	task       func(int)
}

func newJobs[T Float]() *sync.Pool {
	desks := &sync.Pool{New: func() any { return new(desk[T]) }}
	return &sync.Pool{New: func() any {
		j := new(job[T])
		j.task = func(i int) {
			d := desks.Get().(*desk[T])
			d.work(j, i)
			desks.Put(d)
		}
		return j
	}}
}

// do computes the product, or its transpose Cᵀ = op(B)ᵀ·op(A)ᵀ if C is narrower
// than a tile: tiles have many columns, but any number of rows.
func (j *job[T]) do(p *parallel.Pool) {
	nr := j.kernel.nr
	if m, n := j.m, j.n; n < nr && m >= nr && (j.a.trans || m*j.k <= turnSize) {
		c, ldc := j.c, j.ldc
		j.turned = room(j.turned, m*n)
		if j.beta != 0 {
			j.kernel.turn(j.turned, m, c, ldc, m, n)
		}
		j.m, j.n, j.c, j.ldc = n, m, j.turned, m
		j.a, j.b = j.b, j.a
		j.a.trans, j.b.trans = !j.a.trans, !j.b.trans
		j.share(p)
		j.kernel.turn(c, ldc, j.turned, m, n, m)
	} else {
		j.share(p)
	}
	j.product = product[T]{} // do not keep the caller's matrices alive
}

// share cuts the product by its shape alone and runs the tasks.
func (j *job[T]) share(p *parallel.Pool) {
	j.slice = evenly(j.k, sliceK, 1)
	j.direct = !j.b.trans && (j.m <= j.kernel.mr || j.m <= directRows && j.b.ld%1024 != 0)
	j.rows, j.cols, j.across = j.m, j.n, 1
	tasks := 1
	if work := j.m * j.n * j.k; work > serialWork {
		width := taskCols
		if work > wideWork {
			width *= 2
		}
		j.rows = evenly(j.m, taskRows, j.kernel.mr)
		j.cols = evenly(j.n, width, j.kernel.nr)
		j.across = ceil(j.n, j.cols)
		tasks = j.across * ceil(j.m, j.rows)
	}
	p.For(tasks, j.task)
}

// evenly returns the size of the parts when n is cut into the fewest nearly
// equal parts of at most limit, rounded up to a multiple of unit.
func evenly(n, limit, unit int) int {
	return ceil(ceil(n, ceil(n, limit)), unit) * unit
}

func ceil(n, d int) int { return (n + d - 1) / d }
