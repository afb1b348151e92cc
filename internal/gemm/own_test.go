//go:build !openblas

package gemm

import (
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"
)

// withKernels runs f with each of the kernels that this machine can run.
func withKernels(t *testing.T, f func(t *testing.T)) {
	t.Run(name, f)
	k32, k64 := kernel32, kernel64
	kernel32, kernel64 = portable[float32](), portable[float64]()
	defer func() { kernel32, kernel64 = k32, k64 }()
	t.Run("portable", f)
}

func TestPortable(t *testing.T) {
	withKernels(t, func(t *testing.T) {
		t.Run("small", TestSmall)
		if !raceEnabled { // minutes
			t.Run("big", TestBig)
		}
		t.Run("NaN", TestNaNPropagates)
		t.Run("beta", TestBetaZeroOverwritesNaN)
	})
}

// TestElementsDoNotDependOnTheRest computes a product whole and in parts: an
// element has the same bits whatever the other rows and columns are.
func TestElementsDoNotDependOnTheRest(t *testing.T) {
	withKernels(t, func(t *testing.T) {
		rng := rand.New(rand.NewPCG(13, 14))
		for _, trans := range cases {
			for _, s := range [][3]int{{128, 256, 784}, {300, 10, 784}, {512, 200, 300}, {37, 41, 30}, {7, 1024, 520}} {
				m, n, k := s[0], s[1], s[2]
				q := random[float32](rng, trans[0], trans[1], m, n, k, 1, 1.5, 0.3)
				want := q.run(F32, nil)
				for range rounds(30) {
					part := *q
					i0, j0 := rng.IntN(m), rng.IntN(n)
					part.m, part.n = 1+rng.IntN(m-i0), 1+rng.IntN(n-j0)
					if rng.IntN(2) == 0 {
						part.m = min(part.m, 1+rng.IntN(8))
					}
					part.a = q.a[at(q.transA, q.lda, i0, 0):]
					part.b = q.b[at(q.transB, q.ldb, 0, j0):]
					part.c = q.c[i0*q.ldc+j0:]
					got := part.run(F32, nil)
					for i := range part.m {
						require.True(t, equal(want[(i0+i)*q.ldc+j0:][:part.n], got[i*q.ldc:][:part.n]), "%v: row %d, part %v", q, i0+i, &part)
					}
				}
			}
		}
	})
}

func at(trans bool, ld, i, j int) int {
	if trans {
		i, j = j, i
	}
	return i*ld + j
}

func TestHeights(t *testing.T) {
	for _, mr := range []int{2, 6} {
		for m := range 100 {
			full, rest := heights(m, mr)
			require.Equal(t, m, full*mr+rest[0]+rest[1])
			require.LessOrEqual(t, max(rest[0], rest[1]), mr)
			require.GreaterOrEqual(t, rest[0], rest[1])
		}
	}
}
