package verdict

import (
	"context"
	"math"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/miniunlearn/miniunlearn/attacks"
)

// fixed is an attack that always answers the same.
type fixed []float64

func (fixed) Name() string { return "fixed" }

func (f fixed) Learn(context.Context, *attacks.Shadows, attacks.Game) (attacks.Scorer, error) {
	return attacks.ScorerFunc(func(attacks.Answers) ([]float64, error) { return f, nil }), nil
}

func TestBadInput(t *testing.T) {
	for _, c := range []struct {
		name  string
		spoil func(c *Config, d *Design, m *Models)
		is    error
		want  string
	}{
		{"level", func(c *Config, _ *Design, _ *Models) { c.Level = 95 }, attacks.ErrRange, "Level is 95"},
		{"loss", func(c *Config, _ *Design, _ *Models) { c.Loss = -1 }, attacks.ErrRange, "Loss is -1"},
		{"sensitivity", func(c *Config, _ *Design, _ *Models) { c.Sensitivity = math.NaN() }, attacks.ErrRange, "Sensitivity is NaN"},
		{"deals", func(c *Config, _ *Design, _ *Models) { c.Deals = 238 }, attacks.ErrRange, "238 deals cannot reach the level 0.95; 239 would do"},
		{"no states", func(_ *Config, d *Design, _ *Models) { d.State = nil }, attacks.ErrShape, "0 states"},
		{"states of another shape", func(_ *Config, d *Design, _ *Models) { d.State = d.State[1:] }, attacks.ErrShape, "959 states are not a row of 40"},
		{"one class", func(_ *Config, d *Design, _ *Models) { d.Classes = 1 }, attacks.ErrRange, "1 classes, want at least 2"},
		{"label", func(_ *Config, d *Design, _ *Models) { d.Labels[3] = 9 }, attacks.ErrLabel, "Labels[3] is 9"},
		{"pool", func(_ *Config, d *Design, _ *Models) { d.Pool[2] = 2 }, attacks.ErrRange, "Pool[2] is 2"},
		{"pools", func(_ *Config, d *Design, _ *Models) { d.Pool = d.Pool[1:] }, attacks.ErrShape, "Pool"},
		{"audited", func(_ *Config, d *Design, _ *Models) { d.Audited = []int{4, 3} }, attacks.ErrRange, "Audited[1] is 3"},
		{"near", func(_ *Config, d *Design, _ *Models) { d.Near = d.Near[1:] }, attacks.ErrShape, "Near"},
		{"near what", func(_ *Config, d *Design, _ *Models) { d.Near[5] = []int32{99} }, attacks.ErrRange, "Near[5] is 99"},
		{"few models", func(_ *Config, d *Design, _ *Models) { d.State = d.State[:4*40]; d.Pool = nil }, attacks.ErrTooFewShadows, "4 models cannot be told apart at any level; 6 are the least, some dozens would do"},
		{"unknown state", func(_ *Config, d *Design, _ *Models) { d.State[7] = 5 }, attacks.ErrRange, "State[7] is 5"},
		{"nothing forgotten", func(_ *Config, d *Design, _ *Models) {
			for i := range d.State {
				d.State[i] = attacks.In
			}
		}, attacks.ErrEmpty, "no model forgot an audited example"},
		{"nothing unseen", func(_ *Config, d *Design, _ *Models) {
			for i, s := range d.State {
				if s == attacks.Out {
					d.State[i] = attacks.In
				}
			}
		}, errNothingDealt, "no example is forgotten by some models and unseen by others"},
		{"forgotten and not audited", func(_ *Config, d *Design, _ *Models) { d.Audited = []int{0}; d.Near = nil }, attacks.ErrRange, "which is not audited"},
		{"no answers", func(_ *Config, _ *Design, m *Models) { m.Reference = nil }, attacks.ErrEmpty, "answers of retraining are missing"},
		{"answers of another layout", func(_ *Config, _ *Design, m *Models) { m.Method.Logits[1] = m.Method.Logits[1][3:] }, attacks.ErrShape, "of the method: Logits[1] of 24 models, 40 examples, 3 classes has length 2877, want 2880"},
		{"fewer queries", func(_ *Config, _ *Design, m *Models) { m.Before.Logits = m.Before.Logits[:1] }, attacks.ErrShape, "queries before unlearning has length 1, want 2"},
		{"NaN", func(_ *Config, _ *Design, m *Models) { m.Method.Logits[0][40*3*2+3*5+1] = float32(math.NaN()) }, attacks.ErrNotFinite, "of the method, query 0, model 2, example 5: the logit of class 1 is NaN"},
	} {
		t.Run(c.name, func(t *testing.T) {
			cfg, d := Config{}, small.design(1)
			m := Models{small.answers(d, 1, nil), small.answers(d, 2, nil), small.answers(d, 3, nil)}
			c.spoil(&cfg, d, &m)
			_, err := cfg.Judge(t.Context(), d, m)
			require.ErrorIs(t, err, c.is)
			require.ErrorContains(t, err, c.want)
		})
	}
	ctx, stop := context.WithCancel(t.Context())
	stop()
	d := small.design(1)
	_, err := Config{}.Judge(ctx, d, Models{small.answers(d, 1, nil), small.answers(d, 2, nil), small.answers(d, 3, nil)})
	require.ErrorIs(t, err, context.Canceled)
	_, err = d.Shadows(nil, 0)
	require.ErrorIs(t, err, attacks.ErrEmpty)
}

// TestConstantAnswers: answers that never vary are no evidence, and divide nothing.
func TestConstantAnswers(t *testing.T) {
	d := small.design(1)
	zero := func() *Answers {
		return small.everywhere(small.answers(d, 1, nil), func(_, _, _ int, z []float32) { clear(z) })
	}
	v, err := Config{}.Judge(t.Context(), d, Models{zero(), zero(), zero()})
	require.NoError(t, err)
	require.Equal(t, Undecided, v.Outcome)
	require.Equal(t, attacks.Float(.5), v.AUC.Value)
	require.Contains(t, v.String(), "nothing could have been")
	// A few models and examples, without any that retains them.
	few := world{models: 6, examples: 2, classes: 2, queries: 1, in: 1}
	d = few.design(1)
	d.Near = nil
	for i := range d.State {
		d.State[i] = attacks.State(2 * (i % 2))
		if i/2%2 == 1 {
			d.State[i] = attacks.State(2 - 2*(i%2))
		}
	}
	v, err = Config{}.Judge(t.Context(), d, Models{few.answers(d, 1, nil), few.answers(d, 2, nil), few.answers(d, 3, nil)})
	require.NoError(t, err)
	require.NotEqual(t, Passed, v.Outcome)
	require.False(t, v.Retained.Method.Exists())
}
