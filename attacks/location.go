package attacks

import (
	"math"

	"gonum.org/v1/gonum/mathext"
)

// location is a Gaussian (dof 0) or Student-t distribution with location and
// scale, evaluated in logarithms.
type location struct{ mean, scale, dof float64 }

// logPDF is the log density at x.
func (d location) logPDF(x float64) float64 {
	z := (x - d.mean) / d.scale
	if d.dof == 0 {
		return -0.5*z*z - math.Log(d.scale) - 0.5*math.Log(2*math.Pi)
	}
	a, _ := math.Lgamma((d.dof + 1) / 2)
	b, _ := math.Lgamma(d.dof / 2)
	return a - b - 0.5*math.Log(d.dof*math.Pi) - math.Log(d.scale) - (d.dof+1)/2*math.Log1p(z*z/d.dof)
}

// logAbove is log P(X ≥ x).
func (d location) logAbove(x float64) float64 {
	z := (x - d.mean) / d.scale
	if d.dof == 0 {
		return logNormalCDF(-z)
	}
	return logStudentAbove(z, d.dof)
}

// logStudentAbove is log P(T ≥ z) for Student's t: ½ I_w(ν/2, ½) with
// w = ν/(ν+z²) for z ≥ 0. Where the incomplete beta function underflows, its
// leading term w^{ν/2}/(ν/2 · B(ν/2, ½)) is exact to a factor 1 + O(w).
func logStudentAbove(z, nu float64) float64 {
	w := nu / (nu + z*z)
	if math.IsInf(z*z, 1) {
		w = 0
	}
	tail := 0.5 * mathext.RegIncBeta(nu/2, 0.5, w)
	if z < 0 {
		return math.Log1p(-tail)
	}
	if tail > 1e-280 {
		return math.Log(tail)
	}
	// log w in a form that survives w underflowing.
	logW := math.Log(nu) - 2*math.Log(z) - math.Log1p(nu/z/z)
	return nu/2*logW - math.Log(nu/2) - mathext.Lbeta(nu/2, 0.5) - math.Ln2
}
