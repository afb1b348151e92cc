//go:build libtorch

package libtorch

import (
	"runtime"
	"sync"

	"github.com/sugarme/gotch/libtch"
)

// libtorch keeps its grad mode, its last error and its team of OpenMP threads
// for each thread of the operating system, while goroutines move from one to
// another. So all calls are made on threads of the package's own. Idle threads
// are used again, the latest first: a program that computes one thing at a
// time uses one thread, and one team.
type thread struct{ jobs chan func() }

var (
	idleMu sync.Mutex
	idle   []*thread
)

// onThread runs f on one of the package's threads and waits for it. A panic of
// f goes on in the caller.
func onThread(f func() error) (err error) {
	t := idleThread()
	done := make(chan any, 1)
	t.jobs <- func() {
		defer func() { done <- recover() }()
		err = f()
	}
	p := <-done
	idleMu.Lock()
	idle = append(idle, t)
	idleMu.Unlock()
	if p != nil {
		panic(p)
	}
	return err
}

func idleThread() *thread {
	idleMu.Lock()
	defer idleMu.Unlock()
	if n := len(idle); n > 0 {
		t := idle[n-1]
		idle = idle[:n-1]
		return t
	}
	t := &thread{make(chan func())}
	go t.serve()
	return t
}

func (t *thread) serve() {
	runtime.LockOSThread() // never unlocked: the goroutine lasts
	libtch.AtGradSetEnabled(0)
	if n := wantThreads.Load(); n > 0 {
		setThreads(int(n))
	}
	for f := range t.jobs {
		f()
	}
}
