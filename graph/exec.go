package graph

import "github.com/miniunlearn/miniunlearn/internal/parallel"

// Exec is what a running op may use. The zero value runs in the caller.
type Exec struct {
	pool   *parallel.Pool
	desks  *desks // nil allocates
	tables map[form]*convTable
	err    error
}

// Fail ends the run with err after the op that calls it, for numbers that the op
// is not defined for. It is for Eval itself, not for what it gives to Range.
func (x *Exec) Fail(err error) {
	if x.err == nil {
		x.err = err
	}
}

// chunk is how many numbers one task of an elementwise op takes. It is fixed:
// a split that followed the number of workers would change sums.
const chunk = 1 << 14

// Range calls f on consecutive ranges that cover [0, n), in parallel where
// there are workers. The ranges depend on n and grain only; grain 0 suits
// elementwise work.
func (x *Exec) Range(n, grain int, f func(lo, hi int)) {
	if grain <= 0 {
		grain = chunk
	}
	if n <= grain {
		f(0, n)
		return
	}
	x.pool.For((n+grain-1)/grain, func(i int) {
		f(i*grain, min((i+1)*grain, n))
	})
}

// data returns t's backing slice as []T; T must be t's number type.
func data[T Float](t *Tensor) []T {
	var z T
	if _, ok := any(z).(float64); ok {
		return any(t.f64).([]T)
	}
	return any(t.f32).([]T)
}
