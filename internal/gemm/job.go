package gemm

import (
	"sync"

	"github.com/miniunlearn/miniunlearn/internal/parallel"
)

// sliceK is the greatest length of a slice of k: a packed panel of 16 columns
// (16 KiB in float32) and six rows of A fit the first-level cache together.
const sliceK = 256

// A task is at most taskRows×taskCols elements of C. A slice of its rows of A
// (192 KiB in float32) stays in the second-level cache while all its columns
// pass by.
const (
	taskRows = 192
	taskCols = 128
)

// directRows is the greatest number of rows for which a B that is stored as
// the kernel wants it is read in place: packing pays only if a panel is used
// often enough.
const directRows = 24

// serialWork is the number of multiply-adds below which a product is one task:
// handing out tasks costs a microsecond or so.
const serialWork = 1 << 18

// operand is a stored matrix; trans says that op is the transpose.
type operand[T Float] struct {
	x     []T
	ld    int
	trans bool
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
	slice      int // length of the slices of k
	rows, cols int // size of a task
	across     int // tasks side by side
	scratch    sync.Pool
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

// do cuts the product by its shape alone and runs the tasks.
func (j *job[T]) do(p *parallel.Pool) {
	j.slice = evenly(j.k, sliceK, 1)
	j.rows, j.cols, j.across = j.m, j.n, 1
	tasks := 1
	if j.m*j.n*j.k > serialWork {
		j.rows = evenly(j.m, taskRows, j.kernel.mr)
		j.cols = evenly(j.n, taskCols, j.kernel.nr)
		j.across = ceil(j.n, j.cols)
		tasks = j.across * ceil(j.m, j.rows)
	}
	p.For(tasks, j.task)
	j.product = product[T]{} // do not keep the caller's matrices alive
}

// evenly returns the size of the parts when n is cut into the fewest nearly
// equal parts of at most limit, rounded up to a multiple of unit.
func evenly(n, limit, unit int) int {
	return ceil(ceil(n, ceil(n, limit)), unit) * unit
}

func ceil(n, d int) int { return (n + d - 1) / d }
