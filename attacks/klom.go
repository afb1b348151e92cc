package attacks

import "math"

// KLOM is the divergence of margins of Georgiev et al. ("Attribute-to-Delete",
// 2024): per example KL(retrained ‖ unlearned) between histograms of a margin
// (the logit gap) over retrained and over unlearned models. 0 is perfect;
// disjoint outputs give log(1/Floor). The zero value is usable.
type KLOM struct {
	Bins  int     // equal bins over the joint range; 0 means 20
	Floor float64 // probability given to an empty bin; 0 means 1e-5
	Clip  float64 // margins are clipped to [−Clip, Clip]; 0 means 100
}

// KLOMResult holds per-example distances between the two distributions of
// outputs. KL needs bins and is biased upwards by about (occupied bins)/models;
// KS and W1 need none.
type KLOMResult struct {
	KL     []float64 `json:"-"` // per example
	KS     []float64 `json:"-"`
	W1     []float64 `json:"-"`
	MeanKL float64   `json:"mean_kl"`
	MeanKS float64   `json:"mean_ks"`
	MeanW1 float64   `json:"mean_w1"`
	KL95   float64   `json:"kl_95"` // 95th percentile over examples
}

// Score compares row-major margins [models, examples] of unlearned and of
// retrained models. Errors are those of ForgettingQuality.Score. Constant
// margins, the same in both, give 0.
func (k KLOM) Score(unlearned, retrained []float64, examples int) (*KLOMResult, error) {
	const op = "KLOM"
	n, m, err := modelCounts(op, unlearned, retrained, examples)
	if err != nil {
		return nil, err
	}
	bins, floor, clip := orDefault(k.Bins, 20), orDefault(k.Floor, 1e-5), orDefault(k.Clip, 100)
	if bins < 1 || !(clip > 0) {
		return nil, failf(op, ErrRange, "Bins %d, Clip %v; want above 0", bins, clip)
	}
	if err := checkOpen(op, "Floor", floor); err != nil {
		return nil, err
	}
	r := &KLOMResult{KL: make([]float64, examples), KS: make([]float64, examples), W1: make([]float64, examples)}
	errs := make([]error, examples)
	parallel(examples, func(e int) {
		u, v := make([]float64, n), make([]float64, m)
		for i := range u {
			u[i] = min(max(unlearned[i*examples+e], -clip), clip)
		}
		for i := range v {
			v[i] = min(max(retrained[i*examples+e], -clip), clip)
		}
		r.KL[e] = histogramKL(v, u, bins, floor)
		if r.KS[e], errs[e] = KS(u, v); errs[e] == nil {
			r.W1[e], errs[e] = Wasserstein1(u, v)
		}
	})
	for _, err := range errs {
		if err != nil {
			return nil, err
		}
	}
	r.MeanKL, r.MeanKS, r.MeanW1 = mean(sorted(r.KL)), mean(sorted(r.KS)), mean(sorted(r.W1))
	r.KL95 = quantile(sorted(r.KL), 0.95)
	return r, nil
}

// histogramKL is Σ p log(p/q) over equal bins spanning both samples, with
// empty bins of q raised to floor. The largest value belongs to the last bin:
// half-open bins would drop it.
func histogramKL(p, q []float64, bins int, floor float64) float64 {
	lo, hi := p[0], p[0]
	for _, x := range [][]float64{p, q} {
		for _, v := range x {
			lo, hi = min(lo, v), max(hi, v)
		}
	}
	hp, hq := histogram(p, lo, hi, bins), histogram(q, lo, hi, bins)
	kl := 0.0
	for b, v := range hp {
		if v > 0 {
			kl += v * math.Log(v/math.Max(hq[b], floor))
		}
	}
	return math.Max(kl, 0)
}

// histogram returns the share of x in each of equal bins of [lo, hi], both
// ends included.
func histogram(x []float64, lo, hi float64, bins int) []float64 {
	h := make([]float64, bins)
	for _, v := range x {
		b := 0
		if hi > lo {
			b = min(int((v-lo)/(hi-lo)*float64(bins)), bins-1)
		}
		h[b]++
	}
	for b := range h {
		h[b] /= float64(len(x))
	}
	return h
}
