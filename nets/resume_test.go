package nets_test

import (
	"context"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/miniunlearn/miniunlearn/data"
	"github.com/miniunlearn/miniunlearn/graph"
	"github.com/miniunlearn/miniunlearn/nets"
)

// TestResume: a run that goes on from any of its states ends in the same bits, and
// counts the same, as one that was not interrupted.
func TestResume(t *testing.T) {
	ds := data.Digits().Train.Subset(make([]int, 40))
	for i := range ds.IDs { // forty different ones
		copy(ds.Row(i), data.Digits().Train.Row(i))
		ds.Y[i], ds.IDs[i] = data.Digits().Train.Y[i], i
	}
	drop, err := data.ForgetPositions(40, []int{3, 17})
	require.NoError(t, err)
	for name, cfg := range map[string]nets.Config{
		"plain": {Epochs: 3, Batch: 16, Momentum: 0.9, WeightDecay: 1e-3, LR: nets.Cosine(0.1), Seed: 2},
		"drop":  {Epochs: 2, Batch: 16, Momentum: 0.9, Drop: drop},
		"only":  {Steps: 7, Batch: 3, Momentum: 0.5, Only: []int{1, 5, 7, 8}},
		"from":  {Epochs: 2, Batch: 16, From: func() *graph.Tensor { m, _ := nets.NewModel(nets.MLP(64, 5, 10), nil, 0); return m.Init(77) }()},
	} {
		t.Run(name, func(t *testing.T) {
			var states []nets.State
			watched := cfg
			watched.Hooks = []nets.Hook{nets.StepFunc(func(s nets.Step) error {
				p := s.Tally
				p.Losses = append([]float64(nil), p.Losses...)
				states = append(states, nets.State{Step: s.T, Params: s.Params.Clone(), Momentum: s.Momentum.Clone(), Tally: p})
				return nil
			})}
			want, err := nets.Train(t.Context(), nets.MLP(64, 5, 10), ds, watched)
			require.NoError(t, err)
			states = append(states, nets.State{Step: want.Steps, Params: want.Params, Momentum: want.Momentum,
				Tally: nets.Tally{Losses: want.Losses, GradEvals: want.GradEvals}})
			for _, s := range states {
				resumed, first := cfg, -1
				resumed.Resume = &s
				resumed.Hooks = []nets.Hook{nets.StepFunc(func(st nets.Step) error {
					if first < 0 {
						first = st.T
					}
					return nil
				})}
				got, err := nets.Train(t.Context(), nets.MLP(64, 5, 10), ds, resumed)
				require.NoError(t, err)
				if s.Step < want.Steps {
					require.Equal(t, s.Step, first)
				}
				require.NoError(t, got.Validate())
				require.Nil(t, got.Config.Resume, "retraining such a run starts at its beginning")
				require.Equal(t, want.Initial.Float32s(), got.Initial.Float32s())
				require.Equal(t, want.Params.Float32s(), got.Params.Float32s(), "from step %d", s.Step)
				require.Equal(t, want.Momentum.Float32s(), got.Momentum.Float32s())
				require.Equal(t, want.Losses, got.Losses)
				require.Equal(t, want.GradEvals, got.GradEvals)
			}
		})
	}
}

// TestHoles: with the order's holes, training on what is left of the data is
// training on all of them without the deleted ones.
func TestHoles(t *testing.T) {
	ds := tiny()
	cfg := nets.Config{Epochs: 3, Batch: 2, Momentum: 0.9, Seed: 5, DType: graph.Float64, LR: nets.ConstantRate(0.3)}
	whole, err := nets.Train(t.Context(), nets.Logistic(3, 2), ds, cfg)
	require.NoError(t, err)
	gone, err := data.ForgetPositions(7, append([]int{1}, whole.Order.Step(2)...)) // a whole batch of the first epoch
	require.NoError(t, err)
	dropped := cfg
	dropped.Drop = gone
	want, err := nets.Train(t.Context(), nets.Logistic(3, 2), ds, dropped)
	require.NoError(t, err)

	cfg.Holes = whole.Order.Without(gone).Holes
	left := ds.Subset(gone.Retained(7))
	got, err := nets.Train(t.Context(), nets.Logistic(3, 2), left, cfg)
	require.NoError(t, err)
	require.NoError(t, got.Validate())
	require.Equal(t, want.Params.Float64s(), got.Params.Float64s())
	require.Equal(t, want.Momentum.Float64s(), got.Momentum.Float64s())
	require.Equal(t, want.Losses, got.Losses)

	cfg.Only = []int{0}
	_, err = nets.Train(t.Context(), nets.Logistic(3, 2), left, cfg)
	require.ErrorContains(t, err, "Holes or Only")
}

func TestBadResume(t *testing.T) {
	run, err := nets.Train(t.Context(), nets.MLP(3, 4, 2), tiny(), nets.Config{Epochs: 2, Batch: 3})
	require.NoError(t, err)
	for want, s := range map[string]nets.State{
		"step 7 is none":          {Step: 7, Params: run.Params, Momentum: run.Momentum},
		"step -1 is none":         {Step: -1},
		"the parameters: no":      {Step: 2},
		"the momentum: no":        {Step: 2, Params: run.Params},
		"0 epochs have a loss":    {Step: 4, Params: run.Params, Momentum: run.Momentum},
		"3 parameters of float32": {Step: 2, Params: graph.NewTensor(graph.Float32, 3)},
	} {
		_, err := nets.Train(context.Background(), nets.MLP(3, 4, 2), tiny(), nets.Config{Epochs: 2, Batch: 3, Resume: &s})
		require.ErrorContains(t, err, want)
	}
}
