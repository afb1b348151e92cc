package parallel

import (
	"iter"
	"sync"
)

// Ordered calls do(worker, job) for every job and yields the jobs in their
// order, each when it is done. Up to workers calls, told apart by worker, 0 …
// workers−1, run at a time, each in a goroutine of its own; one worker is the
// caller. Jobs are drawn by the caller, and no more than 2·workers are begun and
// not yielded. When the loop ends early, those are finished first. A panic of do
// ends the program, as in any goroutine.
func Ordered[J any](jobs iter.Seq[J], workers int, do func(worker int, job J)) iter.Seq[J] {
	if workers <= 1 {
		return func(yield func(J) bool) {
			for j := range jobs {
				if do(0, j); !yield(j) {
					return
				}
			}
		}
	}
	type task struct {
		job  J
		done chan struct{}
	}
	return func(yield func(J) bool) {
		queue := make(chan task, 2*workers)
		var crew sync.WaitGroup
		for i := range workers {
			crew.Go(func() {
				for t := range queue {
					do(i, t.job)
					close(t.done)
				}
			})
		}
		defer crew.Wait()
		defer close(queue)
		var begun []task
		first := func() bool {
			t := begun[0]
			begun = begun[1:]
			<-t.done
			return yield(t.job)
		}
		for j := range jobs {
			if len(begun) == 2*workers && !first() {
				return
			}
			t := task{j, make(chan struct{})}
			begun = append(begun, t)
			queue <- t
		}
		for len(begun) > 0 {
			if !first() {
				return
			}
		}
	}
}

// Ahead yields what seq yields, which runs in a goroutine of its own, up to n
// values, and one under way, ahead of the one that is asked for. When the loop ends
// early, seq is ended first. A panic of seq ends the program.
func Ahead[T any](seq iter.Seq[T], n int) iter.Seq[T] {
	return func(yield func(T) bool) {
		values, quit := make(chan T, n), make(chan struct{})
		var runner sync.WaitGroup
		runner.Go(func() {
			defer close(values)
			for v := range seq {
				select {
				case values <- v:
				case <-quit:
					return
				}
			}
		})
		defer runner.Wait()
		defer close(quit)
		for v := range values {
			if !yield(v) {
				return
			}
		}
	}
}
