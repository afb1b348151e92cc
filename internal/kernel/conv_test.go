package kernel

import (
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"
)

// whole draws small whole numbers, so that every order of summation is exact.
func whole(r *rand.Rand, n int) []float32 {
	x := make([]float32, n)
	for i := range x {
		x[i] = float32(r.IntN(9) - 4)
	}
	return x
}

func offsets(r *rand.Rand, n, most int) []int32 {
	off := make([]int32, n)
	for i := range off {
		off[i] = int32(r.IntN(most + 1))
	}
	return off
}

func TestSlide(t *testing.T) {
	if !Direct() {
		t.Skip("no assembly for this processor")
	}
	r := rand.New(rand.NewPCG(1, 2))
	for rows := range 20 {
		for _, taps := range []int{1, 2, 3, 4, 5, 9, 25} {
			n := 1 + r.IntN(60)
			up := (n + Width - 1) / Width * Width
			ldk, ldc := taps+r.IntN(3), up+r.IntN(3)
			q, k, off := whole(r, up+50), whole(r, rows*ldk), offsets(r, taps, 50)
			c := make([]float32, rows*ldc+1)
			want := make([]float32, len(c))
			for i := range rows {
				for p := range up {
					for t, o := range off {
						want[i*ldc+p] += k[i*ldk+t] * q[int(o)+p]
					}
				}
			}
			Slide(c, ldc, k, ldk, q, off, rows, n)
			require.Equal(t, want, c, "%d rows, %d taps, %d columns", rows, taps, n)
		}
	}
}

func TestCorrelate(t *testing.T) {
	if !Direct() {
		t.Skip("no assembly for this processor")
	}
	r := rand.New(rand.NewPCG(3, 4))
	for rows := 0; rows < 13; rows += TileRows {
		for taps := TileWindows; taps < 30; taps += TileWindows {
			n := 1 + r.IntN(60)
			up := (n + Lanes - 1) / Lanes * Lanes
			ldg, ldd := up+r.IntN(3), taps+r.IntN(3)
			m := Images{1 + r.IntN(4), rows*ldg + r.IntN(4), up + r.IntN(50)}
			q, g, off := whole(r, m.N*m.NextQ+up+50), whole(r, m.N*m.NextG), offsets(r, taps, 50)
			d := whole(r, rows*ldd+1)
			want := append([]float32(nil), d...)
			for i := range rows {
				for t, o := range off {
					for j := range m.N {
						for p := range up {
							want[i*ldd+t] += g[j*m.NextG+i*ldg+p] * q[j*m.NextQ+int(o)+p]
						}
					}
				}
			}
			Correlate(d, ldd, g, ldg, q, off, rows, n, m)
			require.Equal(t, want, d, "%d rows, %d taps, length %d", rows, taps, n)
		}
	}
	require.Panics(t, func() {
		Correlate(make([]float32, 9), 4, make([]float32, 8), 8, make([]float32, 8), make([]int32, 4), 1, 8, Images{N: 1})
	})
}
