package bench

import (
	"fmt"
	"math"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/miniunlearn/miniunlearn/data"
	"github.com/miniunlearn/miniunlearn/nets"
)

// byHeart are forty copies each of two examples, and six that stand alone: each is near
// the first of the two, has the label of the second, and a feature of its own by which
// alone that can be learned.
func byHeart() *data.Dataset {
	ds := &data.Dataset{Name: "by heart", Shape: []int{8}, Classes: 2}
	add := func(y int32, x ...float32) { ds.X, ds.Y = append(ds.X, x...), append(ds.Y, y) }
	for range 40 {
		add(0, 1, 0, 0, 0, 0, 0, 0, 0)
		add(1, 0, 1, 0, 0, 0, 0, 0, 0)
	}
	for k := range 6 {
		x := make([]float32, 8)
		x[0], x[2+k] = 0.7, 3
		add(1, x...)
	}
	return ds
}

// TestLeaveOut: what is learned by heart has a memorisation of exactly 1, what others
// teach as well of exactly 0; and the former are what is memorised most.
func TestLeaveOut(t *testing.T) {
	ds := byHeart()
	cfg := nets.Config{Epochs: 200, Batch: 10, LR: nets.ConstantRate(0.3), WeightDecay: 0.02, Seed: 2}
	var told int
	e, err := LeaveOut{Models: 30, Progress: func(string) { told++ }}.Estimate(t.Context(), nets.Logistic(8, 2), ds, cfg)
	require.NoError(t, err)
	require.Equal(t, 30, told)
	for i, v := range e.Memorisation() {
		want := 0.0
		if i >= 80 {
			want = 1
		}
		require.Equal(t, want, v, "example %d", i)
		require.Equal(t, 30, e.In[i]+e.Out[i])
		require.InDelta(t, 21, e.In[i], 1, "30 parts of 60 of 86 have each example 20.9 times")
	}
	most, err := e.Most(ds, 6./86)
	require.NoError(t, err)
	require.Equal(t, []int{80, 81, 82, 83, 84, 85}, most.Positions())
	again, err := LeaveOut{Models: 30}.Estimate(t.Context(), nets.Logistic(8, 2), ds, cfg)
	require.NoError(t, err)
	require.Equal(t, e, again)
}

// TestLeaveOutErrors: what cannot be estimated.
func TestLeaveOutErrors(t *testing.T) {
	ds, cfg := byHeart(), nets.Config{Epochs: 1, Batch: 10, LR: nets.ConstantRate(0.3)}
	for want, l := range map[string]LeaveOut{
		"two are the least": {Models: 1}, "some must be in": {Share: 1}, "a share of 0.001": {Share: 0.001},
	} {
		_, err := l.Estimate(t.Context(), nets.Logistic(8, 2), ds, cfg)
		require.ErrorContains(t, err, want)
	}
	own := cfg
	own.Only = []int{1}
	_, err := LeaveOut{}.Estimate(t.Context(), nets.Logistic(8, 2), ds, own)
	require.ErrorContains(t, err, "leave them out")
	_, err = LeaveOut{}.Estimate(t.Context(), nets.Logistic(9, 2), ds, cfg)
	require.ErrorContains(t, err, "model 1: ")
	e := &LeftOut{In: make([]int, ds.Len()), Out: make([]int, ds.Len()), RightIn: make([]int, ds.Len()), RightOut: make([]int, ds.Len())}
	require.True(t, math.IsNaN(e.Memorisation()[0]))
	_, err = e.Most(ds, 0.1)
	require.ErrorContains(t, err, "train more models")
	_, err = e.Most(ds, 1)
	require.ErrorContains(t, err, "a share of 1")
}

// TestLeaveOutBalance: as few models as can estimate every example do, whichever side
// of one half the share is on; one fewer is refused before anything is trained.
func TestLeaveOutBalance(t *testing.T) {
	ds, cfg := byHeart(), nets.Config{Epochs: 1, Batch: 10, LR: nets.ConstantRate(0.3)}
	for _, c := range []struct {
		share  float64
		models int // 86 examples, 43, 60, 77, 26 and 9 of them in a part
	}{{0.5, 2}, {0.7, 4}, {0.9, 10}, {0.3, 4}, {0.1, 10}} {
		e, err := LeaveOut{Models: c.models, Share: c.share}.Estimate(t.Context(), nets.Logistic(8, 2), ds, cfg)
		require.NoError(t, err)
		require.LessOrEqual(t, slices.Max(e.Out)-slices.Min(e.Out), 1)
		require.Positive(t, slices.Min(e.Out))
		require.Positive(t, slices.Min(e.In))
		_, err = e.Most(ds, 0.1)
		require.NoError(t, err)
		if c.models == 2 {
			continue
		}
		_, err = LeaveOut{Models: c.models - 1, Share: c.share, Progress: func(string) { t.Error("a model was trained") }}.Estimate(t.Context(), nets.Logistic(8, 2), ds, cfg)
		require.ErrorContains(t, err, fmt.Sprintf("%d models would do", c.models))
	}
}
