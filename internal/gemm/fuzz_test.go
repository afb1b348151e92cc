package gemm

import (
	"math/rand/v2"
	"testing"

	"github.com/miniunlearn/miniunlearn/internal/parallel"
	"github.com/stretchr/testify/require"
)

func FuzzF32(f *testing.F) {
	pool := parallel.New(3)
	f.Add(uint8(0), uint16(3), uint16(5), uint16(7), uint8(0), uint8(1), uint64(1))
	f.Add(uint8(1), uint16(300), uint16(10), uint16(257), uint8(3), uint8(9), uint64(2))
	f.Add(uint8(2), uint16(49), uint16(260), uint16(513), uint8(1), uint8(6), uint64(3))
	f.Add(uint8(3), uint16(200), uint16(130), uint16(90), uint8(2), uint8(15), uint64(4))
	f.Fuzz(func(t *testing.T, trans uint8, m, n, k uint16, pad, scales uint8, seed uint64) {
		rng := rand.New(rand.NewPCG(seed, 0))
		q := random(rng, trans&1 != 0, trans&2 != 0, 1+int(m)%400, 1+int(n)%400, int(k)%600, int(pad)%5,
			float32(factors[scales%4]), float32(factors[scales/4%4]))
		got := q.run(F32, nil)
		verify(t, q, got, eps32)
		require.True(t, equal(got, q.run(F32, pool)), "%v: other bits in parallel", q)
	})
}
