package gemm

import (
	"fmt"
	"math/rand/v2"
	"os"
	"runtime"
	"slices"
	"syscall"
	"testing"
	"time"
	"unsafe"
)

func cputime() int64 {
	var ts syscall.Timespec
	syscall.Syscall(syscall.SYS_CLOCK_GETTIME, 3, uintptr(unsafe.Pointer(&ts)), 0)
	return ts.Nano()
}

func TestTune(t *testing.T) {
	if os.Getenv("TUNE") == "" {
		t.Skip()
	}
	runtime.LockOSThread()
	for _, s := range shapes {
		transA, transB := s.trans[0] == 'T', s.trans[1] == 'T'
		m, n, k := s.m, s.n, s.k
		q := random[float32](rand.New(rand.NewPCG(1, 1)), transA, transB, m, n, k, 0, 1, 0)
		fl := 2 * float64(m*n) * float64(k)
		reps := max(1, int(200e3*50/fl))
		var ts []float64
		for start := time.Now(); time.Since(start) < 150*time.Millisecond; {
			t0 := cputime()
			for range reps {
				F32(nil, transA, transB, m, n, k, 1, q.a, q.lda, q.b, q.ldb, 0, q.c, q.ldc)
			}
			ts = append(ts, fl*float64(reps)/float64(cputime()-t0))
		}
		slices.Sort(ts)
		fmt.Printf("%s %-14s p50 %6.1f  p90 %6.1f best %6.1f\n", s.trans, fmt.Sprintf("%dx%dx%d", m, n, k), ts[len(ts)/2], ts[len(ts)*9/10], ts[len(ts)-1])
	}
}
