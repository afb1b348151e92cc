package attacks

import (
	"math"

	"gonum.org/v1/gonum/mat"
)

// Whoever has the model before and after a request compares the two: even perfect
// unlearning shows such an attacker what changed, and simple models what was removed.

// SnapshotScores is the membership attack on two snapshots: how much the logit gap of
// each example fell. Forgotten examples fall further than never-seen ones, if
// retraining is how they were forgotten, so the number to compare with is
// retraining's.
func SnapshotScores(before, after []float64) ([]float64, error) {
	const op = "SnapshotScores"
	if err := checkFinite(op, "before", before); err != nil {
		return nil, err
	}
	if err := checkFinite(op, "after", after); err != nil {
		return nil, err
	}
	if len(before) != len(after) {
		return nil, &ShapeError{Op: op, Arg: "after", Got: len(after), Want: len(before)}
	}
	out := make([]float64, len(before))
	for i := range out {
		out[i] = before[i] - after[i]
	}
	return out, nil
}

// Snapshots returns the shadows of both snapshots as shadows of their difference, for
// attacks to be played on. Both must hold the same models, examples and states.
func Snapshots(before, after *Shadows) (*Shadows, error) {
	if err := before.Validate(); err != nil {
		return nil, failWrap("before", err)
	}
	if err := after.Validate(); err != nil {
		return nil, failWrap("after", err)
	}
	if before.Models != after.Models || before.Examples != after.Examples || before.augs() != after.augs() {
		return nil, &ShapeError{Op: "Snapshots", Arg: "after's signals", Got: len(after.Signal), Want: len(before.Signal)}
	}
	for i, st := range before.State {
		if st != after.State[i] {
			return nil, failf("Snapshots", ErrShape, "model %d, example %d is %q before and %q after; the two are of other models", i/before.Examples, i%before.Examples, st, after.State[i])
		}
	}
	d, err := SnapshotScores(before.Signal, after.Signal)
	if err != nil {
		return nil, err
	}
	return &Shadows{Models: after.Models, Examples: after.Examples, Augs: after.Augs, Signal: d, State: after.State, Group: after.Group, Labels: after.Labels, Classes: after.Classes}, nil
}

// Reconstruction is what two snapshots of a linear model show of one removed example.
type Reconstruction struct {
	Direction []float64 // of its features, of length 1
	Label     int
	// Share is how much of the difference one example explains: 1 if one was removed
	// and the model is exactly linear.
	Share float64
}

// ReconstructLinear finds the one example whose removal turned the weights of a linear
// classifier, row-major [classes, features], from before into after (Bertran et al.,
// "Reconstruction Attacks on Machine Unlearning: Simple Models are Vulnerable", 2024).
// The example pulled its own class's weights along C⁻¹x and pushed the others against
// it, with C the second moments of the data, which the attacker takes from public
// examples, row-major [n, features]: the difference times C has rank one, and its
// leading singular vectors are x and the pull on each class.
func ReconstructLinear(before, after []float64, classes int, public []float64) (*Reconstruction, error) {
	const op = "ReconstructLinear"
	d, err := SnapshotScores(before, after)
	if err != nil {
		return nil, err
	}
	if classes < 1 || len(d)%classes != 0 {
		return nil, failf(op, ErrShape, "%d weights are no rows of %d classes", len(d), classes)
	}
	features := len(d) / classes
	if err := checkFinite(op, "public", public); err != nil {
		return nil, err
	}
	if len(public)%features != 0 {
		return nil, failf(op, ErrShape, "%d public values are no rows of %d features", len(public), features)
	}
	var moments, pulled mat.Dense
	x := mat.NewDense(len(public)/features, features, public)
	moments.Mul(x.T(), x)
	pulled.Mul(mat.NewDense(classes, features, d), &moments)
	var svd mat.SVD
	if !svd.Factorize(&pulled, mat.SVDThin) {
		return nil, failf(op, ErrDegenerate, "the difference has no singular values")
	}
	values := svd.Values(nil)
	total := 0.0
	for _, v := range values {
		total += v * v
	}
	if total == 0 {
		return nil, failf(op, ErrDegenerate, "the two snapshots are the same")
	}
	var u, v mat.Dense
	svd.UTo(&u)
	svd.VTo(&v)
	r := &Reconstruction{Direction: make([]float64, features), Share: values[0] * values[0] / total}
	for c := range classes {
		if math.Abs(u.At(c, 0)) > math.Abs(u.At(r.Label, 0)) {
			r.Label = c
		}
	}
	sign := 1.0 // the example's own class is pulled towards it
	if u.At(r.Label, 0) < 0 {
		sign = -1
	}
	for j := range r.Direction {
		r.Direction[j] = sign * v.At(j, 0)
	}
	return r, nil
}
