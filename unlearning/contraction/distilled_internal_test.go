package contraction

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/miniunlearn/miniunlearn/data"
	"github.com/miniunlearn/miniunlearn/graph"
	"github.com/miniunlearn/miniunlearn/internal/purpose"
	"github.com/miniunlearn/miniunlearn/internal/vector"
	"github.com/miniunlearn/miniunlearn/nets"
	"github.com/miniunlearn/miniunlearn/unlearning/defaults"
)

// trained is a short run of a linear model on the digits, of which a fifth is forgotten.
func trained(t *testing.T) *System {
	ds := data.Digits().Train
	m, err := nets.NewModel(nets.Logistic(64, 10), nil, graph.Float64)
	require.NoError(t, err)
	run, err := m.Train(t.Context(), ds, nets.Config{Epochs: 2, Batch: 64, LR: nets.ConstantRate(0.1), Momentum: 0.9, Seed: 1})
	require.NoError(t, err)
	return NewSystem(run, data.RandomForget(ds, 0.2, 1), nil)
}

// oneProduct is what one step of a batch does, and what it is made of, by hand.
type oneProduct struct {
	system     *System
	distiller  *distiller
	got, plain *graph.Tensor // the product, and the gradient over all of the batch
	apart      float64       // how far apart the logits of the batch are
	square     float64       // ‖plain‖²
	variance   float64       // that of plain, from the halves of the batch
}

func takeOne(t *testing.T, batch int, wary bool, rate float64) (o oneProduct) {
	s := trained(t)
	way, err := Fixed{Steps: 1, Momentum: 0.9, LR: nets.ConstantRate(rate)}.Start(s)
	require.NoError(t, err)
	c := Distilled{Batch: batch, Stiffness: 0.2}
	curve, err := c.Start(s, way)
	require.NoError(t, err)
	p := curve.(*distiller)
	p.wary = wary
	d, u := s.Run.Initial.Clone(), s.Model.NewVector()
	vector.Combine(u, 1, s.Run.Params, 1, d)
	got := s.Model.NewVector()
	for pt, err := range way.Points {
		require.NoError(t, err)
		require.NoError(t, p.Product(pt, d, nil, got))
	}

	ids := newDeck(s.Retain, s.Rand(purpose.Distil, 0)).next(batch)
	over := func(ids []int, g *graph.Tensor) float64 {
		z := make([]float64, 10*len(ids))
		require.NoError(t, s.Model.LogitsAs(s.LastView(), s.Run.Params, s.Run.Data, ids, z))
		apart, err := s.Model.DistilGradient(s.LastView(), u, s.Run.Data, ids, z, 0.2, g)
		require.NoError(t, err)
		return apart
	}
	plain := s.Model.NewVector()
	apart := over(ids, plain)
	first, second := s.Model.NewVector(), s.Model.NewVector()
	half := (batch + 1) / 2
	over(ids[:half], first)
	over(ids[half:], second)
	a, b, n := float64(half), float64(batch-half), float64(batch)
	between := vector.Distance(first, second)
	return oneProduct{
		system: s, distiller: p, got: got, plain: plain, apart: apart, square: vector.Dot(plain, plain),
		variance: between * between * a * b / (n * n) * (1 - n/float64(len(s.Retain))),
	}
}

// TestDistilledProduct: in halves or not a product is the gradient over its batch, as much
// of it as its steepness and, in halves, their difference let it be.
func TestDistilledProduct(t *testing.T) {
	const batch, beta = 15, 0.9
	check := func(wary bool, rate float64) (kept, steep, noise float64) {
		o := takeOne(t, batch, wary, rate)
		steep, noise = 2*(1+beta)*o.apart/(rate*o.square), 2*defaults.DistilNoise*(1-beta)*o.apart/(rate*o.variance)
		want := min(1, steep)
		if wary {
			want = min(want, noise)
		}
		require.InEpsilon(t, want, o.distiller.Kept(), 1e-9)
		for i := range o.got.Len() {
			require.InDelta(t, want*o.plain.At(i), o.got.At(i), 1e-12)
		}
		require.Equal(t, want < 1, o.system.Guards[GuardStepShortened] == 1)
		require.Equal(t, 2*defaults.DistilNoise*(1-beta)*o.apart/(rate*o.square) < 1, o.distiller.wary)
		return o.distiller.Kept(), steep, noise
	}
	_, steep, noise := check(true, 1)
	// Rates, for which a limit is what they are at 1 over the rate: nothing is shortened, chance
	// shortens alone and where it is known, and steepness does.
	require.Less(t, noise, steep)
	kept, _, _ := check(true, noise/2)
	require.Equal(t, 1.0, kept)
	kept, _, _ = check(true, 2*noise)
	require.InEpsilon(t, 0.5, kept, 1e-9)
	kept, _, _ = check(false, min(2*noise, steep))
	require.InEpsilon(t, 1, kept, 1e-9)
	kept, _, _ = check(false, 4*steep)
	require.InEpsilon(t, 0.25, kept, 1e-9)
}

// TestDistilledWhole: all retained examples are no sample, in which nothing is chance.
func TestDistilledWhole(t *testing.T) {
	batch := len(trained(t).Retain)
	o := takeOne(t, batch, false, 1)
	o = takeOne(t, batch, false, 2*(1+0.9)*o.apart/o.square) // the steepest that is borne
	require.Zero(t, o.variance)
	require.InEpsilon(t, 1, o.distiller.Kept(), 1e-9)
	require.False(t, o.distiller.wary)
}

// partly keeps a quarter of every step and contracts nothing.
type partly struct{}

func (partly) String() string                               { return "partly" }
func (p partly) Start(*System, *Way) (Product, error)       { return p, nil }
func (partly) Kept() float64                                { return 0.25 }
func (partly) Product(_ Point, _, _, h *graph.Tensor) error { h.Zero(); return nil }

// TestShortener: of steps that are shortened as much less of a disturbance is taken.
func TestShortener(t *testing.T) {
	s := trained(t)
	u, err := Contraction{
		Path:        Fixed{Steps: 7, Momentum: 0.5, LR: nets.ConstantRate(0.1)},
		Disturbance: Spread{Sum: s.Run.Initial, Strength: 2, First: 0.5},
		Curvature:   partly{},
	}.Solve(t.Context(), s)
	require.NoError(t, err)
	for i := range u.Len() {
		require.InDelta(t, s.Run.Params.At(i)+0.25*2*s.Run.Initial.At(i), u.At(i), 1e-12)
	}
}
