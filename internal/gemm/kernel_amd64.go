//go:build !openblas

package gemm

import "golang.org/x/sys/cpu"

//go:generate go run gen.go

func hasAVX2() bool { return cpu.X86.HasAVX2 && cpu.X86.HasFMA }

func pick() string {
	if hasAVX2() {
		return "own-avx2"
	}
	return "portable"
}

func pick32() *kernel[float32] {
	if !hasAVX2() {
		return portable[float32]()
	}
	return &kernel[float32]{mr: 6, nr: 16, run: run32, turn: turnAVX32, line: lineAVX32, merge: mergeAVX32}
}

func pick64() *kernel[float64] {
	if !hasAVX2() {
		return portable[float64]()
	}
	return &kernel[float64]{mr: 6, nr: 8, run: run64, turn: turnPortable[float64], line: lineAVX64, merge: mergeAVX64}
}

// order32 is a strip as the assembly reads it: distances in bytes.
type order32 struct {
	a, b, c             *float32
	rows, k, tiles      int
	rsa, csa, rsb, ldc  int
	stepA, stepB, stepC int
	alpha, beta         float32
}

type order64 struct {
	a, b, c             *float64
	rows, k, tiles      int
	rsa, csa, rsb, ldc  int
	stepA, stepB, stepC int
	alpha, beta         float64
}

//go:noescape
func tiles32(o *order32)

//go:noescape
func tiles64(o *order64)

func run32(s *strip[float32]) {
	tiles32(&order32{
		a: &s.a[0], b: &s.b[0], c: &s.c[0],
		rows: s.rows, k: s.k, tiles: s.tiles,
		rsa: 4 * s.rsa, csa: 4 * s.csa, rsb: 4 * s.rsb, ldc: 4 * s.ldc,
		stepA: 4 * s.stepA, stepB: 4 * s.stepB, stepC: 4 * s.stepC,
		alpha: s.alpha, beta: s.beta,
	})
}

func run64(s *strip[float64]) {
	tiles64(&order64{
		a: &s.a[0], b: &s.b[0], c: &s.c[0],
		rows: s.rows, k: s.k, tiles: s.tiles,
		rsa: 8 * s.rsa, csa: 8 * s.csa, rsb: 8 * s.rsb, ldc: 8 * s.ldc,
		stepA: 8 * s.stepA, stepB: 8 * s.stepB, stepC: 8 * s.stepC,
		alpha: s.alpha, beta: s.beta,
	})
}
