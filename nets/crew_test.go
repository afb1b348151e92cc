package nets_test

import (
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/miniunlearn/miniunlearn/data"
	"github.com/miniunlearn/miniunlearn/graph"
	"github.com/miniunlearn/miniunlearn/nets"
)

// TestCrew: the models of a crew compute side by side what their source does,
// and count with it.
func TestCrew(t *testing.T) {
	ds := data.Digits().Train
	for _, tc := range []struct {
		engine graph.Engine
		want   int
	}{{graph.NewWalker(3), 3}, {graph.NewWalker(1), 1}, {&graph.Walker{}, 1}, {graph.Tape{}, 1}} {
		m, err := nets.NewModel(nets.MLP(64, 20, 10), tc.engine, graph.Float32)
		require.NoError(t, err)
		w, ids := m.Init(1), data.Order{N: ds.Len(), Batch: 1100}.Step(0)
		want := m.NewVector()
		_, err = m.Gradient(w, ds, ids, want)
		require.NoError(t, err)
		crew := m.Crew()
		require.Len(t, crew, tc.want)
		var wg sync.WaitGroup
		got, errs := make([]*graph.Tensor, len(crew)), make([]error, len(crew))
		for i, c := range crew {
			wg.Go(func() {
				got[i] = c.NewVector()
				_, errs[i] = c.Gradient(w, ds, ids, got[i])
			})
		}
		wg.Wait()
		for i := range crew {
			require.NoError(t, errs[i])
			require.Equal(t, want.Float32s(), got[i].Float32s())
		}
		require.Equal(t, float64(1100*(tc.want+1)), m.GradEvals())
	}
}
