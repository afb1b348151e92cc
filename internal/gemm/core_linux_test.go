package gemm

import (
	"fmt"
	"math/rand/v2"
	"runtime"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"
)

// BenchmarkCore measures one core by its thread's processor time, which other
// processes on a shared machine hardly disturb, and reports the median rate.
func BenchmarkCore(b *testing.B) {
	now := func() int64 {
		var ts unix.Timespec
		require.NoError(b, unix.ClockGettime(unix.CLOCK_THREAD_CPUTIME_ID, &ts))
		return ts.Nano()
	}
	for _, s := range shapes {
		transA, transB := s.trans[0] == 'T', s.trans[1] == 'T'
		q := random[float32](rand.New(rand.NewPCG(1, 1)), transA, transB, s.m, s.n, s.k, 0, 1, 0)
		flops := 2 * float64(s.m*s.n) * float64(s.k)
		b.Run(fmt.Sprintf("%s/%dx%dx%d", s.trans, s.m, s.n, s.k), func(b *testing.B) {
			// Here and not above: b.Run starts another goroutine.
			runtime.LockOSThread()
			defer runtime.UnlockOSThread()
			var rates []float64
			reps := max(1, int(1e7/flops))
			for b.Loop() {
				start := now()
				for range reps {
					F32(nil, transA, transB, s.m, s.n, s.k, 1, q.a, q.lda, q.b, q.ldb, 0, q.c, q.ldc)
				}
				rates = append(rates, flops*float64(reps)/float64(now()-start))
			}
			slices.Sort(rates)
			b.ReportMetric(rates[len(rates)/2], "GFLOP/s")
		})
	}
}
