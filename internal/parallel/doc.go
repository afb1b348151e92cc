// Package parallel runs independent pieces of work on a fixed set of workers.
//
// Everything numeric in this module promises the same bits at any number of
// workers. The promise is kept by the callers, in two steps: they cut the work
// into pieces by its shape alone (never by the number of workers), and each
// piece writes results that no other piece touches. Which worker runs a piece,
// and when, is then of no consequence. [Pool.For] is the operation of the inner
// loops:
//
//	pool := parallel.New(0)               // one worker per GOMAXPROCS
//	pool.For(len(rows), func(i int) {     // rows[i] depends on i only
//		rows[i] = compute(i)
//	})
//
// A training step makes hundreds of such calls of some tens of microseconds,
// so a call has to be cheap: the workers are persistent goroutines that look
// for the next call for a short while before they sleep, and a caller never
// waits for a worker that has not started.
//
// [Ordered] and [Ahead] are for pieces of milliseconds.
package parallel
