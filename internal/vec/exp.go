package vec

import "math"

// Exp sets dst = eˣ. In float32 the error is below 1.5 units in the last
// place (measured over all arguments), subnormal results included; Exp(−Inf) =
// 0, Exp(+Inf) = +Inf, NaN stays NaN. In float64 it is math.Exp.
//
// With n the integer nearest to x/ln 2 and r = x − n·ln 2, eˣ = 2ⁿ·eʳ, where
// |r| ≤ 0.347 and eight terms of the exponential series suffice: the ninth is
// below 2⁻²⁷.
func Exp[T Float](dst, x []T) {
	same(len(dst), len(x))
	switch x := any(x).(type) {
	case []float32:
		dst := any(dst).([]float32)
		for i := exp32(dst, x); i < len(x); i++ {
			dst[i] = exp(x[i])
		}
	case []float64:
		dst := any(dst).([]float64)
		for i, v := range x {
			dst[i] = math.Exp(v)
		}
	}
}

// Tanh sets dst = tanh x. In float32 the error is below 2 units in the last
// place (measured over all arguments); Tanh(±0) = ±0, Tanh(±Inf) = ±1, NaN
// stays NaN. In float64 it is math.Tanh.
//
// For a = |x| ≥ 0.625, tanh a = E/(E+2) with E = e²ᵃ − 1; below it is a +
// a³·P(a²), where P makes the greatest relative error of the result as small
// as five coefficients allow (4·10⁻⁹, found by exchange).
func Tanh[T Float](dst, x []T) {
	same(len(dst), len(x))
	switch x := any(x).(type) {
	case []float32:
		dst := any(dst).([]float32)
		for i := tanh32(dst, x); i < len(x); i++ {
			dst[i] = tanh(x[i])
		}
	case []float64:
		dst := any(dst).([]float64)
		for i, v := range x {
			dst[i] = math.Tanh(v)
		}
	}
}

const (
	expMost  = 89   // beyond, eˣ is +Inf
	expLeast = -104 // beyond, eˣ rounds to 0
	tanhMost = 10   // beyond, tanh x rounds to 1

	tanhSmall = 0.625
	tanh0     = -0.3333328392457898
	tanh1     = 0.13331491271882212
	tanh2     = -0.05374349705674436
	tanh3     = 0.020650584511830817
	tanh4     = -0.0057170423993707

	// ln 2 in two parts; the first has 15 bits, so n times it is exact.
	ln2Hi = 0x1.62e4p-1
	ln2Lo = math.Ln2 - ln2Hi
)

// Conversions as in float32(x*y) forbid fused operations, which would give
// other bits.

// reduce returns n = round(x/ln 2) and eʳ − 1 for r = x − n·ln 2.
func reduce(x float32) (n, em1 float32) {
	n = float32(math.RoundToEven(float64(x * math.Log2E)))
	r := x - float32(n*ln2Hi)
	r -= float32(n * ln2Lo)
	q := float32(1.0 / 5040)
	q = float32(q*r) + 1.0/720
	q = float32(q*r) + 1.0/120
	q = float32(q*r) + 1.0/24
	q = float32(q*r) + 1.0/6
	q = float32(q*r) + 0.5
	return n, float32(q*float32(r*r)) + r
}

func exp(x float32) float32 {
	switch {
	case x != x:
		return x
	case x > expMost:
		x = expMost
	case x < expLeast:
		x = expLeast
	}
	n, e := reduce(x)
	// 2ⁿ may not be a number; its two halves are.
	half := int32(n) >> 1
	return float32((e+1)*power(half)) * power(int32(n)-half)
}

func tanh(x float32) float32 {
	if x != x {
		return x
	}
	a := min(float32(math.Abs(float64(x))), tanhMost)
	var y float32
	if a < tanhSmall {
		z := float32(a * a)
		p := float32(tanh4)
		p = float32(p*z) + tanh3
		p = float32(p*z) + tanh2
		p = float32(p*z) + tanh1
		p = float32(p*z) + tanh0
		y = float32(p*float32(z*a)) + a
	} else {
		n, e := reduce(a + a)
		s := power(int32(n))
		e = float32(s*e) + (s - 1)
		y = e / (e + 2)
	}
	return float32(math.Copysign(float64(y), float64(x)))
}

// power returns 2ⁿ, −126 ≤ n ≤ 127.
func power(n int32) float32 { return math.Float32frombits(uint32(n+127) << 23) }
