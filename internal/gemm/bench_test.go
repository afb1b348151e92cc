package gemm

import (
	"fmt"
	"math/rand/v2"
	"testing"

	"github.com/miniunlearn/miniunlearn/internal/parallel"
)

func benchmark[T Float](b *testing.B, f multiply[T], p *parallel.Pool, transA, transB bool, m, n, k int) {
	q := random[T](rand.New(rand.NewPCG(1, 1)), transA, transB, m, n, k, 0, 1, 0)
	f(p, transA, transB, m, n, k, 1, q.a, q.lda, q.b, q.ldb, 0, q.c, q.ldc)
	for b.Loop() {
		f(p, transA, transB, m, n, k, 1, q.a, q.lda, q.b, q.ldb, 0, q.c, q.ldc)
	}
	report(b, m, n, k)
}

// report adds the rate to a benchmark's line.
func report(b *testing.B, m, n, k int) {
	flops := 2 * float64(m) * float64(n) * float64(k)
	b.ReportMetric(flops*float64(b.N)/b.Elapsed().Seconds()/1e9, "GFLOP/s")
}

// shapes are the products of the models that this project trains.
var shapes = []struct {
	trans   string
	m, n, k int
}{
	{"NN", 512, 512, 512}, {"TN", 512, 512, 512}, {"NT", 512, 512, 512}, {"TT", 512, 512, 512},
	// mlp:784-256-128-10 and 784-200-10, forward
	{"NN", 128, 256, 784}, {"NN", 128, 128, 256}, {"NN", 128, 10, 128}, {"NN", 128, 200, 784}, {"NN", 128, 10, 200},
	{"NN", 32, 256, 784}, {"NN", 512, 256, 784},
	// weight gradients
	{"TN", 784, 256, 128}, {"TN", 256, 128, 128}, {"TN", 128, 10, 128}, {"TN", 784, 256, 32}, {"TN", 784, 256, 512},
	// input gradients
	{"NT", 128, 256, 128}, {"NT", 128, 128, 10}, {"NT", 512, 256, 128},
	// logistic regression, forward and gradient
	{"NN", 1024, 10, 784}, {"NN", 16384, 10, 784}, {"TN", 784, 10, 1024}, {"TN", 784, 10, 16384},
	// convolutions of one image
	{"NN", 6, 576, 25}, {"NN", 16, 64, 150}, {"NN", 32, 1024, 288}, {"NT", 32, 288, 1024}, {"TN", 288, 1024, 32},
}

func BenchmarkF32(b *testing.B) {
	for _, workers := range []int{1, 2} {
		pool := parallel.New(workers)
		defer pool.Close()
		for _, s := range shapes {
			b.Run(fmt.Sprintf("%s/%dx%dx%d/workers=%d", s.trans, s.m, s.n, s.k, workers), func(b *testing.B) {
				benchmark(b, F32, pool, s.trans[0] == 'T', s.trans[1] == 'T', s.m, s.n, s.k)
			})
		}
	}
}

func BenchmarkF64(b *testing.B) {
	pool := parallel.New(2)
	defer pool.Close()
	for _, s := range shapes[:6] {
		b.Run(fmt.Sprintf("%s/%dx%dx%d/workers=2", s.trans, s.m, s.n, s.k), func(b *testing.B) {
			benchmark(b, F64, pool, s.trans[0] == 'T', s.trans[1] == 'T', s.m, s.n, s.k)
		})
	}
}
