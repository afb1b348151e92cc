package attacks

import "math"

// normalCDF is Φ.
func normalCDF(z float64) float64 { return 0.5 * math.Erfc(-z/math.Sqrt2) }

// logNormalCDF is log Φ(z). Below −10 it uses the asymptotic series of the
// Mills ratio, Φ(z) ≈ φ(z)/|z| · (1 − 1/z² + 3/z⁴ − 15/z⁶ + …), since Φ itself
// underflows below −38. Twelve terms leave a relative error under 1e-12 at −10,
// shrinking with |z|.
func logNormalCDF(z float64) float64 {
	if z > -10 {
		if z > 5 {
			return math.Log1p(-0.5 * math.Erfc(z/math.Sqrt2))
		}
		return math.Log(normalCDF(z))
	}
	w := 1 / (z * z)
	term, series := 1.0, 0.0
	for k := 1; k <= 12; k++ {
		term *= -float64(2*k-1) * w
		series += term
	}
	return -0.5*z*z - math.Log(-z) - 0.5*math.Log(2*math.Pi) + math.Log1p(series)
}
