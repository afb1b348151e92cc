package gemm

import (
	"math/rand/v2"
	"testing"
	"unsafe"

	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"
)

// guarded returns memory for n elements that ends, or begins, at a page that
// must not be touched: a read or a write beyond it is a fault.
func guarded[T Float](t *testing.T, n int, atEnd bool) []T {
	t.Helper()
	var x T
	page := unix.Getpagesize()
	size := n * int(unsafe.Sizeof(x))
	pages := (size + page - 1) / page * page
	mem, err := unix.Mmap(-1, 0, pages+2*page, unix.PROT_READ|unix.PROT_WRITE, unix.MAP_ANON|unix.MAP_PRIVATE)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, unix.Munmap(mem)) })
	require.NoError(t, unix.Mprotect(mem[:page], unix.PROT_NONE))
	require.NoError(t, unix.Mprotect(mem[page+pages:], unix.PROT_NONE))
	from := page
	if atEnd {
		from += pages - size
	}
	return unsafe.Slice((*T)(unsafe.Pointer(&mem[from])), n)
}

func testGuarded[T Float](t *testing.T, f multiply[T], eps float64) {
	rng := rand.New(rand.NewPCG(15, 16))
	const most = 64 * 300
	for _, atEnd := range []bool{false, true} {
		a, b, c := guarded[T](t, most, atEnd), guarded[T](t, most, atEnd), guarded[T](t, most, atEnd)
		place := func(mem, x []T) []T {
			if atEnd {
				mem = mem[len(mem)-len(x):]
			}
			mem = mem[:len(x)]
			copy(mem, x)
			return mem
		}
		for i := range rounds(4000) {
			m, n, k := 1+rng.IntN(40), 1+rng.IntN(40), 1+rng.IntN(40)
			switch i % 8 {
			case 0:
				k = 1 + rng.IntN(300)
			case 1:
				m, n = 1+rng.IntN(3), 1+rng.IntN(200)
			case 2:
				m, n = 1+rng.IntN(200), 1+rng.IntN(20)
			}
			trans := cases[i/8%4]
			q := random(rng, trans[0], trans[1], m, n, k, rng.IntN(3), T(factors[1+i%3]), T(factors[i%4]))
			q.a, q.b = place(a, q.a), place(b, q.b)
			got := place(c, q.c)
			f(nil, q.transA, q.transB, m, n, k, q.alpha, q.a, q.lda, q.b, q.ldb, q.beta, got, q.ldc)
			verify(t, q, got, eps)
		}
	}
}

func TestGuarded(t *testing.T) {
	t.Run("float32", func(t *testing.T) { testGuarded(t, F32, eps32) })
	t.Run("float64", func(t *testing.T) { testGuarded(t, F64, eps64) })
}
