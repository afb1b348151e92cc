package attacks

import (
	"math"
	"math/rand/v2"
	"slices"

	"gonum.org/v1/gonum/mat"

	"github.com/miniunlearn/miniunlearn/internal/purpose"
)

// LogisticAttack is a cross-validated logistic regression on per-example
// features, the form of the NeurIPS'23 unlearning challenge's starting kit
// (one feature: the loss; ten folds). The zero value is usable.
//
// Features are standardised on the training folds and the two classes weigh
// equally, so chance is ½ at any pool sizes. Folds are stratified and dealt in
// the order of the feature values, not of the examples.
type LogisticAttack struct {
	Folds int     // 0 means 10
	L2    float64 // ridge on the weights, not the intercept; 0 means 1
	Seed  uint64
}

// LogisticResult is the outcome of a LogisticAttack.
type LogisticResult struct {
	Accuracy     float64   `json:"accuracy"` // mean of FoldAccuracy
	FoldAccuracy []float64 `json:"fold_accuracy"`
	// Out-of-fold log odds of membership, in the caller's order. Scores of
	// different folds come from different models, which biases an AUC over all
	// of them slightly below ½ when there is no signal.
	Members    []float64 `json:"-"`
	NonMembers []float64 `json:"-"`
}

// CrossValidate attacks two pools given row-major features
// [examples, features]. FoldAccuracy is the balanced accuracy of each held-out
// fold. Constant features give accuracy ½. Errors wrap ErrShape, ErrNotFinite,
// ErrEmpty and ErrRange (a pool with fewer examples than folds).
func (l LogisticAttack) CrossValidate(members, nonMembers []float64, features int) (*LogisticResult, error) {
	const op = "LogisticAttack"
	folds, ridge := orDefault(l.Folds, 10), orDefault(l.L2, 1)
	if features < 1 || folds < 2 || !(ridge > 0) {
		return nil, failf(op, ErrRange, "features %d, folds %d, L2 %v; want at least 1, at least 2, above 0", features, folds, ridge)
	}
	for _, p := range []struct {
		arg string
		x   []float64
	}{{"members", members}, {"nonMembers", nonMembers}} {
		if err := checkFinite(op, p.arg, p.x); err != nil {
			return nil, err
		}
		if len(p.x)%features != 0 {
			return nil, failf(op, ErrShape, "%s has %d values, not a multiple of %d features", p.arg, len(p.x), features)
		}
		if len(p.x)/features < folds {
			return nil, failf(op, ErrRange, "%s has %d examples, fewer than %d folds", p.arg, len(p.x)/features, folds)
		}
	}
	in := newFoldedPool(members, features, folds, purpose.Rand(l.Seed, purpose.Folds, 1))
	out := newFoldedPool(nonMembers, features, folds, purpose.Rand(l.Seed, purpose.Folds, 0))
	r := &LogisticResult{
		FoldAccuracy: make([]float64, folds),
		Members:      make([]float64, len(in.order)), NonMembers: make([]float64, len(out.order)),
	}
	errs := make([]error, folds)
	parallel(folds, func(k int) {
		var m *logisticModel
		if m, errs[k] = fitLogistic(in.training(k), out.training(k), features, ridge); errs[k] != nil {
			return
		}
		right := in.score(k, m, r.Members, func(s float64) bool { return s > 0 }) +
			out.score(k, m, r.NonMembers, func(s float64) bool { return s < 0 })
		r.FoldAccuracy[k] = right / 2
	})
	for k, err := range errs {
		if err != nil {
			return nil, failf(op, err, "fold %d", k)
		}
		r.Accuracy += r.FoldAccuracy[k] / float64(folds)
	}
	return r, nil
}

// foldedPool is one class in canonical order with a fold per example.
type foldedPool struct {
	x     []float64
	width int
	order []int // canonical order: lexicographic by features
	fold  []int // by canonical position
}

func newFoldedPool(x []float64, width, folds int, rng *rand.Rand) *foldedPool {
	p := &foldedPool{x: x, width: width, order: make([]int, len(x)/width), fold: make([]int, len(x)/width)}
	for i := range p.order {
		p.order[i], p.fold[i] = i, i%folds
	}
	slices.SortStableFunc(p.order, func(a, b int) int { return slices.Compare(p.row(a), p.row(b)) })
	rng.Shuffle(len(p.fold), func(i, j int) { p.fold[i], p.fold[j] = p.fold[j], p.fold[i] })
	return p
}

func (p *foldedPool) row(i int) []float64 { return p.x[i*p.width : (i+1)*p.width] }

func (p *foldedPool) training(k int) [][]float64 {
	var rows [][]float64
	for at, i := range p.order {
		if p.fold[at] != k {
			rows = append(rows, p.row(i))
		}
	}
	return rows
}

// score writes fold k's log odds and returns the share decided rightly; log
// odds of exactly 0 count half.
func (p *foldedPool) score(k int, m *logisticModel, into []float64, right func(float64) bool) float64 {
	n, hits := 0.0, 0.0
	for at, i := range p.order {
		if p.fold[at] != k {
			continue
		}
		s := m.logOdds(p.row(i))
		into[i] = s
		n++
		if s == 0 {
			hits += 0.5
		} else if right(s) {
			hits++
		}
	}
	return hits / n
}

// logisticModel holds an intercept and weights on standardised features.
type logisticModel struct{ beta, mean, scale []float64 }

func (m *logisticModel) logOdds(x []float64) float64 {
	s := m.beta[0]
	for j, v := range x {
		s += m.beta[j+1] * (v - m.mean[j]) / m.scale[j]
	}
	return s
}

// fitLogistic minimises Σ w_i log(1 + e^{−y_i s_i}) + ½·ridge·|β|² by Newton
// steps with halving; the objective is strictly convex, so the minimum is
// unique even under perfect separation.
func fitLogistic(in, out [][]float64, width int, ridge float64) (*logisticModel, error) {
	m := &logisticModel{beta: make([]float64, width+1), mean: make([]float64, width), scale: make([]float64, width)}
	n := float64(len(in) + len(out))
	wIn, wOut := n/(2*float64(len(in))), n/(2*float64(len(out)))
	each := func(f func(x []float64, w, y float64)) {
		for _, x := range in {
			f(x, wIn, 1)
		}
		for _, x := range out {
			f(x, wOut, -1)
		}
	}
	each(func(x []float64, w, _ float64) {
		for j, v := range x {
			m.mean[j] += w * v / n
		}
	})
	each(func(x []float64, w, _ float64) {
		for j, v := range x {
			m.scale[j] += w * (v - m.mean[j]) * (v - m.mean[j]) / n
		}
	})
	for j, v := range m.scale {
		// A constant feature keeps weight 0; rounding may leave v slightly above 0.
		if m.scale[j] = math.Sqrt(v); m.scale[j] <= 1e-12*math.Abs(m.mean[j]) {
			m.scale[j] = math.Inf(1)
		}
	}
	loss := func() float64 {
		total := 0.0
		each(func(x []float64, w, y float64) { total += w * softplus(-y*m.logOdds(x)) })
		for _, b := range m.beta[1:] {
			total += 0.5 * ridge * b * b
		}
		return total
	}
	d := width + 1
	u := make([]float64, d)
	for current, step := loss(), 0; step < 100; step++ {
		grad, hess := mat.NewVecDense(d, nil), mat.NewSymDense(d, nil)
		each(func(x []float64, w, y float64) {
			u[0] = 1
			for j, v := range x {
				u[j+1] = (v - m.mean[j]) / m.scale[j]
			}
			p := 1 / (1 + math.Exp(y*m.logOdds(x))) // probability of the wrong side
			for a := range d {
				grad.SetVec(a, grad.AtVec(a)-w*y*p*u[a])
				for b := a; b < d; b++ {
					hess.SetSym(a, b, hess.At(a, b)+w*p*(1-p)*u[a]*u[b])
				}
			}
		})
		for a := 1; a < d; a++ {
			grad.SetVec(a, grad.AtVec(a)+ridge*m.beta[a])
			hess.SetSym(a, a, hess.At(a, a)+ridge)
		}
		hess.SetSym(0, 0, hess.At(0, 0)+1e-12*n) // saturated data leave the intercept flat
		var chol mat.Cholesky
		var dir mat.VecDense
		if !chol.Factorize(hess) || chol.SolveVecTo(&dir, grad) != nil {
			return nil, ErrDegenerate
		}
		before := slices.Clone(m.beta)
		next := math.Inf(1)
		for t := 1.0; t > 1e-10 && !(next <= current); t /= 2 {
			for a := range d {
				m.beta[a] = before[a] - t*dir.AtVec(a)
			}
			next = loss()
		}
		if !(next <= current) {
			m.beta = before
			return m, nil // no descent left: converged to rounding
		}
		done := current-next <= 1e-12*(1+math.Abs(current))
		if current = next; done {
			return m, nil
		}
	}
	return m, nil
}
