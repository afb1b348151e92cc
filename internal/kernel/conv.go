package kernel

// A window of an array q is a stretch of it that begins at some offset. A
// convolution is a product with windows for rows (see package graph), and the
// two functions below form such products without collecting the windows. They
// exist as assembly only: where Direct is false, collect the windows and
// multiply matrices.

// Direct reports whether Slide and Correlate can be called.
func Direct() bool { return fast }

// Width is the number of columns that Slide computes at a time.
const Width = 16

// Lanes is the number of elements that Correlate multiplies at a time.
const Lanes = 8

// Slide sets c[i·ldc + p] = Σ_t k[i·ldk + t] · q[off[t] + p], i < rows, p < n,
// for n rounded up to a multiple of Width: c is written, and q read, up to
// there.
func Slide(c []float32, ldc int, k []float32, ldk int, q []float32, off []int32, rows, n int) {
	n = (n + Width - 1) / Width * Width
	if rows <= 0 || n <= 0 || len(off) == 0 {
		return
	}
	// These name the last elements that are touched, of q as far as it is known.
	_, _, _ = c[(rows-1)*ldc+n-1], k[(rows-1)*ldk+len(off)-1], q[int(off[len(off)-1])+n-1]
	slide(c, ldc, k, ldk, q, off, rows, n)
}

// Rows and windows of the tiles of Correlate.
const (
	TileRows    = 3
	TileWindows = 4
)

// Images says how many images Correlate sums over, and how far apart they are.
type Images struct{ N, NextG, NextQ int }

// Correlate adds Σ_m Σ_p g[m·NextG + i·ldg + p] · q[m·NextQ + off[t] + p], m < N,
// p < n, to d[i·ldd + t], for n rounded up to a multiple of Lanes: g and q are
// read up to there. rows is a multiple of TileRows and len(off) one of
// TileWindows.
func Correlate(d []float32, ldd int, g []float32, ldg int, q []float32, off []int32, rows, n int, m Images) {
	n = (n + Lanes - 1) / Lanes * Lanes
	if rows <= 0 || n <= 0 || len(off) == 0 || m.N <= 0 {
		return
	}
	if rows%TileRows != 0 || len(off)%TileWindows != 0 {
		panic("kernel: Correlate: part of a tile")
	}
	_, _ = d[(rows-1)*ldd+len(off)-1], g[(m.N-1)*m.NextG+(rows-1)*ldg+n-1]
	_ = q[(m.N-1)*m.NextQ+int(off[len(off)-1])+n-1]
	correlate(d, ldd, g, ldg, q, off, rows, n, m)
}
