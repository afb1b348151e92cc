//go:build !openblas

package gemm

// strip is the work order of a micro-kernel: a run of tiles of C, each rows×nr
// elements, with nr the kernel's width. A tile is
//
//	C = alpha·Σ_p A[·,p]·B[p,·] + beta·C, p = 0..k−1 in order,
//
// with A[i,p] at a[i·rsa + p·csa] and B[p,j] at b[p·rsb + j]. After each tile
// the three slices advance by stepA, stepB and stepC elements.
type strip[T Float] struct {
	a, b, c            []T
	rows, k, tiles     int
	rsa, csa, rsb, ldc int
	stepA, stepB       int
	stepC              int
	alpha, beta        T
}

// kernel is a micro-kernel with the copying that goes with it. What turn and
// line leave in the columns from w on is of no consequence: it meets columns of
// C that do not exist.
type kernel[T Float] struct {
	mr, nr int // largest height and the width of a tile
	run    func(*strip[T])

	// turn copies w stored rows of k elements side by side:
	// dst[p·width + i] = x[i·ld + p], i < w ≤ width.
	turn func(dst []T, width int, x []T, ld, w, k int)

	// line copies k stored rows of w elements one after the other:
	// dst[p·width + j] = x[p·ld + j], j < w ≤ width.
	line func(dst []T, width int, x []T, ld, w, k int)

	// merge adds rows of w ≤ nr elements that stand nr apart in tile:
	// C = tile + beta·C, rounded as run rounds.
	merge func(c []T, ldc int, tile []T, w, rows int, beta T)
}
