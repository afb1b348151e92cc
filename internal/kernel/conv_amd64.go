package kernel

//go:generate go run gen.go

// Orders are what the assembly reads: distances and n in bytes.

type slideOrder struct {
	q, k, c     *float32
	off         *int32
	taps, tiles int
	rows        int
	ldk, ldc    int
}

type correlateOrder struct {
	g, q, d              *float32
	off                  *int32
	tiles, n             int
	ldg, ldd             int
	images, nextG, nextQ int
}

//go:noescape
func slideAVX2(o *slideOrder)

//go:noescape
func correlateAVX2(o *correlateOrder)

func slide(c []float32, ldc int, k []float32, ldk int, q []float32, off []int32, rows, n int) {
	o := slideOrder{q: &q[0], off: &off[0], taps: len(off), tiles: n / Width, ldk: 4 * ldk, ldc: 4 * ldc}
	// Strips of nearly equal height: one of one or two rows would leave the
	// multipliers waiting for each other.
	strips := (rows + 5) / 6
	for s := range strips {
		i := s * rows / strips
		o.k, o.c, o.rows = &k[i*ldk], &c[i*ldc], (s+1)*rows/strips-i
		slideAVX2(&o)
	}
}

func correlate(d []float32, ldd int, g []float32, ldg int, q []float32, off []int32, rows, n int, m Images) {
	o := correlateOrder{q: &q[0], off: &off[0], n: 4 * n, ldg: 4 * ldg, ldd: 4 * ldd, images: m.N, nextG: 4 * m.NextG, nextQ: 4 * m.NextQ}
	for i := 0; i < rows; i += TileRows {
		o.g, o.d, o.tiles = &g[i*ldg], &d[i*ldd], len(off)/TileWindows // the assembly counts tiles down
		correlateAVX2(&o)
	}
}
