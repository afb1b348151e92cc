package attacks

import (
	"context"
	"math"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"
)

// world draws shadows: example e has mean μ_e ~ N(0, 2²) and noise σ_e; a
// state adds its shift (in units of σ_e); every model adds a common shift.
type world struct {
	models, examples, augs int
	in, forgotten          float64 // shifts; NaN: the state does not occur
	common                 float64 // sd of the model's own shift
	ragged                 bool    // σ_e varies
	spread                 float64 // noise factor of forgotten examples; 0 means 1
}

func (w world) draw(seed uint64) *Shadows {
	rng := rand.New(rand.NewPCG(seed, 77))
	s := &Shadows{Models: w.models, Examples: w.examples, Augs: w.augs}
	states := []State{Out}
	if !math.IsNaN(w.in) {
		states = append(states, In)
	}
	if !math.IsNaN(w.forgotten) {
		states = append(states, Forgotten)
	}
	mu, sigma := make([]float64, w.examples), constants(1, w.examples)
	for e := range mu {
		mu[e] = 2 * rng.NormFloat64()
		if w.ragged {
			sigma[e] = math.Exp(rng.NormFloat64())
		}
	}
	for range w.models {
		c := w.common * rng.NormFloat64()
		for e := range w.examples {
			st := states[rng.IntN(len(states))]
			shift := map[State]float64{Out: 0, In: w.in, Forgotten: w.forgotten}[st]
			sd := sigma[e]
			if st == Forgotten {
				sd *= orDefault(w.spread, 1)
			}
			s.State = append(s.State, st)
			for range max(w.augs, 1) {
				s.Signal = append(s.Signal, mu[e]+c+sigma[e]*shift+sd*rng.NormFloat64())
			}
		}
	}
	return s
}

// reorder permutes the examples.
func reorder(s *Shadows, perm []int) *Shadows {
	p := *s
	p.Signal, p.State = nil, nil
	a := s.augs()
	for m := range s.Models {
		for _, e := range perm {
			p.Signal = append(p.Signal, s.row(m)[e*a:(e+1)*a]...)
			p.State = append(p.State, s.state(m, e))
		}
	}
	return &p
}

func TestShadowsValidate(t *testing.T) {
	good := func() *Shadows {
		return &Shadows{Models: 2, Examples: 2, Signal: []float64{1, 2, 3, 4}, State: []State{In, Out, Out, In}}
	}
	require.NoError(t, good().Validate())
	for name, tc := range map[string]struct {
		spoil func(s *Shadows)
		want  error
		text  string
	}{
		"nan":    {func(s *Shadows) { s.Signal[3] = math.NaN() }, ErrNotFinite, "Signal[3]"},
		"inf":    {func(s *Shadows) { s.Signal[1] = inf }, ErrNotFinite, "Signal[1]"},
		"state":  {func(s *Shadows) { s.State[2] = 7 }, ErrRange, "State[2]"},
		"short":  {func(s *Shadows) { s.Signal = s.Signal[:3] }, ErrShape, "length 3, want 4"},
		"states": {func(s *Shadows) { s.State = s.State[:1] }, ErrShape, "State"},
		"groups": {func(s *Shadows) { s.Group = []int{1} }, ErrShape, "Group"},
		"augs":   {func(s *Shadows) { s.Augs = -1 }, ErrRange, "Augs"},
		"labels": {func(s *Shadows) { s.Labels = []int32{0} }, ErrShape, "Labels"},
		"label":  {func(s *Shadows) { s.Classes, s.Labels = 2, []int32{0, 2} }, ErrLabel, "Labels[1]"},
		"logits": {func(s *Shadows) { s.Classes, s.Logits = 2, make([]float32, 7) }, ErrShape, "Logits"},
		"logit":  {func(s *Shadows) { s.Classes, s.Logits = 2, append(make([]float32, 7), float32(math.NaN())) }, ErrNotFinite, "Logits[7]"},
		"empty":  {func(s *Shadows) { s.Models = 0 }, ErrEmpty, "no models"},
	} {
		s := good()
		tc.spoil(s)
		err := s.Validate()
		require.ErrorIs(t, err, tc.want, name)
		require.ErrorContains(t, err, tc.text, name)
	}
	require.ErrorIs(t, (*Shadows)(nil).Validate(), ErrEmpty)
}

func TestStateAndGameNames(t *testing.T) {
	require.Equal(t, "out in forgotten State(9)", Out.String()+" "+In.String()+" "+Forgotten.String()+" "+State(9).String())
	require.Equal(t, "membership privacy efficacy Game(9)", Membership.String()+" "+Privacy.String()+" "+Efficacy.String()+" "+Game(9).String())
	require.Equal(t, "per-example pooled shrunk student-t Fit(9)", PerExample.String()+" "+Pooled.String()+" "+Shrunk.String()+" "+StudentT.String()+" "+Fit(9).String())
}

func TestSplitModelsKeepsGroups(t *testing.T) {
	s := world{models: 20, examples: 5, in: 1, forgotten: math.NaN()}.draw(6)
	for m := range 20 {
		s.Group = append(s.Group, m/2)
	}
	a, b, err := SplitModels(s, 1)
	require.NoError(t, err)
	require.Equal(t, 20, a.Models+b.Models)
	require.Equal(t, 10, a.Models)
	require.NoError(t, a.Validate())
	for _, g := range a.Group {
		require.NotContains(t, b.Group, g)
	}
	s.Group = constInts(20)
	_, _, err = SplitModels(s, 1)
	require.ErrorIs(t, err, ErrTooFewShadows)
}

func TestPlayBadInput(t *testing.T) {
	a := world{models: 8, examples: 5, in: 1, forgotten: math.NaN()}.draw(1)
	b := world{models: 8, examples: 6, in: 1, forgotten: math.NaN()}.draw(2)
	_, err := Play(t.Context(), LiRA{Fit: StudentT}, a, b, Membership)
	require.ErrorIs(t, err, ErrShape)
	c := world{models: 8, examples: 5, augs: 2, in: 1, forgotten: math.NaN()}.draw(2)
	_, err = Play(t.Context(), LiRA{Fit: StudentT}, a, c, Membership)
	require.ErrorIs(t, err, ErrShape)
	none := a.pick(func(int) bool { return true })
	for i := range none.State {
		none.State[i] = Forgotten
	}
	_, err = Play(t.Context(), LiRA{Fit: StudentT}, a, none, Membership)
	require.ErrorIs(t, err, ErrEmpty)
	_, err = Play(t.Context(), LiRA{}, &Shadows{}, a, Membership)
	require.ErrorContains(t, err, "shadows")
	_, err = Play(t.Context(), LiRA{}, a, &Shadows{}, Membership)
	require.ErrorContains(t, err, "targets")
	_, err = Play(t.Context(), LiRA{Fit: StudentT}, a, a, Game(9))
	require.ErrorIs(t, err, ErrRange)
	// What a user's attack answers is checked.
	for _, bad := range []struct {
		scores []float64
		want   string
	}{
		{[]float64{1, 2}, "scores has length 2, want 5"},
		{[]float64{1, 2, math.NaN(), 4, 5}, "attack bad: scores[2] is NaN"},
	} {
		_, err = Play(t.Context(), badAttack{bad.scores}, a, a, Membership)
		require.ErrorContains(t, err, bad.want)
		require.ErrorContains(t, err, "target 0")
	}
}

type badAttack struct{ scores []float64 }

func (badAttack) Name() string { return "bad" }

func (b badAttack) Learn(context.Context, *Shadows, Game) (Scorer, error) {
	return ScorerFunc(func(Answers) ([]float64, error) { return b.scores, nil }), nil
}
