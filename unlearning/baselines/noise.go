package baselines

import (
	"cmp"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"math"
	"math/rand/v2"

	"gonum.org/v1/gonum/stat/distuv"

	"github.com/miniunlearn/miniunlearn/graph"
	"github.com/miniunlearn/miniunlearn/internal/purpose"
	"github.com/miniunlearn/miniunlearn/nets"
	"github.com/miniunlearn/miniunlearn/unlearning"
)

// Noise says how well noise has to hide what parameters were made of, and from what it
// is drawn.
type Noise struct {
	// Epsilon and Delta are those of unlearning.Guarantee; 0 means 1 and 1e-5.
	Epsilon, Delta float64
	// Key is a secret of 16 bytes or more. The noise is drawn from it, w_T and U, so that
	// who has the key, and nobody else, can compute the same result again; a key that is
	// thrown away leaves nobody. Without a key the noise is drawn from the seed of the
	// run, for experiments: anybody who knows the run can take it away again, and the
	// result has no Guarantee.
	Key []byte `json:"-"`
}

// Values that a Noise has by default.
const (
	noiseEpsilon = 1
	noiseDelta   = 1e-5
	leastKey     = 16 // bytes
	mostEpsilon  = 500
)

// complete checks n and fills in its defaults.
func (n Noise) complete() (Noise, error) {
	n.Epsilon, n.Delta = cmp.Or(n.Epsilon, noiseEpsilon), cmp.Or(n.Delta, noiseDelta)
	switch {
	case !(n.Epsilon > 0 && n.Epsilon <= mostEpsilon):
		return n, fmt.Errorf("epsilon %g must be positive, and at most %d", n.Epsilon, mostEpsilon)
	case !(n.Delta > 0 && n.Delta < 1):
		return n, fmt.Errorf("delta %g must be between 0 and 1", n.Delta)
	case n.Key != nil && len(n.Key) < leastKey:
		return n, fmt.Errorf("a noise key of %d bytes; it needs %d", len(n.Key), leastKey)
	}
	return n, nil
}

// settings are those of a notation.
func (n *Noise) settings() []setting {
	return []setting{number("epsilon", &n.Epsilon), number("delta", &n.Delta)}
}

// gaussianDelta returns the smallest δ for which N(μ, 1) and N(0, 1) are (ε, δ)-
// indistinguishable (Balle and Wang, "Improving the Gaussian Mechanism for
// Differential Privacy", ICML 2018, Theorem 8).
func gaussianDelta(mu, epsilon float64) float64 {
	return distuv.UnitNormal.CDF(mu/2-epsilon/mu) - math.Exp(epsilon)*distuv.UnitNormal.CDF(-mu/2-epsilon/mu)
}

// mu returns the largest μ for which N(μ, 1) and N(0, 1) are (ε, δ)-
// indistinguishable: how far apart, in standard deviations of the noise, two results
// may be.
func (n Noise) mu() float64 {
	low, high := 0.0, 1.0
	for gaussianDelta(high, n.Epsilon) <= n.Delta {
		low, high = high, 2*high
	}
	for {
		mid := low + (high-low)/2
		if mid == low || mid == high {
			return low
		}
		if gaussianDelta(mid, n.Epsilon) <= n.Delta {
			low = mid
		} else {
			high = mid
		}
	}
}

// draw returns the source of the noise for a request.
func (n Noise) draw(method string, req *unlearning.Request) *rand.Rand {
	if n.Key == nil {
		return purpose.Rand(req.Run.Config.Seed, purpose.Noise, 0)
	}
	h := hmac.New(sha256.New, n.Key)
	fmt.Fprintf(h, "%s\n%s\n", method, nets.Digest(req.Run.Params))
	for i := range req.Forget.All() {
		var at [8]byte
		binary.LittleEndian.PutUint64(at[:], uint64(i))
		h.Write(at[:])
	}
	return rand.New(rand.NewChaCha8([32]byte(h.Sum(nil))))
}

// add adds noise to parameters.
func add(w *graph.Tensor, r *rand.Rand, sigma float64) {
	for i := range w.Len() {
		w.Set(i, w.At(i)+sigma*r.NormFloat64())
	}
}

// guarantee returns what n gives a result that could be so far from another without
// noise; nil where the noise is no secret.
func (n Noise) guarantee(by string, sensitivity, sigma float64, assumes ...string) *unlearning.Guarantee {
	if n.Key == nil {
		return nil
	}
	return &unlearning.Guarantee{
		Epsilon: n.Epsilon, Delta: n.Delta, Sensitivity: sensitivity, Sigma: sigma, By: by,
		Assumes: append(assumes,
			"the key of the noise is a secret",
			"only the parameters are shown: a journal with digests of what was before lets who has all of the data test whether they were trained on",
			"nobody chose the request by looking at the noise of earlier results",
			"real numbers: how steps and noise are rounded is left out"),
	}
}

// clip scales a vector to a norm of at most c.
func clip(v *graph.Tensor, norm, c float64) {
	if norm > c {
		scale := c / norm
		for i := range v.Len() {
			v.Set(i, v.At(i)*scale)
		}
	}
}
