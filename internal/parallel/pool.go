package parallel

import (
	"errors"
	"runtime"
	"sync/atomic"
)

// Pool is a fixed set of workers. The goroutine that calls For is one of them,
// so a pool of w workers owns w−1 goroutines. They end when the pool is
// garbage, or at Close. A nil *Pool and the zero Pool run everything in the
// caller. A Pool may be used by many goroutines; calls that find it busy run
// in their caller.
type Pool struct {
	s *crew
}

// New returns a pool of the given number of workers; workers ≤ 0 means
// runtime.GOMAXPROCS(0).
func New(workers int) *Pool {
	if workers <= 0 {
		workers = runtime.GOMAXPROCS(0)
	}
	if workers == 1 {
		return &Pool{}
	}
	s := &crew{helpers: make([]helper, workers-1), done: make(chan struct{}, 1)}
	for i := range s.helpers {
		h := &s.helpers[i]
		h.wake = make(chan struct{}, 1)
		go s.serve(h)
	}
	p := &Pool{s: s}
	// The goroutines hold the crew, never the Pool, so the Pool can become
	// garbage while they run.
	runtime.AddCleanup(p, (*crew).close, s)
	return p
}

// Workers returns the number of workers, at least 1.
func (p *Pool) Workers() int {
	if p == nil || p.s == nil {
		return 1
	}
	return len(p.s.helpers) + 1
}

// Close ends the pool's goroutines; later calls of For run in their caller.
// It is optional and may be called more than once.
func (p *Pool) Close() {
	if p != nil && p.s != nil {
		p.s.close()
	}
}

// For calls f(0), …, f(n−1), each exactly once, in no particular order, and
// returns when all are done. A call from inside f, or while the pool is busy
// for another goroutine, runs serially. If f panics, no further indices are
// started, the calls under way are waited for, and the first panic's value is
// raised again in the caller.
//
// Indices are handed out in runs of up to n/(8·Workers()), so f(i) may be
// small when n is large.
func (p *Pool) For(n int, f func(i int)) {
	if n > 1 && p != nil && p.s != nil && p.s.busy.CompareAndSwap(false, true) {
		p.s.run(n, f)
		// The pool's cleanup must not run before its last call is over.
		runtime.KeepAlive(p)
		return
	}
	for i := range n {
		f(i)
	}
}

// crew is the state that the goroutines share with their Pool.
//
// One word, state, holds the number of the current call (upper 32 bits),
// whether it is open to helpers (bit 31) and how many helpers are inside it
// (lower bits). A helper joins by adding one to the word while the call is
// open. The caller closes the call when no index is left and then waits for
// those inside only: a helper that wakes late finds the call closed. All other
// fields of a call are written before it opens and after the last has left.
type crew struct {
	state atomic.Uint64
	next  atomic.Int64
	f     func(int)
	n     int
	chunk int

	busy    atomic.Bool
	closed  atomic.Bool
	asleep  atomic.Bool // the caller sleeps on done
	failed  atomic.Bool
	failure any // the first panic, set by whoever sets failed

	done    chan struct{}
	helpers []helper
}

type helper struct {
	asleep atomic.Bool
	wake   chan struct{}
	_      [48]byte // one cache line each
}

const (
	open   = 1 << 31
	inside = open - 1
	callNo = 1 << 32
)

// Polls before a goroutine sleeps: a helper for about as long as the serial
// stretches of a training step last (some 50 µs), a caller less.
const (
	helperPolls = 20000
	callerPolls = 10000
	yieldEvery  = 256
)

var errGoexit = errors.New("parallel: a function passed to For called runtime.Goexit")

func (s *crew) run(n int, f func(int)) {
	s.f, s.n = f, n
	s.chunk = max(1, n/(8*(len(s.helpers)+1)))
	s.next.Store(0)
	// Only the caller changes the number and the open bit, and nobody is
	// inside, so a plain store is enough.
	s.state.Store((s.state.Load()>>32+1)<<32 | open)
	s.rouse(min(n-1, len(s.helpers)))
	defer s.finish()
	s.work()
}

// finish is deferred, so that it also runs when f panics in the caller.
func (s *crew) finish() {
	s.next.Store(int64(s.n)) // a no-op unless f panicked
	s.state.And(^uint64(open))
	for i := 0; s.state.Load()&inside != 0; i++ {
		if i%yieldEvery == yieldEvery-1 {
			runtime.Gosched()
		}
		if i < callerPolls {
			continue
		}
		s.asleep.Store(true)
		if s.state.Load()&inside != 0 || !s.asleep.CompareAndSwap(true, false) {
			<-s.done
		}
		break
	}
	s.f = nil
	failure, failed := s.failure, s.failed.Load()
	s.failure = nil
	s.failed.Store(false)
	s.busy.Store(false)
	if failed {
		panic(failure)
	}
}

// work runs f over the indices that it draws.
func (s *crew) work() {
	f, n, chunk := s.f, s.n, s.chunk
	for {
		end := int(s.next.Add(int64(chunk)))
		i := end - chunk
		if i >= n {
			return
		}
		for end = min(end, n); i < end; i++ {
			f(i)
		}
	}
}

// rouse wakes up to k sleeping helpers; those that still poll need no call.
func (s *crew) rouse(k int) {
	for i := range s.helpers[:k] {
		h := &s.helpers[i]
		if h.asleep.Load() && h.asleep.CompareAndSwap(true, false) {
			h.wake <- struct{}{}
		}
	}
}

func (s *crew) close() {
	s.closed.Store(true)
	s.rouse(len(s.helpers))
}

// serve is the life of a helper.
func (s *crew) serve(h *helper) {
	seen := uint64(0) // number of the last call joined
	for {
		for i := 0; ; i++ {
			if v := s.state.Load(); v&open != 0 && v>>32 != seen {
				if s.state.CompareAndSwap(v, v+1) {
					seen = v >> 32
					s.assist(h)
					i = 0
				}
				continue
			}
			if s.closed.Load() {
				return
			}
			if i%yieldEvery == yieldEvery-1 {
				runtime.Gosched()
			}
			if i >= helperPolls {
				break
			}
		}
		h.asleep.Store(true)
		// A call that opened before the line above may not have seen the flag.
		if v := s.state.Load(); (v&open != 0 && v>>32 != seen || s.closed.Load()) &&
			h.asleep.CompareAndSwap(true, false) {
			continue
		}
		<-h.wake
	}
}

// assist takes part in the call that the helper has joined, and leaves it.
func (s *crew) assist(h *helper) {
	ended := false
	defer func() {
		if !ended {
			r := recover()
			if r == nil { // Goexit is ending this goroutine: replace it
				r = errGoexit
				go s.serve(h)
			}
			s.next.Store(int64(s.n))
			if s.failed.CompareAndSwap(false, true) {
				s.failure = r
			}
		}
		if s.state.Add(^uint64(0))&(inside|open) == 0 && s.asleep.CompareAndSwap(true, false) {
			s.done <- struct{}{}
		}
	}()
	s.work()
	ended = true
}
