package unlearning

import (
	"errors"
	"math"

	"gonum.org/v1/gonum/floats"
	"gonum.org/v1/gonum/mat"

	"github.com/miniunlearn/miniunlearn/graph"
)

const (
	// loud is the noise of a sample, by the estimate, that is worth the time of
	// calibration.
	loud = 0.1
	// mostScores of inputs are used, and fewestPer examples of the sample for each
	// number that is.
	mostScores = 8
	fewestPer  = 6
)

// auxiliary is what is known of all examples beside the sizes of their terms:
// α̃ ⊗ (1, principal scores of the input), near to what a linear model's terms are.
type auxiliary struct {
	alpha  *graph.Tensor
	scores []float64 // [n, p]
	p      int
}

// auxiliary computes what a sample of so many examples can be calibrated with,
// which is nothing where it has little noise.
func (q *request) auxiliary(alpha *graph.Tensor, sample int, noise float64) (*auxiliary, error) {
	a := &auxiliary{alpha: alpha}
	a.p = min(mostScores, a.enough(sample), len(q.Run.Data.Row(0)))
	if a.p < 1 || noise < loud {
		return a, nil
	}
	var err error
	a.scores, err = q.principal(a.p)
	return a, err
}

// enough returns the number of scores that a sample is large enough for.
func (a *auxiliary) enough(sample int) int {
	return sample/(fewestPer*a.alpha.Shape()[1]) - 1
}

// of sets row [K·(1+p)] to that of an example, with its first scores.
func (a *auxiliary) of(e pushed, row []float64) {
	k := a.alpha.Shape()[1]
	for c := range k {
		push := e.factor * a.alpha.At(e.id*k+c)
		row[c] = push
		for s := range len(row)/k - 1 {
			row[k*(1+s)+c] = push * a.scores[e.id*a.p+s]
		}
	}
}

// calibrate changes the weights of a sample of the examples of a group.
func (a *auxiliary) calibrate(weights []float64, sample, all []pushed, group int) error {
	var drawn int
	for _, w := range weights {
		if w > 1 { // others are certain
			drawn++
		}
	}
	p := min(a.p, a.enough(drawn))
	if a.scores == nil || p < 1 {
		return nil
	}
	dim := a.alpha.Shape()[1] * (1 + p)
	row, known := make([]float64, dim), make([]float64, dim)
	for _, e := range all {
		if e.group[0] == group {
			a.of(e, row)
			floats.Add(known, row)
		}
	}
	rows := mat.NewDense(len(sample), dim, nil)
	for j, e := range sample {
		a.of(e, rows.RawRowView(j))
	}
	return calibrate(weights, rows, known)
}

// calibrate changes the weights of a sample so that Σ w_j a_j over it is, almost,
// the known sum over all. What else is summed with those weights loses of its
// noise what a tells linearly (Deville and Särndal, Calibration estimators in survey
// sampling, 1992). Row j of auxiliary [m, A] is a_j, and lost. Weights come as inverse
// probabilities, and stay what they are where they are 1.
func calibrate(weights []float64, auxiliary *mat.Dense, known []float64) error {
	m, dim := auxiliary.Dims()
	missing := mat.NewVecDense(dim, nil)
	missing.MulVec(auxiliary.T(), mat.NewVecDense(m, weights))
	missing.SubVec(mat.NewVecDense(dim, known), missing)
	// The least change is w (w − 1) aᵀ λ, in the norm of the sample's noise: terms
	// of weight 1 have none.
	noise := make([]float64, m)
	for j, w := range weights {
		noise[j] = math.Sqrt(w * (w - 1))
		floats.Scale(noise[j], auxiliary.RawRowView(j))
	}
	var moments mat.SymDense
	moments.SymOuterK(1, auxiliary.T())
	mean := mat.Trace(&moments) / float64(dim)
	if mean == 0 {
		return nil
	}
	// What the sample hardly shows would change weights wildly.
	for c := range dim {
		moments.SetSym(c, c, moments.At(c, c)+1e-3*mean)
	}
	var factor mat.Cholesky
	if !factor.Factorize(&moments) {
		return errors.New("moments of the sample are not finite")
	}
	var lambda, change mat.VecDense
	var ill mat.Condition
	if err := factor.SolveVecTo(&lambda, missing); err != nil && !errors.As(err, &ill) {
		return err
	}
	change.MulVec(auxiliary, &lambda)
	for j := range weights {
		weights[j] += noise[j] * change.AtVec(j)
	}
	return nil
}
