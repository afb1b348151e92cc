package contraction_test

import (
	"math"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/miniunlearn/miniunlearn/graph"
	"github.com/miniunlearn/miniunlearn/internal/vector"
	"github.com/miniunlearn/miniunlearn/nets"
	"github.com/miniunlearn/miniunlearn/unlearning/contraction"
)

// steep is the curvature c in every direction up to a step, and none from there on.
type steep struct {
	c  float64
	to int
}

func (steep) String() string { return "steep" }

func (s steep) Start(*contraction.System, *contraction.Way) (contraction.Product, error) {
	return contraction.Linear(func(pt contraction.Point, d, _, h *graph.Tensor) error {
		if h.Zero(); d != nil && pt.T < s.to {
			vector.AddScaled(h, s.c, d)
		}
		return nil
	}), nil
}

// TestReacher: a difference that gets longer than where nothing resists is taken back to that length, and goes
// on with half the rate and what is left of the disturbance: the loop by hand, in one coordinate. Where steps
// contract nothing changes.
func TestReacher(t *testing.T) {
	const steps, momentum, decay, strength, first = 40, 0.9, 0.3, 2., 28
	lr := nets.CosineRate{Peak: 0.1, Warmup: 0.1}
	for _, c := range []steep{{0, steps}, {5, steps}, {60, steps}, {300, 12}} {
		s := system(t)
		s.Run.Config.WeightDecay = decay
		sum := zigzag(s)
		u, err := contraction.Contraction{
			Path:        contraction.Fixed{Steps: steps, LR: lr, Momentum: momentum},
			Disturbance: contraction.Spread{Sum: sum, Strength: strength, First: 0.7}, Curvature: c,
		}.Solve(t.Context(), s)
		require.NoError(t, err)

		var reach []float64
		var d, q, far float64
		for i := range steps {
			if q = momentum*q + decay*d; i < first {
				q--
			}
			d -= lr.Rate(i, steps) * q
			far = max(far, math.Abs(d))
			reach = append(reach, far)
		}
		push, slow, astray := strength/d, 1., 0
		d, q = 0, 0
		for i := range steps {
			h := decay * d
			if i < c.to {
				h += c.c * d
			}
			if q = momentum*q + h; i < first {
				q -= push / slow
			}
			d -= lr.Rate(i, steps) * slow * q
			if most := push * reach[i]; math.Abs(d) > 1.05*most {
				d, q = math.Copysign(most, d), 0
				slow /= 2
				astray++
			}
		}
		require.Equal(t, 0.1*c.c > 2*(1+momentum), astray > 0, "%v", c)
		require.Equal(t, astray, s.Guards[contraction.GuardAstray])
		require.LessOrEqual(t, math.Abs(d), 1.05*push*far)
		for i := range sum.Len() {
			require.InDelta(t, d*sum.At(i), u.At(i)-s.Run.Params.At(i), 1e-9, "%v", c)
		}
	}
}
