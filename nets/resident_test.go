package nets_test

import (
	"fmt"
	"runtime"
	"testing"
	"time"
	"weak"

	"github.com/stretchr/testify/require"

	"github.com/miniunlearn/miniunlearn/data"
	"github.com/miniunlearn/miniunlearn/graph"
	"github.com/miniunlearn/miniunlearn/nets"
)

// device is a Walker that says that its memory is not the host's. If full, the
// programs that gather a batch find no room.
type device struct {
	*graph.Walker
	full    bool
	gathers *int // compiled
}

func (device) Resident() bool          { return true }
func (d device) Sharing() graph.Engine { return d }

func (d device) Compile(in, out []*graph.Node) (graph.Program, error) {
	if _, ok := out[0].Op().(graph.RowsOp); ok {
		*d.gathers++
		if d.full {
			return fullProgram{}, nil
		}
	}
	return d.Walker.Compile(in, out)
}

type fullProgram struct{}

func (fullProgram) Run(_, _ []*graph.Tensor) error {
	return fmt.Errorf("there: %w; use smaller batches", graph.ErrMemory)
}

// TestKeptData: an engine with memory of its own computes what one that is sent
// every batch computes, to the bit. Batches of each size have a program that
// gathers them; with augmentation there is none.
func TestKeptData(t *testing.T) {
	ds := noise(40, 1, 8, 8)
	drop, err := data.ForgetPositions(40, []int{3, 8, 9, 30})
	require.NoError(t, err)
	for _, dt := range []graph.DType{graph.Float32, graph.Float64} {
		for _, c := range []struct {
			cfg         nets.Config
			wantGathers bool
		}{
			{nets.Config{}, true},
			{nets.Config{Drop: drop}, true},
			{nets.Config{Only: []int{7, 7, 39, 0, 1, 2, 3, 4, 5, 6, 8}}, true},
			{nets.Config{Augment: nets.Augment{Crop: 2, Flip: true}}, false},
		} {
			var runs [2]*nets.Run
			gathers := 0
			for i, e := range []graph.Engine{&graph.Walker{}, device{Walker: &graph.Walker{}, gathers: &gathers}} {
				cfg := c.cfg
				cfg.Engine, cfg.DType, cfg.Batch, cfg.Steps, cfg.Momentum = e, dt, 8, 12, 0.9
				runs[i], err = nets.Train(t.Context(), nets.MLP(64, 6, 10), ds, cfg)
				require.NoError(t, err)
			}
			require.Equal(t, c.wantGathers, gathers > 0)
			require.Zero(t, distance(runs[0].Params, runs[1].Params))
			require.Equal(t, runs[0].Losses, runs[1].Losses)
		}
	}
}

func distance(a, b *graph.Tensor) (d float64) {
	for i := range a.Len() {
		d += (a.At(i) - b.At(i)) * (a.At(i) - b.At(i))
	}
	return d
}

// TestKeptDataChanges: a model that goes from one data set to another, of
// another length, and back reads the right one.
func TestKeptDataChanges(t *testing.T) {
	gathers := 0
	a, err := nets.NewModel(nets.MLP(64, 6, 10), device{Walker: &graph.Walker{}, gathers: &gathers}, graph.Float32)
	require.NoError(t, err)
	b, err := nets.NewModel(nets.MLP(64, 6, 10), nil, graph.Float32)
	require.NoError(t, err)
	w, got, want := b.Init(1), a.NewVector(), b.NewVector()
	one, two := noise(20, 64), noise(30, 64)
	three := two.Subset([]int{29, 5, 3, 2, 7, 8, 1, 0, 15, 16, 17, 18, 19, 9, 11, 20, 24, 23, 22, 21}) // as long as one
	for _, ds := range []*data.Dataset{one, two, three, one} {
		for _, ids := range [][]int{{0, 19, 4}, {7}, {2, 2, 1}} {
			_, err := a.Gradient(w, ds, ids, got)
			require.NoError(t, err)
			_, err = b.Gradient(w, ds, ids, want)
			require.NoError(t, err)
			require.Equal(t, want.Float32s(), got.Float32s())
		}
	}
	_, err = a.Gradient(w, one, []int{0, 20}, got)
	require.ErrorContains(t, err, "outside the table of 20 rows")
}

// TestFullDevice: the error says what the data take.
func TestFullDevice(t *testing.T) {
	gathers := 0
	m, err := nets.NewModel(nets.MLP(64, 6, 10), device{&graph.Walker{}, true, &gathers}, graph.Float32)
	require.NoError(t, err)
	_, err = m.Gradient(m.Init(1), noise(5000, 64), []int{1}, m.NewVector())
	require.ErrorIs(t, err, graph.ErrMemory)
	require.ErrorContains(t, err, `use smaller batches; the 5000 examples of "noise" take 1.3 MB of it`)
}

// TestKeptDataCollected: what keeps a data set on a device does not outlast the
// models that use it.
func TestKeptDataCollected(t *testing.T) {
	var kept weak.Pointer[data.Dataset]
	gathers := 0
	func() {
		m, err := nets.NewModel(nets.MLP(64, 6, 10), device{Walker: &graph.Walker{}, gathers: &gathers}, graph.Float32)
		require.NoError(t, err)
		ds := noise(20, 64)
		kept = weak.Make(ds)
		_, err = m.Gradient(m.Init(1), ds, []int{1, 2}, m.NewVector())
		require.NoError(t, err)
	}()
	require.Equal(t, 1, gathers)
	require.Eventually(t, func() bool {
		runtime.GC()
		return kept.Value() == nil
	}, 10*time.Second, 10*time.Millisecond)
}
