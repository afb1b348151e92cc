package gemm

import (
	"fmt"
	"math"
	"math/rand/v2"
	"strings"
	"sync"
	"testing"

	"github.com/miniunlearn/miniunlearn/internal/parallel"
	"github.com/stretchr/testify/require"
)

// multiply is F32 or F64.
type multiply[T Float] func(p *parallel.Pool, transA, transB bool, m, n, k int, alpha T, a []T, lda int, b []T, ldb int, beta T, c []T, ldc int)

// problem is one multiplication with its matrices.
type problem[T Float] struct {
	transA, transB bool
	m, n, k        int
	alpha, beta    T
	a, b, c        []T
	lda, ldb, ldc  int
}

func (q *problem[T]) String() string {
	return fmt.Sprintf("%s m %d n %d k %d alpha %v beta %v lda %d ldb %d ldc %d",
		letters(q.transA, q.transB), q.m, q.n, q.k, q.alpha, q.beta, q.lda, q.ldb, q.ldc)
}

func letters(transA, transB bool) string {
	s := "NN"
	if transA {
		s = "T" + s[1:]
	}
	if transB {
		s = s[:1] + "T"
	}
	return s
}

// random makes a problem whose rows are pad elements longer than they need be.
func random[T Float](rng *rand.Rand, transA, transB bool, m, n, k, pad int, alpha, beta T) *problem[T] {
	q := &problem[T]{transA: transA, transB: transB, m: m, n: n, k: k, alpha: alpha, beta: beta}
	matrix := func(rows, cols int, trans bool) ([]T, int) {
		if trans {
			rows, cols = cols, rows
		}
		x := make([]T, max(0, (rows-1)*(cols+pad)+cols))
		for i := range x {
			x[i] = T(rng.NormFloat64())
		}
		return x, cols + pad
	}
	q.a, q.lda = matrix(m, k, transA)
	q.b, q.ldb = matrix(k, n, transB)
	q.c, q.ldc = matrix(m, n, false)
	return q
}

// run returns C, computed in a copy.
func (q *problem[T]) run(f multiply[T], p *parallel.Pool) []T {
	c := append([]T(nil), q.c...)
	f(p, q.transA, q.transB, q.m, q.n, q.k, q.alpha, q.a, q.lda, q.b, q.ldb, q.beta, c, q.ldc)
	return c
}

// verify compares C with sums in float64, all of a small C and some rows of a
// big one, and demands that elements between the rows are as they were. eps is
// the type's unit roundoff.
func verify[T Float](t testing.TB, q *problem[T], got []T, eps float64) {
	t.Helper()
	step := 1 + q.m*q.n*q.k/rounds(1<<18)
	for i := range q.m {
		row := got[i*q.ldc:]
		for j := q.n; j < min(q.ldc, len(row)); j++ {
			if row[j] != q.c[i*q.ldc+j] {
				t.Fatalf("%v: C[%d,%d] is outside and was written", q, i, j)
			}
		}
		if i%step != 0 && i < q.m-4 {
			continue
		}
		for j := range q.n {
			want, size := q.element(i, j)
			// (k+2)·eps·size is the proven bound; what is seen grows like √k.
			tol := eps * size * (8 + 2*math.Sqrt(float64(q.k)))
			if d := math.Abs(float64(row[j]) - want); !(d <= tol) {
				t.Fatalf("%v: C[%d,%d] = %v, want %v", q, i, j, row[j], want)
			}
		}
	}
}

// element returns C[i,j] in float64 and the sum of the absolute values of its
// terms, to which rounding errors are proportional.
func (q *problem[T]) element(i, j int) (sum, size float64) {
	ia, da, ib, db := i*q.lda, 1, j, q.ldb
	if q.transA {
		ia, da = i, q.lda
	}
	if q.transB {
		ib, db = j*q.ldb, 1
	}
	for range q.k {
		x := float64(q.a[ia]) * float64(q.b[ib])
		sum += x
		size += math.Abs(x)
		ia, ib = ia+da, ib+db
	}
	alpha, c := float64(q.alpha), 0.0
	if q.beta != 0 {
		c = float64(q.beta) * float64(q.c[i*q.ldc+j])
	}
	return alpha*sum + c, math.Abs(alpha)*size + math.Abs(c)
}

const (
	eps32 = 1.0 / (1 << 24)
	eps64 = 1.0 / (1 << 53)
)

var cases = [][2]bool{{false, false}, {true, false}, {false, true}, {true, true}}

// rounds returns n, or fewer under the race detector, which is slow.
func rounds(n int) int {
	if raceEnabled {
		return n / 16
	}
	return n
}

var factors = []float64{0, 1, -1, 0.5}

func testSmall[T Float](t *testing.T, f multiply[T], eps float64) {
	rng := rand.New(rand.NewPCG(1, 2))
	pool := parallel.New(3)
	defer pool.Close()
	for _, trans := range cases {
		for size := range rounds(1600) {
			m, n, k := 1+rng.IntN(40), 1+rng.IntN(40), rng.IntN(41)
			q := random(rng, trans[0], trans[1], m, n, k, rng.IntN(4), T(factors[size%4]), T(factors[size/4%4]))
			verify(t, q, q.run(f, pool), eps)
		}
	}
}

func TestSmall(t *testing.T) {
	t.Run("float32", func(t *testing.T) { testSmall(t, F32, eps32) })
	t.Run("float64", func(t *testing.T) { testSmall(t, F64, eps64) })
}

// big are shapes of several tasks and several slices of k.
var big = [][3]int{
	{128, 256, 784}, {784, 256, 128}, {784, 10, 512}, {1030, 10, 784}, {10, 1030, 300},
	{6, 576, 25}, {32, 1000, 288}, {193, 129, 257}, {385, 17, 515}, {25, 300, 600}, {1, 500, 600}, {500, 1, 600},
}

func testBig[T Float](t *testing.T, f multiply[T], eps float64) {
	rng := rand.New(rand.NewPCG(3, 4))
	pools := []*parallel.Pool{nil, parallel.New(2), parallel.New(3), parallel.New(7)}
	for _, trans := range cases {
		for i, s := range big {
			q := random(rng, trans[0], trans[1], s[0], s[1], s[2], i%3, T(1), T(factors[i%4]))
			serial := q.run(f, nil)
			verify(t, q, serial, eps)
			for _, p := range pools[1:] {
				require.True(t, equal(serial, q.run(f, p)), "%v: other bits with %d workers", q, p.Workers())
			}
		}
	}
}

func TestBig(t *testing.T) {
	t.Run("float32", func(t *testing.T) { testBig(t, F32, eps32) })
	t.Run("float64", func(t *testing.T) { testBig(t, F64, eps64) })
}

func TestBetaZeroOverwritesNaN(t *testing.T) {
	nan := float32(math.NaN())
	rng := rand.New(rand.NewPCG(5, 6))
	for _, trans := range cases {
		for _, s := range [][3]int{{5, 7, 9}, {50, 40, 0}, {50, 37, 300}, {200, 200, 300}} {
			q := random[float32](rng, trans[0], trans[1], s[0], s[1], s[2], 0, 1, 0)
			want := q.run(F32, nil)
			for i := range q.c {
				q.c[i] = nan
			}
			require.Equal(t, want, q.run(F32, nil), "%v", q)
			q.alpha = 0
			require.Equal(t, make([]float32, len(want)), q.run(F32, nil), "%v", q)
		}
	}
}

// TestNaNPropagates puts a NaN or an infinity into A or B where the other
// matrix is zero: 0·NaN and 0·Inf are NaN.
func TestNaNPropagates(t *testing.T) {
	rng := rand.New(rand.NewPCG(7, 8))
	for _, bad := range []float64{math.NaN(), math.Inf(1), math.Inf(-1)} {
		for _, trans := range cases {
			for range rounds(80) {
				m, n, k := 1+rng.IntN(30), 1+rng.IntN(30), 1+rng.IntN(300)
				q := random[float32](rng, trans[0], trans[1], m, n, k, 0, 1, 1)
				clear(q.b)
				i, p := rng.IntN(m), rng.IntN(k)
				if at := i*k + p; trans[0] {
					q.a[p*m+i] = float32(bad)
				} else {
					q.a[at] = float32(bad)
				}
				for at, x := range q.run(F32, nil) {
					if (at/n == i) != (x != x) {
						t.Fatalf("%v: element %d is %v", q, at, x)
					}
				}
				q.a, q.b = q.b, q.a // now A is zero and B bad
				q = &problem[float32]{transA: !trans[1], transB: !trans[0], m: n, n: m, k: k, alpha: 1, beta: 1,
					a: q.a, b: q.b, c: q.c, lda: q.ldb, ldb: q.lda, ldc: m}
				for at, x := range q.run(F32, nil) {
					if (at%m == i) != (x != x) {
						t.Fatalf("%v: element %d is %v", q, at, x)
					}
				}
			}
		}
	}
}

func TestConcurrentCalls(t *testing.T) {
	rng := rand.New(rand.NewPCG(9, 10))
	pool := parallel.New(3)
	defer pool.Close()
	var wg sync.WaitGroup
	for g := range 8 {
		s := big[g]
		q := random[float32](rng, g&1 != 0, g&2 != 0, s[0], s[1], s[2], 1, 1, 1)
		want := q.run(F32, nil)
		p := pool
		if g%3 == 0 {
			p = nil
		}
		wg.Go(func() {
			for range 5 {
				if got := q.run(F32, p); !equal(want, got) {
					t.Errorf("%v: other bits among other calls", q)
				}
			}
		})
	}
	wg.Wait()
}

func equal[T Float](a, b []T) bool {
	for i := range a {
		if a[i] != b[i] {
			return false
		}
	}
	return len(a) == len(b)
}

func TestBadArguments(t *testing.T) {
	x := make([]float32, 6)
	for want, f := range map[string]func(){
		"negative":    func() { F32(nil, false, false, -1, 2, 2, 1, x, 2, x, 2, 0, x, 2) },
		"A is stored": func() { F32(nil, false, false, 3, 2, 3, 1, x, 3, x, 2, 0, x, 2) },
		"B is stored": func() { F32(nil, false, true, 2, 3, 3, 1, x, 3, x, 3, 0, x, 3) },
		"C is stored": func() { F32(nil, false, false, 3, 2, 1, 1, x, 1, x, 2, 0, x[:5], 2) },
		"stride 1":    func() { F32(nil, true, false, 3, 2, 2, 1, x, 1, x, 2, 0, x, 2) },
	} {
		func() {
			defer func() {
				require.True(t, strings.Contains(recover().(string), want), want)
			}()
			f()
			t.Errorf("no panic: %s", want)
		}()
	}
	F32(nil, false, false, 0, 5, 5, 1, nil, 5, nil, 5, 0, nil, 5) // nothing to do
}

func TestDoesNotAllocate(t *testing.T) {
	if raceEnabled {
		t.Skip("sync.Pool drops items under the race detector")
	}
	rng := rand.New(rand.NewPCG(11, 12))
	pool := parallel.New(2)
	defer pool.Close()
	for _, s := range [][3]int{{8, 8, 8}, {128, 256, 784}} {
		q := random[float32](rng, true, true, s[0], s[1], s[2], 0, 1, 1)
		require.Zero(t, testing.AllocsPerRun(20, func() {
			F32(pool, true, true, q.m, q.n, q.k, 1, q.a, q.lda, q.b, q.ldb, 1, q.c, q.ldc)
		}), "%v", q)
	}
}
