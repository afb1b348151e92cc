package unlearning

import (
	"math"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/miniunlearn/miniunlearn/internal/purpose"
	"github.com/miniunlearn/miniunlearn/nets"
)

// TestFormulas: strength and stiffness do not change with the growth up to 2, the
// rate not up to 1.4.
func TestFormulas(t *testing.T) {
	for _, growth := range []float64{-1, 0, 1, 2} {
		require.InDelta(t, 1.25*0.5, strength(math.Pow(0.5, 2.5), growth, 0, 0), 1e-12)
		require.InDelta(t, 0.06, stiffness(0.08, growth), 1e-12)
	}
	require.Equal(t, 3.0, distilRate(1.3))
	require.InDelta(t, 1.5, distilRate(5.6), 1e-12)
	require.InDelta(t, 1.25*0.5/2/1.5*0.85, strength(math.Pow(0.5, 2.5), 8, 0.5, 0.5), 1e-12)
	require.InDelta(t, 0.06/4, stiffness(0.08, 8), 1e-12)
}

// TestEraseRecursion: the run is the contraction around w_T of a linear model, by
// hand: its D, strength, stiffness and widening given, in whole batches.
func TestEraseRecursion(t *testing.T) {
	for _, momentum := range []float64{0, 0.9} {
		s, alpha := recorded(t, nets.Logistic(64, 10), momentum, fifth)
		q := &Request{System: s}
		retained := len(q.Retain)
		e := Erase{
			Short:    Short{Cost: 3, Batch: retained, LR: nets.CosineRate{Peak: 0.05, Warmup: 0.1}},
			Strength: 0.7, Stiffness: 0.2, Widening: 0.8,
		}
		e, err := e.complete(q)
		require.NoError(t, err)
		d, err := e.estimate(q, alpha)
		require.NoError(t, err)
		res, err := e.settle(t.Context(), q, alpha, d)
		require.NoError(t, err)

		ref, alpha := recorded(t, nets.Logistic(64, 10), momentum, fifth)
		evals := 3 * ref.RetrainCost()
		d, err = sampling.Estimate(ref, alpha, int(evals/2), ref.Rand(purpose.LogitSample, 0))
		require.NoError(t, err)
		steps := int((evals - float64(d.Used) - float64(retained)/3) / float64(retained))
		require.Equal(t, float64(d.Used+steps*retained)+float64(retained)/3, math.Round(3*res.GradEvals)/3)
		span := nets.LearningTime(e.LR, 0, steps) / (1 - 0.9)
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
		var time float64
		for s := range ref.Run.Steps {
			time += ref.Rate(s) / (1 - momentum)
		}
		// width is (n/(n−|U|))^(0.8 max(−1/2, 1 − 4 a)).
		width := func(i int) float64 {
			var a float64
			for k := range 10 {
				a += math.Abs(alpha.At(10*i+k)) * float64(ref.Run.Data.Len()) / 2 / time
			}
			power := 0.8 * (1 - 4*a)
			if a > 0.375 {
				power = -0.4
			}
			return math.Pow(float64(ref.Run.Data.Len())/float64(retained), power)
		}
		for s := range steps {
			u, g := make([]float64, n), make([]float64, n)
			for i := range u {
				u[i] = w.At(i) + diff[i]
			}
			for _, i := range ref.Retain {
				a, b := answers(u, i), answers(w.Float64s(), i)
				var mean float64
				for _, z := range b {
					mean += z / 10
				}
				for k := range b {
					b[k] = mean + width(i)*(b[k]-mean)
				}
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
				mom[i] = 0.9*mom[i] + g[i] + 0.01*diff[i] - 0.7/span*d.Sum.At(i)
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
