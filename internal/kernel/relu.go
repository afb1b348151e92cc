package kernel

import "unsafe"

// Float is the element type of a vector.
type Float interface{ float32 | float64 }

// as32 returns x's memory as float32s, and whether that is its type and there
// is assembly for it. It is free: the compiler knows the type.
func as32[T Float](x []T) ([]float32, bool) {
	var z T
	if unsafe.Sizeof(z) != 4 || !fast {
		return nil, false
	}
	return unsafe.Slice((*float32)(unsafe.Pointer(unsafe.SliceData(x))), len(x)), true
}

// Add adds src to dst.
func Add[T Float](dst, src []T) {
	i := 0
	if d, ok := as32(dst); ok {
		s, _ := as32(src)
		i = add(d, s)
	}
	dst = dst[:len(src)]
	for ; i < len(src); i++ {
		dst[i] += src[i]
	}
}

// AddReLU sets o = max(z + b, 0); NaN stays NaN. o may be z.
func AddReLU[T Float](o, z []T, b T) {
	i := 0
	if d, ok := as32(o); ok {
		s, _ := as32(z)
		i = addReLU(d, s, float32(b))
	}
	o = o[:len(z)]
	for ; i < len(z); i++ {
		o[i] = max(z[i]+b, 0)
	}
}

// AddRowReLU sets o = max(z + b, 0) for vectors; NaN stays NaN. o may be z.
func AddRowReLU[T Float](o, z, b []T) {
	i := 0
	if d, ok := as32(o); ok {
		s, _ := as32(z)
		t, _ := as32(b)
		i = addRowReLU(d, s, t)
	}
	o, b = o[:len(z)], b[:len(z)]
	for ; i < len(z); i++ {
		o[i] = max(z[i]+b[i], 0)
	}
}

// ReLUGrad sets o to g where y > 0 or y is NaN, and to 0 elsewhere. o may be y
// or g.
func ReLUGrad[T Float](o, y, g []T) {
	i := 0
	if d, ok := as32(o); ok {
		s, _ := as32(y)
		t, _ := as32(g)
		i = reluGrad(d, s, t)
	}
	o, g = o[:len(y)], g[:len(y)]
	for ; i < len(y); i++ {
		choice := [2]T{g[i], 0}
		o[i] = choice[one(y[i] <= 0)]
	}
}

// one is 1 if b holds, without a branch.
func one(b bool) int {
	if b {
		return 1
	}
	return 0
}
