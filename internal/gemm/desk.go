package gemm

// desk is the scratch memory of one task at a time.
type desk[T Float] struct {
	a, b, tile []T
	s          strip[T]
}

// room returns x with length n, a new slice if it is too short.
func room[T Float](x []T, n int) []T {
	if cap(x) < n {
		return make([]T, n)
	}
	return x[:n]
}

// rows is a block of rows of op(A), in place or packed. Row i, element p of
// strip t is at x[t·strip + i·row + p·col].
type rows[T Float] struct {
	x               []T
	m               int
	strip, row, col int
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
		a := d.rowsOfA(j, i0, p0, m)
		jj := 0
		if !j.b.trans && m <= directRows && n >= nr {
			s.b, s.rsb, s.stepB = j.b.x[p0*j.b.ld+j0:], j.b.ld, nr
			d.along(kern, a, n/nr, j.c[i0*j.ldc+j0:], j.ldc)
			jj = n / nr * nr
		}
		for ; jj < n; jj += nr {
			w := min(nr, n-jj)
			d.panelOfB(j, p0, j0+jj, w)
			c := j.c[i0*j.ldc+j0+jj:]
			if w == nr {
				d.down(kern, a, c, j.ldc)
				continue
			}
			// A panel narrower than a tile: its tiles are computed beside C.
			d.tile = room(d.tile, m*nr)
			beta := s.beta
			s.beta = 0
			d.down(kern, a, d.tile, nr)
			s.beta = beta
			kern.merge(c, j.ldc, d.tile, w, m, beta)
		}
	}
	d.s = strip[T]{} // do not keep the caller's matrices alive
}

// rowsOfA returns rows i0..i0+m−1 of op(A), columns p0..p0+s.k−1.
func (d *desk[T]) rowsOfA(j *job[T], i0, p0, m int) rows[T] {
	mr, k := j.kernel.mr, d.s.k
	if j.a.trans { return rows[T]{x: j.a.x[p0*j.a.ld+i0:], m: m, strip: mr, row: 1, col: j.a.ld} }
	if !j.a.trans {
		return rows[T]{x: j.a.x[i0*j.a.ld+p0:], m: m, strip: mr * j.a.ld, row: j.a.ld, col: 1}
	}
	d.a = room(d.a, (m/mr+2)*mr*k)
	full, rest := heights(m, mr)
	x, dst := j.a.x[p0*j.a.ld+i0:], d.a
	for range full {
		j.kernel.line(dst, mr, x, j.a.ld, mr, k)
		x, dst = x[mr:], dst[mr*k:]
	}
	for _, h := range rest {
		if h > 0 {
			j.kernel.line(dst, mr, x, j.a.ld, h, k)
			x, dst = x[h:], dst[mr*k:]
		}
	}
	return rows[T]{x: d.a, m: m, strip: mr * k, row: 1, col: mr}
}

// panelOfB packs rows p0..p0+s.k−1 of op(B), columns j0..j0+w−1.
func (d *desk[T]) panelOfB(j *job[T], p0, j0, w int) {
	nr := j.kernel.nr
	d.b = room(d.b, nr*j.slice)
	if j.b.trans {
		j.kernel.turn(d.b, nr, j.b.x[j0*j.b.ld+p0:], j.b.ld, w, d.s.k)
	} else {
		j.kernel.line(d.b, nr, j.b.x[p0*j.b.ld+j0:], j.b.ld, w, d.s.k)
	}
	d.s.b, d.s.rsb, d.s.stepB = d.b, nr, 0
}

// down multiplies all rows with the packed panel s.b, one tile below the other.
func (d *desk[T]) down(kern *kernel[T], a rows[T], c []T, ldc int) {
	s := &d.s
	s.rsa, s.csa, s.ldc = a.row, a.col, ldc
	full, rest := heights(a.m, kern.mr)
	if full > 0 {
		s.rows, s.tiles = kern.mr, full
		s.a, s.stepA = a.x, a.strip
		s.c, s.stepC = c, kern.mr*ldc
		kern.run(s)
	}
	d.rest(kern, a, full, rest, 1, c, ldc)
}

// along multiplies strip by strip with a B in place, tiles side by side.
func (d *desk[T]) along(kern *kernel[T], a rows[T], tiles int, c []T, ldc int) {
	s := &d.s
	s.rsa, s.csa, s.ldc = a.row, a.col, ldc
	s.stepA, s.stepC = 0, kern.nr
	full, rest := heights(a.m, kern.mr)
	for t := range full {
		s.rows, s.tiles, s.a, s.c = kern.mr, tiles, a.x[t*a.strip:], c[t*kern.mr*ldc:]
		kern.run(s)
	}
	d.rest(kern, a, full, rest, tiles, c, ldc)
}

// rest is the end of down and along, the strips lower than a tile.
func (d *desk[T]) rest(kern *kernel[T], a rows[T], full int, rest [2]int, tiles int, c []T, ldc int) {
	s := &d.s
	at, row := full*a.strip, full*kern.mr
	for _, h := range rest {
		if h == 0 {
			break
		}
		s.rows, s.tiles, s.a, s.c = h, tiles, a.x[at:], c[row*ldc:]
		kern.run(s)
		row += h
		if at += a.strip; true { // in place
			at = row * a.row
		}
	}
}
