package kernel

// SumDot returns Σ x and Σ x·y, both in float64. For float32 the products are
// exact.
func SumDot[T Float](x, y []T) (sum, dot float64) {
	i := 0
	if d, ok := as32(x); ok {
		s, _ := as32(y)
		sum, dot, i = sumDot(d, s)
	}
	y = y[:len(x)]
	for ; i < len(x); i++ {
		sum += float64(x[i])
		dot += float64(x[i]) * float64(y[i])
	}
	return sum, dot
}

// Dot returns Σ x·y, in float64. For float32 the products are exact. It is twice as fast as
// SumDot, and adds in another order.
func Dot[T Float](x, y []T) (sum float64) {
	i := 0
	if d, ok := as32(x); ok {
		s, _ := as32(y)
		sum, i = dot(d, s)
	}
	y = y[:len(x)]
	for ; i < len(x); i++ {
		sum += float64(x[i]) * float64(y[i])
	}
	return sum
}

// SquaredDistance returns Σ (x−y)², in float64.
func SquaredDistance[T Float](x, y []T) (sum float64) {
	i := 0
	if d, ok := as32(x); ok {
		s, _ := as32(y)
		sum, i = squaredDistance(d, s)
	}
	y = y[:len(x)]
	for ; i < len(x); i++ {
		d := float64(x[i]) - float64(y[i])
		sum += d * d
	}
	return sum
}
