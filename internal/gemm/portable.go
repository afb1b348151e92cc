//go:build !openblas

package gemm

// portable returns the kernel for processors without an assembly one. Tiles of
// 2×4 are what the sixteen registers of a common machine hold.
func portable[T Float]() *kernel[T] {
	return &kernel[T]{mr: 2, nr: 4, run: runPortable[T], turn: turnPortable[T], line: linePortable[T], merge: mergePortable[T](4)}
}

func runPortable[T Float](s *strip[T]) {
	for t := range s.tiles {
		a, b, c := s.a[t*s.stepA:], s.b[t*s.stepB:], s.c[t*s.stepC:]
		if s.rows == 2 {
			tile2x4(s, a, b, c)
			continue
		}
		tile1x4(s, a, b, c)
	}
}

// The conversions T(x*y) forbid a fused multiply-add, which compilers for some
// processors would use in one of the two tiles and not in the other.

func tile2x4[T Float](s *strip[T], a, b, c []T) {
	var c00, c01, c02, c03, c10, c11, c12, c13 T
	a1 := a[s.rsa:]
	csa, rsb := s.csa, s.rsb
	for p, i, j := 0, 0, 0; p < s.k; p, i, j = p+1, i+csa, j+rsb {
		x, y := a[i], a1[i]
		bp := b[j : j+4 : j+4]
		c00 += T(x * bp[0])
		c10 += T(y * bp[0])
		c01 += T(x * bp[1])
		c11 += T(y * bp[1])
		c02 += T(x * bp[2])
		c12 += T(y * bp[2])
		c03 += T(x * bp[3])
		c13 += T(y * bp[3])
	}
	put(s, c[:4], c00, c01, c02, c03)
	put(s, c[s.ldc:s.ldc+4], c10, c11, c12, c13)
}

func tile1x4[T Float](s *strip[T], a, b, c []T) {
	var c0, c1, c2, c3 T
	csa, rsb := s.csa, s.rsb
	for p, i, j := 0, 0, 0; p < s.k; p, i, j = p+1, i+csa, j+rsb {
		x := a[i]
		bp := b[j : j+4 : j+4]
		c0 += T(x * bp[0])
		c1 += T(x * bp[1])
		c2 += T(x * bp[2])
		c3 += T(x * bp[3])
	}
	put(s, c[:4], c0, c1, c2, c3)
}

func put[T Float](s *strip[T], c []T, x0, x1, x2, x3 T) {
	alpha, beta := s.alpha, s.beta
	x0, x1, x2, x3 = T(alpha*x0), T(alpha*x1), T(alpha*x2), T(alpha*x3)
	if beta != 0 {
		x0, x1, x2, x3 = T(beta*c[0])+x0, T(beta*c[1])+x1, T(beta*c[2])+x2, T(beta*c[3])+x3
	}
	c[0], c[1], c[2], c[3] = x0, x1, x2, x3
}

func turnPortable[T Float](dst []T, width int, x []T, ld, w, k int) {
	for i := range w {
		d := dst[i:]
		for p, v := range x[i*ld : i*ld+k] {
			d[p*width] = v
		}
	}
}

func linePortable[T Float](dst []T, width int, x []T, ld, w, k int) {
	for p := range k {
		copy(dst[p*width:(p+1)*width], x[p*ld:p*ld+w])
	}
}

func mergePortable[T Float](nr int) func(c []T, ldc int, tile []T, w, rows int, beta T) {
	return func(c []T, ldc int, tile []T, w, rows int, beta T) {
		for i := range rows {
			row := c[i*ldc:][:w]
			sum := tile[i*nr:][:len(row)]
			if beta == 0 {
				copy(row, sum)
				continue
			}
			for j, x := range sum {
				row[j] = T(beta*row[j]) + x
			}
		}
	}
}
