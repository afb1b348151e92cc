package nets_test

import (
	"math"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/miniunlearn/miniunlearn/data"
	"github.com/miniunlearn/miniunlearn/graph"
	"github.com/miniunlearn/miniunlearn/nets"
)

// TestValidateRun: a run of Train is whole, and each thing that one put together by
// hand may lack or contradict is named.
func TestValidateRun(t *testing.T) {
	whole, err := nets.Train(t.Context(), nets.MLP(3, 4, 2), tiny(), nets.Config{Epochs: 2, Batch: 3, Momentum: 0.9})
	require.NoError(t, err)
	require.NoError(t, whole.Validate())
	only, err := nets.Train(t.Context(), nets.MLP(3, 4, 2), tiny(), nets.Config{Steps: 3, Batch: 2, Only: []int{1, 4, 5}})
	require.NoError(t, err)
	require.NoError(t, only.Validate())

	require.ErrorContains(t, (*nets.Run)(nil).Validate(), "it is nil")
	nan := whole.Params.Clone()
	nan.Set(5, math.NaN())
	for want, change := range map[string]func(*nets.Run){
		"Model is nil, or not":                 func(r *nets.Run) { r.Model = nil },
		"or not made by NewModel":              func(r *nets.Run) { r.Model = &nets.Model{} },
		"Data is nil":                          func(r *nets.Run) { r.Data = nil },
		"Data: nets: mlp:3-4-2 takes 3":        func(r *nets.Run) { r.Data = data.Digits().Train },
		"Data has 20 feature values":           func(r *nets.Run) { r.Data = tiny(); r.Data.X = r.Data.X[1:] },
		"Data: example 2 has label 7":          func(r *nets.Run) { r.Data = tiny(); r.Data.Y[2] = 7 },
		"Order is {Seed:0 N:7 Batch:3 ":        func(r *nets.Run) { r.Data = tiny().Subset([]int{0, 1}) },
		"Config.LR is nil":                     func(r *nets.Run) { r.Config.LR = nil },
		"Config: nets: config: momentum 2":     func(r *nets.Run) { r.Config.Momentum = 2 },
		"learning rate -1":                     func(r *nets.Run) { r.Config.LR = nets.ConstantRate(-1) },
		"Order: data: order of 0":              func(r *nets.Run) { r.Order = data.Order{} },
		"Order is {Seed:9":                     func(r *nets.Run) { r.Order.Seed = 9 },
		"Steps is 0, where Config makes 6":     func(r *nets.Run) { r.Steps = 0 },
		"Initial is nil":                       func(r *nets.Run) { r.Initial = nil },
		"Params is nil: the run is not":        func(r *nets.Run) { r.Params = nil },
		"Params: 3 parameters of float32":      func(r *nets.Run) { r.Params = graph.NewTensor(graph.Float32, 3) },
		"Initial: 26 parameters of float64":    func(r *nets.Run) { r.Initial = graph.NewTensor(graph.Float64, 26) },
		"Params: not finite: fc1.weight[5] is": func(r *nets.Run) { r.Params = nan },
		"Momentum: not finite: fc1.weight[5]":  func(r *nets.Run) { r.Momentum = nan },
	} {
		r := *whole
		change(&r)
		require.ErrorContains(t, r.Validate(), want)
	}
	unknown := *whole
	unknown.Momentum = nil
	require.NoError(t, unknown.Validate())
}

// TestNotFinite: no answer, and no accuracy, comes from parameters that are not
// finite, wherever in them the first of these is, or from logits that overflow.
func TestNotFinite(t *testing.T) {
	run, err := nets.Train(t.Context(), nets.MLP(3, 4, 2), tiny(), nets.Config{})
	require.NoError(t, err)
	for _, v := range []float64{math.NaN(), math.Inf(1), math.Inf(-1)} {
		for i := range run.Params.Len() {
			c := run.Classifier()
			c.Params = run.Params.Clone()
			c.Params.Set(i, v)
			_, err := c.Accuracy(t.Context(), tiny())
			require.ErrorIs(t, err, nets.ErrNotFinite)
			_, err = c.Logits(t.Context(), tiny().X, 7)
			require.ErrorIs(t, err, nets.ErrNotFinite)
			require.ErrorIs(t, run.Model.LogitsAs(nets.View{}, c.Params, tiny(), []int{0}, make([]float64, 2)), nets.ErrNotFinite)
		}
	}
	huge := run.Classifier()
	huge.Params = run.Model.NewVector()
	for i := range huge.Params.Len() {
		huge.Params.Set(i, 3e38)
	}
	_, err = huge.Accuracy(t.Context(), tiny())
	require.ErrorIs(t, err, nets.ErrNotFinite)

	for want, c := range map[string]nets.Classifier{
		"without a Model": {}, "no parameters": {Model: run.Model},
		"2 parameters of float32": {Model: run.Model, Params: graph.FromSlice(slices.Repeat([]float32{1}, 2))},
	} {
		_, err := c.Accuracy(t.Context(), tiny())
		require.ErrorContains(t, err, want)
	}
	_, err = run.Classifier().Accuracy(t.Context(), nil)
	require.ErrorContains(t, err, "no data set")
}
