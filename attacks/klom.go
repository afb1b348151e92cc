package attacks

import (
	"fmt"
	"math"
)

// KLOM is the KL divergence of margins of Georgiev et al. ("Attribute-to-Delete",
// 2024, arXiv 2410.23232): per example KL(unlearned ‖ oracle) between histograms
// of a margin, the logit gap, over unlearned models and over oracles, which are
// retrained ones. 0 is perfect; a bin that no oracle reaches counts as Floor, so
// that disjoint outputs give log(1/Floor). The zero value has the parameters of
// the public code, EasyDUB.
//
// The estimate is biased upwards, and the fewer the models the more: two samples
// of one Gaussian give a mean of 6.4 nats with 8 models a side, 1.7 with 32, 0.35
// with 100 and 0.02 with 1000. Read it beside its Null.
type KLOM struct {
	Bins  int     // equal bins over the joint range; 0 means 20
	Floor float64 // probability given to an empty bin; 0 means 1e-5
	Clip  float64 // margins are clipped to [−Clip, Clip]; 0 means 100
	// Published drops margins equal to the largest of both samples, as the
	// half-open bins of the public code do, for tables beside published ones.
	Published bool
}

// KLOMModels is the number of models, of each kind, below which KLOM says little:
// EasyDUB's, with which a perfect unlearner's 95th percentile is about 0.67.
const KLOMModels = 100

// KLOMResult holds per-example distances between the two distributions of
// outputs. KL needs bins, KS and W1 need none.
type KLOMResult struct {
	KL      []float64 `json:"-"` // per example KL(unlearned ‖ oracle), the published direction
	Reverse []float64 `json:"-"` // KL(oracle ‖ unlearned)
	KS      []float64 `json:"-"`
	W1      []float64 `json:"-"`

	Unlearned int `json:"unlearned_models"`
	Oracles   int `json:"oracle_models"`

	MeanKL      float64 `json:"mean_kl"`
	KL95        float64 `json:"kl_95"` // 95th percentile over examples, the published figure
	MeanReverse float64 `json:"mean_reverse_kl"`
	Reverse95   float64 `json:"reverse_kl_95"`
	MeanKS      float64 `json:"mean_ks"`
	MeanW1      float64 `json:"mean_w1"`

	// Null is what a perfect unlearner gets; nil with fewer than four oracles.
	Null *KLOMNull `json:"null,omitempty"`
	// Warning says why the figures mean little, and what would do; "" if they do.
	Warning string `json:"warning,omitempty"`
}

// KLOMNull compares half of the oracles with the other half. Its bias is that of
// so many models, so half of the unlearned models stand beside it, against the
// same half of the oracles.
type KLOMNull struct {
	Models int     `json:"models"`  // on each side
	MeanKL float64 `json:"mean_kl"` // oracles against oracles
	KL95   float64 `json:"kl_95"`
	// Of as many unlearned models: to be compared with the two above.
	UnlearnedMeanKL float64 `json:"unlearned_mean_kl"`
	UnlearnedKL95   float64 `json:"unlearned_kl_95"`
}

// Score compares row-major margins [models, examples] of unlearned models and of
// oracles; the two numbers of models may differ. Errors are those of
// ForgettingQuality.Score. Constant margins, the same in both, give 0.
//
// Of models that come in pairs, an unlearned one and an oracle of the same
// retained examples, those of even rows are compared with oracles of odd rows for
// the Null, so that nothing shared within a pair enters it.
func (k KLOM) Score(unlearned, oracle []float64, examples int) (*KLOMResult, error) {
	const op = "KLOM"
	n, m, err := modelCounts(op, unlearned, oracle, examples)
	if err != nil {
		return nil, err
	}
	k.Bins, k.Floor, k.Clip = orDefault(k.Bins, 20), orDefault(k.Floor, 1e-5), orDefault(k.Clip, 100)
	if k.Bins < 1 || !(k.Clip > 0) {
		return nil, failf(op, ErrRange, "Bins %d, Clip %v; want above 0", k.Bins, k.Clip)
	}
	if err := checkOpen(op, "Floor", k.Floor); err != nil {
		return nil, err
	}
	r := &KLOMResult{
		KL: make([]float64, examples), Reverse: make([]float64, examples), KS: make([]float64, examples), W1: make([]float64, examples),
		Unlearned: n, Oracles: m,
	}
	null, half := make([]float64, examples), make([]float64, examples)
	side := min(n/2, m/2)
	errs := make([]error, examples)
	parallel(examples, func(e int) {
		u, v := k.column(unlearned, examples, e), k.column(oracle, examples, e)
		r.KL[e], r.Reverse[e] = k.divergence(u, v), k.divergence(v, u)
		if r.KS[e], errs[e] = KS(u, v); errs[e] == nil {
			r.W1[e], errs[e] = Wasserstein1(u, v)
		}
		if side >= 2 {
			odd := everySecond(v, 1, side)
			null[e] = k.divergence(everySecond(v, 0, side), odd)
			half[e] = k.divergence(everySecond(u, 0, side), odd)
		}
	})
	for _, err := range errs {
		if err != nil {
			return nil, err
		}
	}
	r.MeanKL, r.KL95 = meanAnd95(r.KL)
	r.MeanReverse, r.Reverse95 = meanAnd95(r.Reverse)
	r.MeanKS, r.MeanW1 = mean(sorted(r.KS)), mean(sorted(r.W1))
	if side >= 2 {
		r.Null = &KLOMNull{Models: side}
		r.Null.MeanKL, r.Null.KL95 = meanAnd95(null)
		r.Null.UnlearnedMeanKL, r.Null.UnlearnedKL95 = meanAnd95(half)
	}
	if least := min(n, m); least < KLOMModels {
		r.Warning = fmt.Sprintf("KLOM of %d models is mostly bias; %d of each kind would do", least, KLOMModels)
	}
	return r, nil
}

// column returns the clipped margins of one example.
func (k KLOM) column(x []float64, examples, e int) []float64 {
	c := make([]float64, len(x)/examples)
	for i := range c {
		c[i] = min(max(x[i*examples+e], -k.Clip), k.Clip)
	}
	return c
}

// everySecond returns n of the values at the given parity.
func everySecond(x []float64, parity, n int) []float64 {
	out := make([]float64, n)
	for i := range out {
		out[i] = x[2*i+parity]
	}
	return out
}

// meanAnd95 returns the mean and the 95th percentile.
func meanAnd95(x []float64) (average, p95 float64) {
	s := sorted(x)
	return mean(s), quantile(s, 0.95)
}

// divergence is Σ p log(p/q) over equal bins spanning both samples, with empty
// bins of q raised to Floor. It can be below 0, since the floor makes q's bins
// add up to more than 1.
func (k KLOM) divergence(p, q []float64) float64 {
	s := spanOf(p, q)
	if k.Published && s.lo < s.hi {
		p, q = below(p, s.hi), below(q, s.hi)
	}
	kl := 0.0
	hq := s.histogram(q, k.Bins)
	for b, v := range s.histogram(p, k.Bins) {
		if v > 0 {
			share := hq[b]
			if len(q) == 0 {
				share = 0
			}
			kl += v * math.Log(v/max(share, k.Floor))
		}
	}
	return kl
}

// below returns the values smaller than limit.
func below(x []float64, limit float64) []float64 {
	var out []float64
	for _, v := range x {
		if v < limit {
			out = append(out, v)
		}
	}
	return out
}
