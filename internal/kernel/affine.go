package kernel

// Affine sets o = a·z + b. o may be z.
func Affine[T Float](o, z []T, a, b T) {
	i := 0
	if d, ok := as32(o); ok {
		s, _ := as32(z)
		i = affine(d, s, float32(a), float32(b))
	}
	o = o[:len(z)]
	for ; i < len(z); i++ {
		o[i] = T(a*z[i]) + b
	}
}

// Lin2 sets o = a·x + b·y. o may be x or y.
func Lin2[T Float](o []T, a T, x []T, b T, y []T) {
	i := 0
	if d, ok := as32(o); ok {
		s, _ := as32(x)
		t, _ := as32(y)
		i = lin2(d, s, t, float32(a), float32(b))
	}
	o, y = o[:len(x)], y[:len(x)]
	for ; i < len(x); i++ {
		o[i] = T(a*x[i]) + T(b*y[i])
	}
}

// Evens sets dst[i] = src[2i].
func Evens[T Float](dst, src []T) {
	i := 0
	if d, ok := as32(dst); ok {
		s, _ := as32(src)
		i = evens(d, s)
	}
	for ; i < len(dst); i++ {
		dst[i] = src[2*i]
	}
}
