package gemm

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/miniunlearn/miniunlearn/internal/parallel"
	"github.com/viterin/vek/vek32"
	"gonum.org/v1/gonum/blas"
	"gonum.org/v1/gonum/blas/gonum"
)

// BenchmarkCompare runs the contestants by turns, so that noise meets all
// alike, and reports for each the rate at the median and at the best time.
// vek has no transposes and gets its products where there are none.
func BenchmarkCompare(b *testing.B) {
	pool := parallel.New(0)
	defer pool.Close()
	for _, s := range shapes {
		transA, transB := s.trans[0] == 'T', s.trans[1] == 'T'
		m, n, k := s.m, s.n, s.k
		q := random[float32](rand.New(rand.NewPCG(1, 1)), transA, transB, m, n, k, 0, 1, 0)
		type contestant struct {
			name  string
			f     func()
			times []time.Duration
		}
		all := []*contestant{
			{name: Name(), f: func() {
				F32(pool, transA, transB, m, n, k, 1, q.a, q.lda, q.b, q.ldb, 0, q.c, q.ldc)
			}},
			{name: "gonum", f: func() {
				gonum.Implementation{}.Sgemm(transpose(transA), transpose(transB), m, n, k, 1, q.a, q.lda, q.b, q.ldb, 0, q.c, q.ldc)
			}},
		}
		if s.trans == "NN" {
			all = append(all, &contestant{name: "vek", f: func() { vek32.MatMul_Into(q.c, q.a, q.b, k) }})
		}
		b.Run(fmt.Sprintf("%s/%dx%dx%d", s.trans, m, n, k), func(b *testing.B) {
			for _, c := range all {
				c.times = c.times[:0]
				c.f()
			}
			for b.Loop() {
				for _, c := range all {
					start := time.Now()
					c.f()
					c.times = append(c.times, time.Since(start))
				}
			}
			for _, c := range all {
				slices.Sort(c.times)
				rate := func(d time.Duration) float64 { return 2 * float64(m*n) * float64(k) / float64(d.Nanoseconds()) }
				b.ReportMetric(rate(c.times[len(c.times)/2]), c.name+"-GFLOP/s")
				b.ReportMetric(rate(c.times[0]), c.name+"-best")
			}
		})
	}
}

func transpose(t bool) blas.Transpose {
	if t {
		return blas.Trans
	}
	return blas.NoTrans
}
