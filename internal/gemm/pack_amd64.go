//go:build !openblas

package gemm

import "unsafe"

// masks, read from 16−w on, is w words of ones and then zeros.
var masks = func() (m [32]uint32) {
	for i := range 16 {
		m[i] = ^uint32(0)
	}
	return m
}()

//go:noescape
func line64(dst, x unsafe.Pointer, ld, k int, mask *[16]uint32)

func lineAVX32(dst []float32, width int, x []float32, ld, w, k int) {
	_, _ = dst[k*width-1], x[(k-1)*ld+w-1] // the last elements touched
	line64(unsafe.Pointer(&dst[0]), unsafe.Pointer(&x[0]), 4*ld, k, (*[16]uint32)(masks[16-w:]))
}

func lineAVX64(dst []float64, width int, x []float64, ld, w, k int) {
	_, _ = dst[k*width-1], x[(k-1)*ld+w-1]
	line64(unsafe.Pointer(&dst[0]), unsafe.Pointer(&x[0]), 8*ld, k, (*[16]uint32)(masks[16-2*w:]))
}

// turnBlock32 copies the transpose of eight rows of a multiple of eight
// columns: dst[p·width + i] = x[i·ld + p], i < 8, p < 8·blocks; width and ld in
// bytes.
//
//go:noescape
func turnBlock32(dst *float32, width int, x *float32, ld, blocks int)

// turnAVX32 covers w×k by blocks of 8×8. What is left over at the ends is covered
// by blocks that overlap the others, unless w or k is below 8.
func turnAVX32(dst []float32, width int, x []float32, ld, w, k int) {
	if w < 8 || k < 8 {
		turnPortable(dst, width, x, ld, w, k)
		return
	}
	_, _ = dst[(k-1)*width+w-1], x[(w-1)*ld+k-1] // the last elements touched
	for i := 0; i < w; i += 8 {
		i := min(i, w-8)
		turnBlock32(&dst[i], 4*width, &x[i*ld], 4*ld, k/8)
		if k%8 != 0 {
			turnBlock32(&dst[(k-8)*width+i], 4*width, &x[i*ld+k-8], 4*ld, 1)
		}
	}
}

//go:noescape
func merge32(c *float32, ldc int, tile *float32, w, rows int, beta float32)

//go:noescape
func merge64(c *float64, ldc int, tile *float64, w, rows int, beta float64)

func mergeAVX32(c []float32, ldc int, tile []float32, w, rows int, beta float32) {
	_, _ = c[(rows-1)*ldc+w-1], tile[16*rows-1]
	merge32(&c[0], 4*ldc, &tile[0], w, rows, beta)
}

func mergeAVX64(c []float64, ldc int, tile []float64, w, rows int, beta float64) {
	_, _ = c[(rows-1)*ldc+w-1], tile[8*rows-1]
	merge64(&c[0], 8*ldc, &tile[0], w, rows, beta)
}
