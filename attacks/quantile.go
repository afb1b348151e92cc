package attacks

import (
	"context"
	"fmt"
	"math"

	"gonum.org/v1/gonum/optimize"
)

// QuantileMIA is membership inference by quantile regression (Bertran et al., "Scalable
// Membership Inference Attacks via Quantile Regression", NeurIPS 2023): of examples that
// a model never saw it learns what signal an example of such features has, as a high
// quantile, and the score is how far the signal lies above it. One model and examples
// that it never saw are enough, where LiRA wants dozens of models: it is meant for runs
// that are dear, such as CIFAR-10's.
//
// The quantile is linear in the features, found by minimising the pinball loss, smoothed
// ever less. Give features in which difficulty is about linear: logits of another model,
// or an embedding.
type QuantileMIA struct {
	Features []float64 // row-major [examples, Width], of the shadows' examples
	Width    int
	Quantile float64 // of the negatives' signal; 0 means 0.95: FPR 5% at score 0
	L2       float64 // ridge on standardised features; 0 means 1e-3
}

// Name implements Attack.
func (QuantileMIA) Name() string { return "quantile" }

// Learn implements Attack: from all models of s, which may be one, on the examples in
// the game's negative state. Fewer of these than ten for each feature are an error.
func (q QuantileMIA) Learn(ctx context.Context, s *Shadows, game Game) (Scorer, error) {
	_, negative, err := game.States()
	if err != nil {
		return nil, err
	}
	if q.Width < 1 || len(q.Features) != s.Examples*q.Width {
		return nil, &ShapeError{Op: "QuantileMIA", Arg: "Features", Got: len(q.Features), Want: s.Examples * q.Width}
	}
	var x, y []float64
	for m := range s.Models {
		for e, v := range averaged(s.row(m), s.augs()) {
			if s.state(m, e) == negative {
				x, y = append(x, q.Features[e*q.Width:(e+1)*q.Width]...), append(y, v)
			}
		}
	}
	fit, err := q.Fit(ctx, x, y)
	if err != nil {
		return nil, err
	}
	examples, augs := s.Examples, s.augs()
	return ScorerFunc(func(a Answers) ([]float64, error) {
		if err := a.check("QuantileMIA", examples, augs); err != nil {
			return nil, err
		}
		out := averaged(a.Signal, augs)
		for e := range out {
			out[e] -= fit.At(q.Features[e*q.Width : (e+1)*q.Width])
		}
		return out, nil
	}), nil
}

// QuantileFit is a fitted conditional quantile.
type QuantileFit struct {
	intercept   float64
	weights     []float64
	mean, scale []float64
}

// At returns the quantile at an example's features.
func (f *QuantileFit) At(x []float64) float64 {
	q := f.intercept
	for j, v := range x {
		q += f.weights[j] * (v - f.mean[j]) / f.scale[j]
	}
	return q
}

// Fit regresses the quantile of signals, [n], on features, row-major [n, Width], of
// examples that the model never saw.
func (q QuantileMIA) Fit(ctx context.Context, features, signals []float64) (*QuantileFit, error) {
	const op = "QuantileMIA"
	tau, ridge := orDefault(q.Quantile, 0.95), orDefault(q.L2, 1e-3)
	if err := checkOpen(op, "Quantile", tau); err != nil {
		return nil, err
	}
	if !(ridge > 0) {
		return nil, &ValueError{Op: op, Arg: "L2", Index: -1, Value: q.L2, Err: ErrRange}
	}
	if err := checkFinite(op, "features", features); err != nil {
		return nil, err
	}
	if err := checkFinite(op, "signals", signals); err != nil {
		return nil, err
	}
	n, d := len(signals), q.Width
	if len(features) != n*d {
		return nil, &ShapeError{Op: op, Arg: "features", Got: len(features), Want: n * d}
	}
	if n < 10*(d+1) {
		return nil, failf(op, ErrTooFewShadows, "%d signals for %d features; %d would do", n, d, 10*(d+1))
	}
	f := &QuantileFit{weights: make([]float64, d), mean: make([]float64, d), scale: make([]float64, d)}
	z := make([]float64, n*d)
	for j := range d {
		for i := range n {
			f.mean[j] += features[i*d+j] / float64(n)
		}
		ss := 0.0
		for i := range n {
			ss += (features[i*d+j] - f.mean[j]) * (features[i*d+j] - f.mean[j]) / float64(n)
		}
		if f.scale[j] = math.Sqrt(ss); f.scale[j] == 0 {
			f.scale[j] = math.Inf(1) // a constant feature says nothing
		}
		for i := range n {
			z[i*d+j] = (features[i*d+j] - f.mean[j]) / f.scale[j]
		}
	}
	s := sorted(signals)
	width := math.Sqrt(variance(signals))
	if width == 0 {
		f.intercept = s[0]
		return f, nil
	}
	residual := func(beta []float64, i int) float64 {
		r := signals[i] - beta[0]
		for j := range d {
			r -= beta[j+1] * z[i*d+j]
		}
		return r
	}
	problem := optimize.Problem{
		// τr + w·log(1 + e^(−r/w)), which is the pinball loss as w falls to 0.
		Func: func(beta []float64) float64 {
			loss := 0.0
			for i := range n {
				r := residual(beta, i)
				loss += (tau*r + width*softplus(-r/width)) / float64(n)
			}
			for _, b := range beta[1:] {
				loss += 0.5 * ridge * b * b
			}
			return loss
		},
		Grad: func(grad, beta []float64) {
			clear(grad)
			for i := range n {
				g := -(tau - 1/(1+math.Exp(residual(beta, i)/width))) / float64(n)
				grad[0] += g
				for j := range d {
					grad[j+1] += g * z[i*d+j]
				}
			}
			for j, b := range beta[1:] {
				grad[j+1] += ridge * b
			}
		},
		Status: func() (optimize.Status, error) {
			if err := ctx.Err(); err != nil {
				return optimize.Failure, err
			}
			return optimize.NotTerminated, nil
		},
	}
	at := make([]float64, d+1)
	at[0] = quantile(s, tau)
	// Smoothing over w moves the quantile by about w: each round takes a tenth of the
	// residuals' spread that the last left.
	for range 4 {
		width *= 0.1
		r, err := optimize.Minimize(problem, at, &optimize.Settings{GradientThreshold: 1e-7, MajorIterations: 300}, &optimize.LBFGS{})
		if ctx.Err() != nil {
			return nil, fmt.Errorf("attacks: %s: %w", op, ctx.Err())
		}
		if r == nil {
			return nil, failf(op, ErrDegenerate, "%v", err)
		}
		copy(at, r.X) // also where a line search found no further step
	}
	f.intercept = at[0]
	copy(f.weights, at[1:])
	return f, nil
}
