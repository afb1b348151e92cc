package kernel

// Images are rows of w pixels, one under the other, with an even number of
// rows. A window is 2×2 pixels; row r of the windows covers rows 2r and 2r+1 of
// pixels, and as many windows as fit side by side: ow = w/2. Images of even
// width may be stacked, so that many are treated at once. w is at least 2.

// MaxPairs sets o to the largest pixel of each window of x, or to NaN if one
// is NaN.
func MaxPairs[T Float](o, x []T, w int) {
	ow, r := w/2, 0
	if d, ok := as32(o); ok {
		s, _ := as32(x)
		r = maxPairs(d, s, w)
	}
	for ; (r+1)*ow <= len(o); r++ {
		o, a, b := rows(o, x, w, r)
		for i := range o {
			j := 2 * i
			a, b := a[j:j+2:j+2], b[j:j+2:j+2]
			o[i] = max(max(a[0], a[1]), max(b[0], b[1]))
		}
	}
}

// GatherPairs sets o to the numbers that u, laid out as x, has where x is the
// first largest of its window.
func GatherPairs[T Float](o, x, u []T, w int) {
	ow, r := w/2, 0
	if d, ok := as32(o); ok {
		s, _ := as32(x)
		t, _ := as32(u)
		r = gatherPairs(d, s, t, w)
	}
	for ; (r+1)*ow <= len(o); r++ {
		o, a, b := rows(o, x, w, r)
		u := u[2*r*w:]
		for i := range o {
			j := 2 * i
			a, b := a[j:j+2:j+2], b[j:j+2:j+2]
			o[i] = u[j+first(a[0], a[1], b[0], b[1], w)]
		}
	}
}

// ScatterPairs sets d, laid out as x, to g where x is the first largest of its
// window and to 0 elsewhere.
func ScatterPairs[T Float](d, x, g []T, w int) {
	ow, r := w/2, 0
	if s, ok := as32(d); ok && w%2 == 0 {
		t, _ := as32(x)
		u, _ := as32(g)
		r = scatterPairs(s, t, u, w)
	}
	clear(d[2*r*w:])
	for ; (r+1)*ow <= len(g); r++ {
		g, a, b := rows(g, x, w, r)
		d := d[2*r*w:]
		for i, v := range g {
			j := 2 * i
			a, b := a[j:j+2:j+2], b[j:j+2:j+2]
			d[j+first(a[0], a[1], b[0], b[1], w)] = v
		}
	}
}

// rows returns row r of the windows, and the two rows of pixels.
func rows[T Float](o, x []T, w, r int) (window, a, b []T) {
	ow := w / 2
	return o[r*ow : (r+1)*ow], x[2*r*w:][:2*ow], x[(2*r+1)*w:][:2*ow]
}

// first returns the offset of the first largest of a0, a1 and, w further, b0,
// b1.
func first[T Float](a0, a1, b0, b1 T, w int) int {
	k := one(a1 > a0)
	if l := w + one(b1 > b0); max(b0, b1) > max(a0, a1) {
		k = l
	}
	return k
}
