package vec

// DotBlock is the number of elements whose products Dot adds up together. A
// parallel dot product has Dot's bits if it splits at multiples of DotBlock,
// calls Dot for every single block, and adds the results in order.
const DotBlock = 4096

// lanes is the number of partial sums in a block: element i goes to sum
// i mod lanes.
const lanes = 16

// Dot returns Σ x[i]·y[i]. Products and sums are float64 for either type; for
// float32 the products are exact.
func Dot[T Float](x, y []T) float64 {
	same(len(x), len(y))
	sum := 0.0
	for len(x) > DotBlock {
		sum += dotBlock(x[:DotBlock], y[:DotBlock])
		x, y = x[DotBlock:], y[DotBlock:]
	}
	return sum + dotBlock(x, y)
}

func dotBlock[T Float](x, y []T) float64 {
	var s [lanes]float64
	i := 0
	if x, ok := any(x).([]float32); ok {
		i = dot32(&s, x, any(y).([]float32))
	}
	for ; i < len(x); i++ {
		s[i%lanes] += float64(float64(x[i]) * float64(y[i]))
	}
	for half := lanes / 2; half > 0; half /= 2 {
		for i := range half {
			s[i] += s[i+half]
		}
	}
	return s[0]
}
