package unlearning

import (
	"math"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/miniunlearn/miniunlearn/data"
	"github.com/miniunlearn/miniunlearn/internal/purpose"
	"github.com/miniunlearn/miniunlearn/internal/vector"
	"github.com/miniunlearn/miniunlearn/nets"
	"github.com/miniunlearn/miniunlearn/unlearning/contraction"
)

// TestStrength: what the defaults say of a run whose steps, each and all, moved logits all of the way, and
// of a contraction that would undo a deviation once; a longer run, more noise, errors and examples to forget take less, more
// contraction and weight decay more.
func TestStrength(t *testing.T) {
	s, _ := recorded(t, nets.Logistic(64, 10), 0, fifth)
	req := &Request{System: s}
	s.Run.Config.WeightDecay = 0
	r := float64(s.Forget.Len()) / float64(s.Run.Data.Len())
	base := 1.6 * (1 - r*r)
	of := func(noise, errors, runStep, taught, undone float64) float64 {
		return strength(req, &contraction.LogitSum{Noise: noise}, pace{runStep: runStep, taught: taught, undone: undone}, learned{errors: errors})
	}
	require.InDelta(t, base, of(0, 0, 1, 1, 1), 1e-12)
	require.InDelta(t, base/2, of(3, 0, 1, 1, 1), 1e-12)
	require.InDelta(t, base/1.5, of(0, 0.5, 1, 1, 1), 1e-12)
	require.InDelta(t, base/2, of(0, 0, 1, 32, 1), 1e-12)
	require.InDelta(t, base*8, of(0, 0, 1, 1, 256), 1e-12)
	require.InDelta(t, base/8, of(0, 0, 256, 1, 1), 1e-12)
	require.InDelta(t, base*math.Pow(5, 3./8), of(0, 0, 1e-6, 1, 1), 1e-12)
	s.Run.Config.WeightDecay = 16 / req.LearningTime()
	require.InDelta(t, base*2, of(0, 0, 1, 1, 1), 1e-6) // 16/(1 − e^(−16))
}

// TestErasedBack: the way back is two fifths of r, unless it is given or there is none.
func TestErasedBack(t *testing.T) {
	s, _ := recorded(t, nets.Logistic(64, 10), 0, fifth)
	for e, want := range map[Erase]float64{{}: 0.4 * float64(s.Forget.Len()) / float64(s.Run.Data.Len()), {Back: 0.3}: 0.3, {NoBack: true}: 0} {
		e, err := e.complete(&Request{System: s})
		require.NoError(t, err)
		require.InDelta(t, want, e.Back, 1e-12)
	}
}

// TestEraseRecursion: the run is the contraction around w_T of a linear model, by
// hand: its D, strength, way back and stiffness given, in whole batches.
func TestEraseRecursion(t *testing.T) {
	for _, momentum := range []float64{0, 0.9} {
		s, alpha := recorded(t, nets.Logistic(64, 10), momentum, fifth)
		q := &Request{System: s}
		retained := len(q.Retain)
		e := Erase{
			Short:    Short{Cost: 3, Batch: retained, LR: nets.CosineRate{Peak: 0.05, Warmup: 0.1}},
			Strength: 0.7, Stiffness: 0.2, Back: 0.02, NoScale: true,
		}
		e, err := e.complete(q)
		require.NoError(t, err)
		res, err := e.solve(t.Context(), q, alpha, readLearned(q, alpha))
		require.NoError(t, err)

		ref, alpha := recorded(t, nets.Logistic(64, 10), momentum, fifth)
		q = &Request{System: ref}
		check := float64(len(q.newCheck(newBudget(3*ref.RetrainCost()), e).retain))
		evals := 3*ref.RetrainCost() - check
		d, err := sampling.Estimate(ref, alpha, int(evals/2), q.Rand(purpose.LogitSample, 0))
		require.NoError(t, err)
		steps := int((evals - float64(d.Used) - float64(retained)/3) / float64(retained))
		require.InDelta(t, float64(d.Used+steps*retained)+float64(retained)/3+2*check/3, res.GradEvals, 1e-6)
		// D is spread over the first 0.7 of the steps.
		first := int(math.Ceil(0.7 * float64(steps)))
		// Where nothing but weight decay resists, d would end at strength times D, less a fiftieth of the run.
		var span, speed float64
		for s := range steps {
			if speed = 0.9*speed + 0.01*span; s < first {
				speed--
			}
			span -= e.LR.Rate(s, steps) * speed
		}
		const strength = 0.7
		n := ref.Model.Size()
		diff, mom := make([]float64, n), make([]float64, n)
		w := ref.Run.Params
		answers := func(at []float64, i int) []float64 {
			z := make([]float64, 10)
			for k := range z {
				z[k] = at[640+k]
				for f, x := range ref.Run.Data.Row(i) {
					z[k] += at[64*k+f] * float64(x)
				}
			}
			return z
		}
		soft := func(z []float64) []float64 {
			p := make([]float64, len(z))
			var sum float64
			for k, v := range z {
				p[k] = math.Exp(v)
				sum += p[k]
			}
			for k := range p {
				p[k] /= sum
			}
			return p
		}
		for s := range steps {
			u, g := make([]float64, n), make([]float64, n)
			for i := range u {
				u[i] = w.At(i) + diff[i]
			}
			for _, i := range ref.Retain {
				a, b := answers(u, i), answers(w.Float64s(), i)
				p, q := soft(a), soft(b)
				for k := range p {
					c := (p[k] - q[k] + 0.2*(a[k]-b[k])) / float64(retained)
					g[640+k] += c
					for f, x := range ref.Run.Data.Row(i) {
						g[64*k+f] += c * float64(x)
					}
				}
			}
			for i := range mom {
				mom[i] = 0.9*mom[i] + g[i] + 0.01*diff[i]
				if s < first {
					mom[i] -= (strength*d.Sum.At(i) - 0.02*(w.At(i)-ref.Run.Initial.At(i))) / span
				}
				diff[i] -= e.LR.Rate(s, steps) * mom[i]
			}
		}
		var moved float64
		for i := range diff {
			require.InDelta(t, w.At(i)+diff[i], res.Params.At(i), 1e-9)
			moved = max(moved, math.Abs(diff[i]))
		}
		require.Greater(t, moved, 1e-3)
	}
}

// TestScaleLogits: the logits of U end with the root mean square about their means that
// they had at w_T, times (1 + κ) to the power that was asked for.
func TestScaleLogits(t *testing.T) {
	s, alpha := recorded(t, nets.MLP(64, 16, 10), 0.9, fifth)
	req := &Request{System: s}
	e, err := Erase{Scale: 0.5}.complete(req)
	require.NoError(t, err)
	c := req.newCheck(newBudget(1e6), e)
	l := readLearned(req, alpha)
	u := s.Model.NewVector()
	vector.Combine(u, 0.9, s.Run.Params, 0.01, s.Model.Init(5))
	got, err := c.finish(u, l)
	require.NoError(t, err)
	size := func(at *check, w int) float64 {
		z, err := at.req.logits(s.Run.Params, at.forget)
		if w == 1 {
			z, err = at.req.logits(got, at.forget)
		}
		require.NoError(t, err)
		return spread(z, 10)
	}
	require.InEpsilon(t, math.Sqrt(1+s.Kappa())*size(c, 0), size(c, 1), 1e-9)
	require.Empty(t, s.Guards)

	// Half of the way is the geometric mean of the two scales.
	all := size(c, 1)
	c.part = 0.5
	unscaled := u.Clone()
	got = unscaled
	none := size(c, 1)
	got, err = c.finish(unscaled, l)
	require.NoError(t, err)
	require.InEpsilon(t, math.Sqrt(all*none), size(c, 1), 1e-9)
}

// TestWorse: of 100 pairs that differ by 0.02 in the mean, half of them by more and half
// by less, a standard deviation of 0.055 may be chance, and one of 0.045 is not.
func TestWorse(t *testing.T) {
	got, allowed := make([]float64, 100), make([]float64, 100)
	differ := func(mean, deviation float64) {
		for i := range got {
			allowed[i] = 0.1 + float64(i)/200
			got[i] = allowed[i] + mean + deviation*float64(2*(i%2)-1)
		}
	}
	differ(0.02, 0.055)
	require.False(t, worse(got, allowed))
	differ(0.02, 0.045)
	require.True(t, worse(got, allowed))
	require.False(t, worse(allowed, got))
	require.False(t, worse(allowed, allowed))
	require.False(t, worse(got[:1], allowed[:1]), "one example says nothing")
	differ(0.004, 0)
	require.False(t, worse(got, allowed), "too little to matter")
	differ(0.006, 0)
	require.True(t, worse(got, allowed))
}

// TestAllowed: the errors of w_T, and the share of U of what they were above that over the run.
func TestAllowed(t *testing.T) {
	s, alpha := recordedOn(t, data.Digits().Train, nets.MLP(64, 64, 10), 30, 0.9, fifth)
	req := &Request{System: s}
	c, l := req.newCheck(newBudget(1e6), Erase{NoScale: true}), readLearned(req, alpha)
	last, err := c.errors(s.Run.Params)
	require.NoError(t, err)
	allowed, err := c.allowed(l)
	require.NoError(t, err)
	r := float64(s.Forget.Len()) / float64(s.Run.Order.Len())
	for j, i := range c.retain {
		require.InDelta(t, last[j]+r*(l.meanErrors[i]-last[j]), allowed[j], 1e-12)
	}
	clear(l.meanErrors) // a run that ended worse than it was
	allowed, err = c.allowed(l)
	require.NoError(t, err)
	require.Equal(t, last, allowed)
}

// TestHarm: parameters that lose what retained examples taught are not returned: half of
// the way is, or an error.
func TestHarm(t *testing.T) {
	s, alpha := recordedOn(t, data.Digits().Train, nets.MLP(64, 64, 10), 30, 0.9, fifth)
	req := &Request{System: s}
	c := req.newCheck(newBudget(1e6), Erase{NoScale: true})
	l := readLearned(req, alpha)
	way := s.Model.NewVector()
	vector.Combine(way, 1, s.Run.Params, 0, s.Run.Params)
	_, err := c.finish(s.Run.Params, l)
	require.NoError(t, err)
	require.Empty(t, s.Guards)

	// Against w_T all is wrong, and half of the way there the model says nothing.
	vector.Combine(way, -1, s.Run.Params, 0, s.Run.Params)
	_, err = c.finish(way, l)
	var harm *HarmError
	require.ErrorAs(t, err, &harm)
	require.Greater(t, harm.Got, harm.Allowed)
	require.Empty(t, s.Guards)

	// Parameters that say a little less than they may are too far away, and half of
	// the way is not.
	allowed, err := c.allowed(l)
	require.NoError(t, err)
	for part := 1.0; ; part -= 1. / 64 {
		vector.Combine(way, part, s.Run.Params, 0, s.Run.Params)
		says, err := c.errors(way)
		require.NoError(t, err)
		got, err := c.finish(way, l)
		require.NoError(t, err)
		if !worse(says, allowed) {
			require.NoError(t, err)
			require.Same(t, way, got)
			continue
		}
		require.Equal(t, map[Guard]int{GuardShortened: 1}, s.Guards)
		for i := range way.Len() {
			require.InDelta(t, (1+part)/2*s.Run.Params.At(i), got.At(i), 1e-12)
		}
		return
	}
}
