package attacks

import (
	"context"
	"math"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"
)

// linearModel answers z = Wx, row-major [classes, features].
type linearModel struct {
	w       []float64
	classes int
}

func (m linearModel) Logits(_ context.Context, x []float32, n int) ([]float64, error) {
	f := len(m.w) / m.classes
	out := make([]float64, n*m.classes)
	for i := range n {
		for c := range m.classes {
			for j := range f {
				out[i*m.classes+c] += m.w[c*f+j] * float64(x[i*f+j])
			}
		}
	}
	return out, nil
}

// A binary model's gap has the gradient w₁ − w₀ everywhere: the score of an example of
// class 1 is ⟨ξ, w₁−w₀⟩/(σ‖w₁−w₀‖), but for what 199 draws know of the denominator.
func TestPoisonByHand(t *testing.T) {
	const f = 40
	rng := rand.New(rand.NewPCG(1, 1))
	m := linearModel{w: append(make([]float64, f), normals(rng, 0, 1, f)...), classes: 2}
	deviation := make([]float32, f)
	for j := range deviation {
		deviation[j] = 1
	}
	p := Poison{Scale: 0.3, Seed: 5}
	var x []float32
	ids, labels := []int{3, 17, 4}, []int32{1, 1, 0}
	for range 3 * f {
		x = append(x, float32(rng.NormFloat64()))
	}
	r, err := PoisonScore(t.Context(), p, m, x, labels, ids, deviation, 2)
	require.NoError(t, err)
	for i, id := range ids {
		dot, norm := 0.0, 0.0
		for j, v := range p.Noise(id, deviation) {
			dot += float64(v) * m.w[f+j]
			norm += m.w[f+j] * m.w[f+j]
		}
		want := dot / (0.3 * math.Sqrt(norm))
		if labels[i] == 0 {
			want = -want
		}
		require.InEpsilon(t, want, r.Scores[i], .15, "example %d", i)
	}
}

// A least-squares model that was trained on the noise shows it, one that was not does
// not, and half of the noise shows less.
func TestPoisonFindsWhatIsLeft(t *testing.T) {
	const n, f = 60, 100
	rng := rand.New(rand.NewPCG(2, 1))
	deviation := make([]float32, f)
	for j := range deviation {
		deviation[j] = 1
	}
	r := newRidge(rng, n, f)
	var x []float32
	var labels []int32
	var ids []int
	for i := range n {
		for j := range f {
			x = append(x, float32(r.x.At(i, j)))
		}
		y := int32(rng.IntN(2))
		labels, ids = append(labels, y), append(ids, i)
		r.y[i] = 2*float64(y) - 1
	}
	// fit trains on a share of each example's noise.
	fit := func(p Poison, share float64) linearModel {
		c := &ridge{x: r.x, y: r.y, d: f, lambda: 1}
		poisoned := *r.x
		poisoned.CloneFrom(r.x)
		for i := range n {
			for j, v := range p.Noise(i, deviation) {
				poisoned.Set(i, j, r.x.At(i, j)+share*float64(v))
			}
		}
		c.x = &poisoned
		w := c.fit(upTo(0, n))
		m := linearModel{w: make([]float64, 2*f), classes: 2}
		for j := range f {
			m.w[f+j] = w.AtVec(j)
		}
		return m
	}
	results := map[float64][]*PoisonResult{} // by share, of several noises
	for seed := range uint64(5) {
		p := Poison{Scale: 1, Seed: 9 + seed, Draws: 99}
		for _, share := range []float64{0, .5, 1} {
			got, err := PoisonScore(t.Context(), p, fit(p, share), x, labels, ids, deviation, 2)
			require.NoError(t, err)
			results[share] = append(results[share], got)
		}
	}
	means := map[float64]float64{}
	for share, all := range results {
		pooled, err := PooledPoison(all...)
		require.NoError(t, err)
		total := 0.0
		for _, r := range all {
			total += r.Mean
		}
		require.InDelta(t, total/float64(len(all)), pooled.Mean, 1e-12)
		means[share] = pooled.Mean
		if share == 0 {
			require.Greater(t, pooled.PValue, .01)
			require.Greater(t, pooled.Mean, pooled.NullLow-.1)
			require.Less(t, pooled.Mean, pooled.NullHigh+.1)
		} else {
			require.Equal(t, .01, pooled.PValue)
			require.Greater(t, pooled.Mean, pooled.NullHigh)
		}
	}
	_, err := PooledPoison()
	require.ErrorIs(t, err, ErrEmpty)
	_, err = PooledPoison(results[1][0], &PoisonResult{})
	require.ErrorContains(t, err, "result 1")
	require.Greater(t, means[1], means[.5]+.1)
	require.Greater(t, means[.5], means[0]+.2)
}

// The p-value is that of an exchangeable draw: fresh noise is found no more often than
// its level.
func TestPoisonNullTrials(t *testing.T) {
	const f = 20
	deviation := make([]float32, f)
	for j := range deviation {
		deviation[j] = 1
	}
	wrong := 0
	n := trials()
	for i := range n {
		rng := rand.New(rand.NewPCG(uint64(i), 77))
		m := linearModel{w: normals(rng, 0, 1, 3*f), classes: 3}
		x := make([]float32, 5*f)
		for j := range x {
			x[j] = float32(rng.NormFloat64())
		}
		r, err := PoisonScore(t.Context(), Poison{Draws: 19, Seed: uint64(i)}, m, x, []int32{0, 1, 2, 1, 0}, []int{1, 2, 3, 4, 5}, deviation, 3)
		require.NoError(t, err)
		if r.PValue <= .05 {
			wrong++
		}
	}
	requireRateAtMost(t, wrong, n, .05)
	require.Positive(t, wrong)
}

func TestPoisonBadInput(t *testing.T) {
	m := linearModel{w: make([]float64, 4), classes: 2}
	sd := []float32{1, 1}
	for _, c := range []struct {
		p      Poison
		x      []float32
		labels []int32
		ids    []int
		is     error
	}{
		{Poison{}, nil, nil, nil, ErrEmpty},
		{Poison{}, []float32{1, 2, 3}, []int32{0}, []int{1}, ErrShape},
		{Poison{}, []float32{1, 2}, []int32{0}, nil, ErrShape},
		{Poison{}, []float32{1, 2}, []int32{7}, []int{1}, ErrLabel},
		{Poison{Draws: 5}, []float32{1, 2}, []int32{0}, []int{1}, ErrRange},
		{Poison{Step: -1}, []float32{1, 2}, []int32{0}, []int{1}, ErrRange},
		{Poison{Scale: -1}, []float32{1, 2}, []int32{0}, []int{1}, ErrRange},
	} {
		_, err := PoisonScore(t.Context(), c.p, m, c.x, c.labels, c.ids, sd, 2)
		require.ErrorIs(t, err, c.is)
	}
	// A model that answers nothing has no slopes.
	r, err := PoisonScore(t.Context(), Poison{}, m, []float32{1, 2}, []int32{0}, []int{1}, sd, 2)
	require.NoError(t, err)
	require.Zero(t, r.Mean)
	require.Equal(t, 1.0, r.PValue)
}
