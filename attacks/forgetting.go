package attacks

import (
	"math"
	"slices"

	"gonum.org/v1/gonum/stat/combin"

	"github.com/miniunlearn/miniunlearn/internal/purpose"
)

// maxLabellings is the number of labellings up to which all are tried.
const maxLabellings = 10_000

// ForgettingQuality is the score F of the first NeurIPS unlearning competition
// (Triantafillou et al., "Are we making progress in unlearning?", 2024):
//
//	F = mean over forgotten examples of 2/2^{n}, n = min(⌊ε̂/Width⌋ + 1, Bins)
//
// where ε̂ of an example is the best attack's estimate from its outputs under
// many unlearned and many retrained models. Every distinct output is tried as
// a threshold, in both directions, in place of the competition's grid of
// attacks. The zero value has the competition's δ, width and bins.
//
// F is not 1 for a perfect unlearner: ε̂ is a maximum over noisy attacks, so
// that retraining against retraining gives about 0.21, and 0.40 under the
// competition's OneSided rule, at 64 models as at 512. Read it beside its null:
// F under all labellings of the models where there are no more than 10 000, else
// under the true one and Permutations others.
type ForgettingQuality struct {
	Delta        float64 // 0 means 1e-5
	Width        float64 // of a bin; 0 means 0.5
	Bins         int     // 0 means 13
	OneSided     bool    // the competition's single-threshold rule: outputs above t are of the kind whose median is larger
	Permutations int     // dealt at random where there are more than 10 000; 0 means 99
	Level        float64 // 0 means 0.95
	Seed         uint64
}

// ForgettingResult is F with what is needed to read it.
type ForgettingResult struct {
	F       float64   `json:"f"`
	CI      Interval  `json:"ci"` // BCa over examples, the models taken as given
	Epsilon []float64 `json:"-"`  // ε̂ per example; +Inf under perfect separation

	// The null: F when the labels "unlearned" and "retrained" are dealt among
	// the same models in other ways, which is what a perfect unlearner gets. At
	// most 1 − Level of it lies below NullLow, and as much above NullHigh, so
	// F < NullLow if and only if PValue ≤ 1 − Level.
	//
	// With few models not even the lowest F would be rare. The bounds and the
	// p-value are then missing: to be inside the null is no evidence where
	// nothing could be outside.
	NullMean float64 `json:"null_mean"`
	NullLow  Float   `json:"null_low"`
	NullHigh Float   `json:"null_high"`
	PValue   Float   `json:"p_value"` // P(null F ≤ F), exact for exchangeable models
	// MinPValue is the least that PValue could be: the share of the lowest F
	// among all labellings, 1/(Permutations+1) if dealt at random. PValue and
	// the bounds are missing where it is above 1 − Level.
	MinPValue float64 `json:"min_p_value"`
}

// Score computes F from row-major outputs [models, examples] of unlearned and
// of retrained models; the two numbers of models may differ. Errors wrap
// ErrShape, ErrNotFinite, ErrRange and ErrTooFewShadows (fewer than 2 models
// of a kind). Outputs that never vary give ε̂ = 0.
func (q ForgettingQuality) Score(unlearned, retrained []float64, examples int) (*ForgettingResult, error) {
	const op = "ForgettingQuality"
	n, m, err := modelCounts(op, unlearned, retrained, examples)
	if err != nil {
		return nil, err
	}
	q.Delta, q.Width, q.Bins = orDefault(q.Delta, 1e-5), orDefault(q.Width, 0.5), orDefault(q.Bins, 13)
	level, perms := orDefault(q.Level, 0.95), orDefault(q.Permutations, 99)
	if err := checkOpen(op, "Delta", q.Delta); err != nil {
		return nil, err
	}
	if err := checkOpen(op, "Level", level); err != nil {
		return nil, err
	}
	if !(q.Width > 0) || q.Bins < 1 || perms < 1 {
		return nil, failf(op, ErrRange, "Width %v, Bins %d, Permutations %d; want above 0", q.Width, q.Bins, perms)
	}
	ranked := make([]ranking, examples)
	parallel(examples, func(e int) { ranked[e] = rank(unlearned, retrained, examples, e) })

	labels, all := labellings(n, m, perms, q.Seed)
	table := q.table(n, m)
	r := &ForgettingResult{Epsilon: make([]float64, examples), NullLow: Missing(), NullHigh: Missing(), PValue: Missing()}
	quality := make([]float64, examples)
	for e := range ranked {
		r.Epsilon[e] = q.epsilon(table, ranked[e], labels[0])
		quality[e] = q.quality(r.Epsilon[e])
	}
	r.F = mean(sorted(quality))
	if r.CI, err = (Bootstrap{Level: level, Seed: q.Seed}).BCa(func(x, _ []float64) (float64, error) {
		return mean(x), nil
	}, quality, []float64{0}); err != nil {
		return nil, err
	}
	null := make([]float64, len(labels))
	parallel(len(labels), func(p int) {
		x := make([]float64, examples)
		for e := range ranked {
			x[e] = q.quality(q.epsilon(table, ranked[e], labels[p]))
		}
		null[p] = mean(sorted(x))
	})
	slices.Sort(null)
	r.NullMean = mean(null)
	r.MinPValue = 1 / float64(len(null))
	if all {
		r.MinPValue = shareAtMost(null, null[0])
	}
	if alpha := complement(level); r.MinPValue <= alpha {
		// How many may lie outside, with TPRAt's guard against 0.1·30 and its like.
		outside := min(int(alpha*float64(len(null))*(1+1e-12)), len(null)-1)
		r.NullLow, r.NullHigh = Float(null[outside]), Float(null[len(null)-1-outside])
		r.PValue = Float(shareAtMost(null, r.F))
	}
	return r, nil
}

// labellings returns which models are called unlearned: the truth first, n of
// n + m, then all others or, where there are too many, perms dealt at random.
func labellings(n, m, perms int, seed uint64) (labels [][]bool, all bool) {
	first := make([]bool, n+m)
	for i := range n {
		first[i] = true
	}
	labels = [][]bool{first}
	if combin.GeneralizedBinomial(float64(n+m), float64(n)) < maxLabellings+0.5 {
		for _, chosen := range combin.Combinations(n+m, n)[1:] { // the truth is the first
			label := make([]bool, n+m)
			for _, i := range chosen {
				label[i] = true
			}
			labels = append(labels, label)
		}
		return labels, true
	}
	for p := range perms {
		rng := purpose.Rand(seed, purpose.Permutation, uint64(p))
		label := slices.Clone(first)
		rng.Shuffle(len(label), func(i, j int) { label[i], label[j] = label[j], label[i] })
		labels = append(labels, label)
	}
	return labels, false
}

// shareAtMost is the share of an ascending sample that is at most v.
func shareAtMost(x []float64, v float64) float64 {
	n := 0
	for n < len(x) && x[n] <= v {
		n++
	}
	return float64(n) / float64(len(x))
}

// quality is 2/2^n.
func (q ForgettingQuality) quality(eps float64) float64 {
	n := float64(q.Bins)
	if b := math.Floor(math.Max(eps, 0)/q.Width) + 1; b < n {
		n = b
	}
	return 2 * math.Exp2(-n)
}

// ranking is an example's outputs in ascending order: the models, the outputs, and
// whether each equals the one before it.
type ranking struct {
	model []int32
	value []float64
	tied  []bool
}

func rank(unlearned, retrained []float64, examples, e int) ranking {
	n := len(unlearned) / examples
	value := func(m int32) float64 {
		if int(m) < n {
			return unlearned[int(m)*examples+e]
		}
		return retrained[(int(m)-n)*examples+e]
	}
	r := ranking{model: make([]int32, (len(unlearned)+len(retrained))/examples)}
	for i := range r.model {
		r.model[i] = int32(i)
	}
	slices.SortStableFunc(r.model, func(a, b int32) int {
		if va, vb := value(a), value(b); va < vb {
			return -1
		} else if va > vb {
			return 1
		}
		return 0
	})
	r.tied, r.value = make([]bool, len(r.model)), make([]float64, len(r.model))
	for i, m := range r.model {
		r.value[i] = value(m)
		r.tied[i] = i > 0 && r.value[i] == r.value[i-1]
	}
	return r
}

// medians returns the medians of the outputs of both kinds of models.
func (r ranking) medians(isUnlearned []bool, n, m int) (unlearned, retrained float64) {
	i, j := 0, 0
	for k, model := range r.model {
		at, size, to := &i, n, &unlearned
		if !isUnlearned[model] {
			at, size, to = &j, m, &retrained
		}
		// The one or two in the middle.
		if *at == (size-1)/2 {
			*to += r.value[k] / 2
		}
		if *at == size/2 {
			*to += r.value[k] / 2
		}
		*at++
	}
	return unlearned, retrained
}

// epsilonTable holds the estimate of a threshold that leaves i of n unlearned
// outputs and j of m retrained ones below it: above[i][j] for the rule that those
// above are unlearned, below[i][j] for its opposite.
type epsilonTable struct{ above, below [][]float64 }

func (q ForgettingQuality) table(n, m int) epsilonTable {
	var t epsilonTable
	for i := range n + 1 {
		above, below := make([]float64, m+1), make([]float64, m+1)
		for j := range m + 1 {
			above[j] = attackEpsilon(float64(m-j)/float64(m), float64(i)/float64(n), q.Delta)
			below[j] = attackEpsilon(float64(j)/float64(m), float64(n-i)/float64(n), q.Delta)
		}
		t.above, t.below = append(t.above, above), append(t.below, below)
	}
	return t
}

// epsilon is the largest estimate over all thresholds and the allowed rules, and
// at least 0.
func (q ForgettingQuality) epsilon(t epsilonTable, r ranking, isUnlearned []bool) float64 {
	above, below := true, true
	if q.OneSided {
		u, v := r.medians(isUnlearned, len(t.above)-1, len(t.above[0])-1)
		above, below = u >= v, u < v
	}
	best := 0.0
	i, j := 0, 0
	for k, model := range r.model {
		if k > 0 && !r.tied[k] {
			if above {
				best = max(best, t.above[i][j])
			}
			if below {
				best = max(best, t.below[i][j])
			}
		}
		if isUnlearned[model] {
			i++
		} else {
			j++
		}
	}
	return best
}

// attackEpsilon is the competition's estimate from one attack's error rates,
//
//	max{log((1−δ−FPR)/FNR), log((1−δ−FNR)/FPR)}
//
// +Inf if both rates are 0. If just one is 0 the attack is discarded: its
// estimate would be infinite from a single lucky threshold.
func attackEpsilon(fpr, fnr, delta float64) float64 {
	switch {
	case fpr == 0 && fnr == 0:
		return math.Inf(1)
	case fpr == 0 || fnr == 0:
		return 0
	}
	a, b := (1-delta-fpr)/fnr, (1-delta-fnr)/fpr
	return math.Log(max(a, b, 1))
}

// modelCounts checks two [models, examples] matrices.
func modelCounts(op string, unlearned, retrained []float64, examples int) (n, m int, err error) {
	if examples < 1 {
		return 0, 0, failf(op, ErrRange, "examples is %d, want at least 1", examples)
	}
	if err := checkFinite(op, "unlearned", unlearned); err != nil {
		return 0, 0, err
	}
	if err := checkFinite(op, "retrained", retrained); err != nil {
		return 0, 0, err
	}
	for _, x := range [][]float64{unlearned, retrained} {
		if len(x)%examples != 0 {
			return 0, 0, failf(op, ErrShape, "%d outputs are not a multiple of %d examples", len(x), examples)
		}
	}
	n, m = len(unlearned)/examples, len(retrained)/examples
	if n < 2 || m < 2 {
		return 0, 0, failf(op, ErrTooFewShadows, "%d unlearned and %d retrained models, want at least 2 of each", n, m)
	}
	return n, m, nil
}
