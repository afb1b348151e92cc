package attacks

import (
	"context"
	"fmt"
	"math"

	"github.com/miniunlearn/miniunlearn/internal/purpose"
)

// Poison is the Gaussian poisoning test of unlearning (Pawelczyk et al., "Machine
// Unlearning Fails to Remove Data Poisoning Attacks", 2024, arXiv 2406.17216): each
// example that will have to be forgotten is trained on with Gaussian noise of its own
// on its features, under its right label. Nobody but the auditor knows the noise, and
// it is in no other data. A model that still knows it answers the example better along
// the noise than against it.
//
// The score of an example is ⟨ξ, ∇φ⟩/(σ‖∇φ‖) at the clean example, with ξ its noise of
// deviation σ and φ the logit gap, which the loss falls with: N(0, 1) if the model
// knows nothing of ξ, larger on average if it does. Gradients are taken as central
// differences along ξ and along Draws fresh noises, so that logits are all that is
// asked of the model; the fresh noises, which no model saw, also say what the mean over
// examples is when nothing is known.
type Poison struct {
	Scale float64 // of the noise, in standard deviations of each feature; 0 means 0.5
	Draws int     // of fresh noise; 0 means 199
	Step  float64 // of the differences, in units of the noise; 0 means 0.1
	Seed  uint64
}

// PoisonResult is what a model knows of the noise.
type PoisonResult struct {
	Scores   []float64 `json:"-"`    // of each example
	Mean     float64   `json:"mean"` // over examples: 0 if nothing is known
	NullLow  float64   `json:"null_low"`
	NullHigh float64   `json:"null_high"` // 95% of the fresh noises' means lie between
	PValue   float64   `json:"p_value"`   // one-sided: of so large a mean from fresh noise
	TPR      float64   `json:"tpr_at_1_fpr"`

	fresh []float64 // scores of fresh noises, [draws, examples]
}

// Noise returns the noise of example i, [len(deviation)], in the units of the features.
func (p Poison) Noise(i int, deviation []float32) []float32 {
	return p.noise(uint64(i), 0, deviation)
}

func (p Poison) noise(i, draw uint64, deviation []float32) []float32 {
	rng := purpose.Rand(purpose.Seed(p.Seed, purpose.Poison, draw), purpose.Poison, i)
	scale := orDefault(p.Scale, 0.5)
	x := make([]float32, len(deviation))
	for j, sd := range deviation {
		x[j] = float32(scale*rng.NormFloat64()) * sd
	}
	return x
}

// PoisonScore asks a model about clean examples x, row-major [len(labels),
// len(deviation)], that were trained on with the noise Noise(id, deviation) of their
// ids. Errors are those of Query.
func PoisonScore[L Label](ctx context.Context, p Poison, q Querier, x []float32, labels []L, ids []int, deviation []float32, classes int) (*PoisonResult, error) {
	const op = "PoisonScore"
	n, f := len(labels), len(deviation)
	draws, step := orDefault(p.Draws, 199), orDefault(p.Step, 0.1)
	if len(ids) != n {
		return nil, &ShapeError{Op: op, Arg: "ids", Got: len(ids), Want: n}
	}
	if n == 0 || f == 0 {
		return nil, failf(op, ErrEmpty, "%d examples of %d features", n, f)
	}
	if len(x) != n*f {
		return nil, &ShapeError{Op: op, Arg: "x", Got: len(x), Want: n * f}
	}
	if draws < 19 || !(step > 0) || !(orDefault(p.Scale, 0.5) > 0) {
		return nil, failf(op, ErrRange, "%d draws, step %v, scale %v; want at least 19, above 0, above 0", draws, step, p.Scale)
	}
	// Slopes along each noise, [1 + draws] for each example.
	slopes := make([][]float64, n)
	moved := make([]float32, 2*(draws+1)*f)
	label := make([]L, 2*(draws+1))
	for i := range n {
		for d := range draws + 1 {
			xi := p.noise(uint64(ids[i]), uint64(d), deviation)
			up, down := moved[2*d*f:(2*d+1)*f], moved[(2*d+1)*f:(2*d+2)*f]
			for j, v := range x[i*f : (i+1)*f] {
				up[j], down[j] = v+float32(step)*xi[j], v-float32(step)*xi[j]
			}
			label[2*d], label[2*d+1] = labels[i], labels[i]
		}
		phi, err := Query(ctx, q, SignalLogitGap, moved, label, classes, 0)
		if err != nil {
			return nil, fmt.Errorf("attacks: %s: example %d: %w", op, i, err)
		}
		slopes[i] = make([]float64, draws+1)
		size := 0.0
		for d := range slopes[i] {
			slopes[i][d] = (phi[2*d] - phi[2*d+1]) / (2 * step)
			if d > 0 {
				size += slopes[i][d] * slopes[i][d] / float64(draws)
			}
		}
		for d := range slopes[i] {
			if size > 0 {
				slopes[i][d] /= math.Sqrt(size)
			}
		}
	}
	r := &PoisonResult{}
	for d := range draws + 1 {
		for i := range slopes {
			if d == 0 {
				r.Scores = append(r.Scores, slopes[i][0])
			} else {
				r.fresh = append(r.fresh, slopes[i][d])
			}
		}
	}
	return r, r.judge(draws)
}

// PooledPoison puts the results of several models together, which must have the same
// number of draws.
func PooledPoison(results ...*PoisonResult) (*PoisonResult, error) {
	const op = "PooledPoison"
	r := &PoisonResult{}
	draws := 0
	for i, x := range results {
		if len(x.Scores) == 0 || len(x.fresh)%len(x.Scores) != 0 {
			return nil, failf(op, ErrEmpty, "result %d holds no scores; only PoisonScore's do", i)
		}
		if d := len(x.fresh) / len(x.Scores); i > 0 && d != draws {
			return nil, failf(op, ErrShape, "result %d has %d draws, and the first %d", i, d, draws)
		} else {
			draws = d
		}
		r.Scores = append(r.Scores, x.Scores...)
	}
	for d := range draws {
		for _, x := range results {
			n := len(x.Scores)
			r.fresh = append(r.fresh, x.fresh[d*n:(d+1)*n]...)
		}
	}
	if len(results) == 0 {
		return nil, failf(op, ErrEmpty, "no results")
	}
	return r, r.judge(draws)
}

// judge compares the scores with those of fresh noise.
func (r *PoisonResult) judge(draws int) error {
	n := len(r.Scores)
	r.Mean = mean(r.Scores)
	means := make([]float64, draws)
	above := 1.0
	for d := range means {
		if means[d] = mean(r.fresh[d*n : (d+1)*n]); means[d] >= r.Mean {
			above++
		}
	}
	r.PValue = above / float64(draws+1)
	s := sorted(means)
	r.NullLow, r.NullHigh = quantile(s, 0.025), quantile(s, 0.975)
	point, err := TPRAtFPR(r.Scores, r.fresh, 0.01)
	r.TPR = point.TPR
	return err
}
