package attacks

import (
	"math"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestRMIAAllRatiosEqual(t *testing.T) {
	for _, gamma := range []float64{1, 2} {
		s, err := RMIA{Gamma: gamma}.Compare(constants(.3, 8), constants(.3, 5))
		require.NoError(t, err)
		auc, err := AUC(s[:4], s[4:])
		require.NoError(t, err)
		require.Equal(t, .5, auc)
		want := 0.0
		if gamma == 1 {
			want = 1
		}
		require.Equal(t, constants(want, 8), s, "r ≥ γr counts equality")
	}
}

// Sorting once must equal the n×m definition.
func TestRMIACompareAgainstPairs(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	x, z := normals(rng, .4, 1, 50), normals(rng, 0, 1, 70)
	got, err := RMIA{Gamma: 1.5}.Compare(x, z)
	require.NoError(t, err)
	for i := range x {
		n := 0
		for j := range z {
			if math.Exp(x[i]) >= 1.5*math.Exp(z[j]) {
				n++
			}
		}
		require.Equal(t, float64(n)/70, got[i])
	}
}

func TestRMIARatiosByHand(t *testing.T) {
	lp := func(p ...float64) []float64 { return mapped(p, math.Log) }
	s := &Shadows{Models: 3, Examples: 1, Signal: lp(.9, .3, .5), State: []State{In, Out, Out}}
	got, err := RMIA{}.LogRatios(s, lp(.8))
	require.NoError(t, err)
	require.InDelta(t, math.Log(.8/(.5*(.9+.4))), got[0], 1e-12)
	got, err = RMIA{Offline: true}.LogRatios(s, lp(.8))
	require.NoError(t, err)
	require.InDelta(t, math.Log(.8/(.5*(1.3*.4+.7))), got[0], 1e-12)
	got, err = RMIA{Offline: true, OfflineA: 1}.LogRatios(s, lp(.8))
	require.NoError(t, err)
	require.InDelta(t, math.Log(.8/.4), got[0], 1e-12)
	// Probabilities far below the smallest float64 keep their ratio.
	tiny := &Shadows{Models: 2, Examples: 1, Signal: []float64{-1e4, -1e4 - 2}, State: []State{In, Out}}
	got, err = RMIA{}.LogRatios(tiny, []float64{-1e4})
	require.NoError(t, err)
	require.InDelta(t, -math.Log(.5*(1+math.Exp(-2))), got[0], 1e-9)
}

func TestRMIAFindsMembers(t *testing.T) {
	// log p = −softplus(−φ); members' φ is higher.
	toLogP := func(s *Shadows) *Shadows {
		s.Signal = mapped(s.Signal, func(v float64) float64 { return -softplus(-v) })
		return s
	}
	s := toLogP(world{models: 17, examples: 400, in: 2, forgotten: math.NaN()}.draw(1))
	z := toLogP(world{models: 17, examples: 600, in: math.NaN(), forgotten: math.NaN()}.draw(2))
	refs, popRefs := s.pick(func(m int) bool { return m > 0 }), z.pick(func(m int) bool { return m > 0 })
	for _, r := range []RMIA{{}, {Offline: true, OfflineA: .3}} {
		scores, err := r.Scores(refs, s.row(0), popRefs, z.row(0))
		require.NoError(t, err)
		var in, out []float64
		for e, v := range scores {
			if s.state(0, e) == In {
				in = append(in, v)
			} else {
				out = append(out, v)
			}
		}
		auc, err := AUC(in, out)
		require.NoError(t, err)
		require.Greater(t, auc, .75, "%+v", r)
	}
}

// As an Attack RMIA takes logit gaps, and its population from the pool.
func TestRMIAAsAttack(t *testing.T) {
	s := world{models: 17, examples: 400, in: 2, forgotten: math.NaN()}.draw(1)
	refs, target := s.pick(func(m int) bool { return m > 0 }), s.pick(func(m int) bool { return m == 0 })
	for _, r := range []RMIA{{}, {Offline: true}, {Population: upTo(0, 100)}} {
		g, err := Play(t.Context(), r, refs, target, Membership)
		require.NoError(t, err)
		auc, err := AUC(g.Positive, g.Negative)
		require.NoError(t, err)
		require.Greater(t, auc, .75, "%+v", r)
		require.Equal(t, r.Name(), g.Attack)
	}
	_, err := Play(t.Context(), RMIA{Population: []int{400}}, refs, target, Membership)
	require.ErrorContains(t, err, "Population[0]")
	_, err = Play(t.Context(), RMIA{}, refs, target, Privacy)
	require.ErrorContains(t, err, `never "forgotten"`)
}

// Members of every model have p = (p_out + 1)/2 by construction, so that
// p̄ = ½((1+a)p_out + 1 − a) is (p_in + p_out)/2 at a = ½.
func TestTuneOfflineA(t *testing.T) {
	rng := rand.New(rand.NewPCG(43, 1))
	const models, examples = 8, 400
	s := &Shadows{Models: models, Examples: examples}
	for m := range models {
		for e := range examples {
			st := State((m + e/2) % 2)
			p := .02 + .9*float64(e)/examples
			if st == In {
				p += (1 - p) / 2
			}
			s.State = append(s.State, st)
			s.Signal = append(s.Signal, math.Log(p/(1-p))+.3*rng.NormFloat64())
		}
	}
	a, err := TuneOfflineA(t.Context(), s)
	require.NoError(t, err)
	auc := func(a float64) float64 {
		refs, target := s.pick(func(m int) bool { return m > 1 }), s.pick(func(m int) bool { return m < 2 })
		g, err := Play(t.Context(), RMIA{Offline: true, OfflineA: a}, refs, target, Membership)
		require.NoError(t, err)
		v, err := AUC(g.Positive, g.Negative)
		require.NoError(t, err)
		return v
	}
	require.Greater(t, a, .05)
	require.Less(t, a, .95)
	require.Greater(t, auc(a), auc(1e-9))
	require.Greater(t, auc(a), auc(1))
	_, err = TuneOfflineA(t.Context(), s.pick(func(m int) bool { return m < 2 }))
	require.ErrorContains(t, err, "3 would do")
}

func TestRMIABadInput(t *testing.T) {
	s := &Shadows{Models: 2, Examples: 2, Signal: []float64{-1, -1, -2, -2}, State: []State{In, Out, Out, Out}}
	_, err := RMIA{}.LogRatios(s, []float64{-1, -1})
	require.ErrorIs(t, err, ErrTooFewShadows)
	require.ErrorContains(t, err, `example 1 is never "in"`)
	s.State[0], s.State[2] = In, In
	_, err = RMIA{Offline: true}.LogRatios(s, []float64{-1, -1})
	require.ErrorContains(t, err, `example 0 is never "out"`)
	for _, r := range []RMIA{{OfflineA: 2}, {OfflineA: -1}, {OfflineA: math.NaN()}} {
		_, err = r.LogRatios(s, []float64{-1, -1})
		require.ErrorIs(t, err, ErrRange)
	}
	_, err = RMIA{}.LogRatios(s, []float64{-1, .5})
	require.ErrorContains(t, err, "target[1]")
	s.Signal[2] = .1
	_, err = RMIA{}.LogRatios(s, []float64{-1, -1})
	require.ErrorContains(t, err, "Signal[2]")
	_, err = RMIA{Gamma: .5}.Compare([]float64{1}, []float64{1})
	require.ErrorIs(t, err, ErrRange)
	_, err = RMIA{}.Compare([]float64{1}, nil)
	require.ErrorIs(t, err, ErrEmpty)
	_, err = RMIA{}.Scores(handMadeLogP(), []float64{-1, -1}, &Shadows{}, nil)
	require.ErrorContains(t, err, "population")
}

func handMadeLogP() *Shadows {
	s := handMade()
	s.Signal = mapped(s.Signal, func(v float64) float64 { return -v - 1 })
	return s
}
