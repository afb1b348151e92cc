//go:build !openblas

package gemm

// desk is the scratch memory of one task at a time.
type desk[T Float] struct {
	panel, tile []T
	s           strip[T]
}

// room returns x with length n, a new slice if it is too short.
func room[T Float](x []T, n int) []T {
	if cap(x) < n {
		return make([]T, n)
	}
	return x[:n]
}

// heights cuts m rows into full strips of height mr and up to two lower ones,
// of nearly equal height, as a kernel is slow on very low ones.
func heights(m, mr int) (full int, rest [2]int) {
	full, r := m/mr, m%mr
	if r > 0 && full > 0 && 2*r <= mr {
		full--
		r += mr
		return full, [2]int{(r + 1) / 2, r / 2}
	}
	return full, [2]int{r, 0}
}

// work computes the rows and columns of C that belong to task number i.
func (d *desk[T]) work(j *job[T], i int) {
	i0, j0 := i/j.across*j.rows, i%j.across*j.cols
	m, n := min(j.rows, j.m-i0), min(j.cols, j.n-j0)
	kern := j.kernel
	nr := kern.nr
	s := &d.s
	s.alpha = j.alpha

	for p0 := 0; p0 < j.k; p0 += j.slice {
		s.k = min(j.slice, j.k-p0)
		s.beta = 1
		if p0 == 0 {
			s.beta = j.beta
		}
		a := j.a.from(i0, p0)
		if s.rsa, s.csa = j.a.ld, 1; j.a.trans {
			s.rsa, s.csa = s.csa, s.rsa
		}
		jj := 0
		if j.direct {
			jj = n / nr * nr
			s.b, s.rsb = j.b.from(p0, j0), j.b.ld
			d.along(kern, a, m, n/nr, j.c[i0*j.ldc+j0:], j.ldc)
		}
		for ; jj < n; jj += nr {
			w := min(nr, n-jj)
			d.panelOfB(j, p0, j0+jj, w)
			c := j.c[i0*j.ldc+j0+jj:]
			if w == nr {
				d.down(kern, a, m, c, j.ldc)
				continue
			}
			// A panel narrower than a tile: its tiles are computed beside C.
			d.tile = room(d.tile, m*nr)
			beta := s.beta
			s.beta = 0
			d.down(kern, a, m, d.tile, nr)
			s.beta = beta
			kern.merge(c, j.ldc, d.tile, w, m, beta)
		}
	}
	d.s = strip[T]{} // do not keep the caller's matrices alive
}

// panelOfB packs rows p0..p0+s.k−1 of op(B), columns j0..j0+w−1.
func (d *desk[T]) panelOfB(j *job[T], p0, j0, w int) {
	nr := j.kernel.nr
	d.panel = room(d.panel, nr*j.slice)
	pack := j.kernel.line
	if j.b.trans {
		pack = j.kernel.turn
	}
	pack(d.panel, nr, j.b.from(p0, j0), j.b.ld, w, d.s.k)
	d.s.b, d.s.rsb = d.panel, nr
}

// down multiplies m rows of A with the panel s.b, one tile below the other.
func (d *desk[T]) down(kern *kernel[T], a []T, m int, c []T, ldc int) {
	s := &d.s
	full, rest := heights(m, kern.mr)
	if full > 0 {
		s.rows, s.tiles, s.stepB, s.ldc = kern.mr, full, 0, ldc
		s.a, s.stepA = a, kern.mr*s.rsa
		s.c, s.stepC = c, kern.mr*ldc
		kern.run(s)
	}
	d.rest(kern, a, full*kern.mr, rest, 1, c, ldc)
}

// along multiplies strip by strip with a B in place, tiles side by side.
func (d *desk[T]) along(kern *kernel[T], a []T, m, tiles int, c []T, ldc int) {
	if tiles == 0 {
		return
	}
	s := &d.s
	s.tiles, s.stepA, s.stepB, s.stepC, s.ldc = tiles, 0, kern.nr, kern.nr, ldc
	full, rest := heights(m, kern.mr)
	for t := range full {
		s.rows, s.a, s.c = kern.mr, a[t*kern.mr*s.rsa:], c[t*kern.mr*ldc:]
		kern.run(s)
	}
	d.rest(kern, a, full*kern.mr, rest, tiles, c, ldc)
}

// rest is the end of down and along, the strips from row i on that are lower
// than a tile.
func (d *desk[T]) rest(kern *kernel[T], a []T, i int, rest [2]int, tiles int, c []T, ldc int) {
	s := &d.s
	s.tiles, s.ldc = tiles, ldc
	for _, h := range rest {
		if h > 0 {
			s.rows, s.a, s.c = h, a[i*s.rsa:], c[i*ldc:]
			kern.run(s)
			i += h
		}
	}
}
