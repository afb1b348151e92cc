package parallel

import (
	"runtime"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func TestForVisitsEachIndexOnce(t *testing.T) {
	for _, workers := range []int{1, 2, 3, 7, 16} {
		p := New(workers)
		require.Equal(t, workers, p.Workers())
		for _, n := range []int{0, 1, 2, 3, 17, 1000} {
			seen := make([]atomic.Int32, n)
			p.For(n, func(i int) { seen[i].Add(1) })
			for i := range seen {
				require.EqualValues(t, 1, seen[i].Load(), "workers %d, n %d, i %d", workers, n, i)
			}
		}
		p.Close()
	}
	require.Equal(t, runtime.GOMAXPROCS(0), New(0).Workers())
}

func TestSerialPools(t *testing.T) {
	closed := New(3)
	closed.Close()
	closed.Close()
	for _, p := range []*Pool{nil, {}, New(1), closed} {
		sum := 0 // no synchronisation: the race detector watches
		if p != closed {
			require.Equal(t, 1, p.Workers())
		}
		time.Sleep(time.Millisecond)
		p.For(100, func(i int) { sum += i })
		require.Equal(t, 4950, sum)
	}
	(*Pool)(nil).Close()
}

func TestForManyCalls(t *testing.T) {
	p := New(4)
	defer p.Close()
	x := make([]int, 64)
	for call := range 20000 {
		if call%5000 == 4999 {
			time.Sleep(2 * time.Millisecond) // let the helpers fall asleep
		}
		p.For(len(x), func(i int) { x[i]++ })
	}
	for i := range x {
		require.Equal(t, 20000, x[i])
	}
}

func TestForReentrant(t *testing.T) {
	p := New(3)
	defer p.Close()
	var sum atomic.Int64
	p.For(10, func(i int) {
		inner := 0
		p.For(10, func(j int) { inner += 10*i + j })
		sum.Add(int64(inner))
	})
	require.EqualValues(t, 4950, sum.Load())
}

func TestForConcurrentCallers(t *testing.T) {
	p := New(3)
	defer p.Close()
	var wg sync.WaitGroup
	var sum atomic.Int64
	for range 8 {
		wg.Go(func() {
			for range 500 {
				p.For(16, func(i int) { sum.Add(int64(i)) })
			}
		})
	}
	wg.Wait()
	require.EqualValues(t, 8*500*120, sum.Load())
}

func TestForPanics(t *testing.T) {
	p := New(4)
	defer p.Close()
	for bad := range 32 {
		require.PanicsWithValue(t, "no", func() {
			p.For(32, func(i int) {
				if i == bad {
					panic("no")
				}
				time.Sleep(10 * time.Microsecond)
			})
		})
		var n atomic.Int32
		p.For(32, func(int) { n.Add(1) })
		require.EqualValues(t, 32, n.Load(), "the pool works on after a panic")
	}
}

func TestForGoexitInHelper(t *testing.T) {
	p := New(2)
	defer p.Close()
	caller := make(chan struct{})
	require.Panics(t, func() {
		var first atomic.Int64
		me := goroutineID()
		p.For(2, func(int) {
			if goroutineID() != me {
				first.Add(1)
				defer close(caller)
				runtime.Goexit()
			}
			<-caller // holds the caller until the helper has an index
		})
	})
	var n atomic.Int32
	p.For(32, func(int) { n.Add(1) })
	require.EqualValues(t, 32, n.Load())
}

// goroutineID tells goroutines apart by the head of their stack trace.
func goroutineID() string {
	var b [32]byte
	return string(b[:runtime.Stack(b[:], false)])
}

func TestGarbagePoolEndsItsGoroutines(t *testing.T) {
	before := runtime.NumGoroutine()
	func() {
		for range 10 {
			p := New(5)
			p.For(5, func(int) {})
		}
	}()
	require.Eventually(t, func() bool {
		runtime.GC()
		return runtime.NumGoroutine() <= before
	}, 5*time.Second, 5*time.Millisecond)
}

func TestForDoesNotAllocate(t *testing.T) {
	p := New(2)
	defer p.Close()
	x := make([]int, 8)
	f := func(i int) { x[i]++ }
	require.Zero(t, testing.AllocsPerRun(1000, func() { p.For(len(x), f) }))
}

func BenchmarkFor(b *testing.B) {
	p := New(0)
	defer p.Close()
	f := func(int) {}
	for b.Loop() {
		p.For(4, f)
	}
}
