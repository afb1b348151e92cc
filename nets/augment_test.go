package nets

import (
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/miniunlearn/miniunlearn/data"
	"github.com/miniunlearn/miniunlearn/graph"
)

// TestShow compares a mirrored window with the definition, pixel by pixel.
func TestShow(t *testing.T) {
	shape := []int{2, 3, 5}
	src, dst := make([]float32, 30), make([]float32, 30)
	for i := range src {
		src[i] = float32(i + 1)
	}
	seen := map[[3]int]bool{}
	for id := range 300 {
		v := View{Augment{Crop: 2, Flip: true}, 7, 1}
		flip, dy, dx := v.draw(id)
		seen[[3]int{map[bool]int{true: 1}[flip], dy, dx}] = true
		for i := range dst {
			dst[i] = -1
		}
		v.show(dst, src, shape, id)
		for c := range 2 {
			for y := range 3 {
				for x := range 5 {
					sy, sx := y+dy, x+dx
					if flip {
						sx = 4 - x + dx
					}
					want := float32(0)
					if sy >= 0 && sy < 3 && sx >= 0 && sx < 5 {
						want = src[(c*3+sy)*5+sx]
					}
					require.Equal(t, want, dst[(c*3+y)*5+x], "example %d: %v %d %d", id, flip, dy, dx)
				}
			}
		}
	}
	require.Len(t, seen, 2*5*5, "some placement never came")
	View{}.show(dst, src, shape, 3)
	require.Equal(t, src, dst)
}

// TestDraw: placements are uniform, and neighbouring seeds, epochs and examples
// have nothing to do with each other.
func TestDraw(t *testing.T) {
	const n = 20000
	at := func(seed uint64, epoch, id int) (int, int, int) {
		flip, dy, dx := View{Augment{Crop: 4, Flip: true}, seed, epoch}.draw(id)
		return map[bool]int{true: 1}[flip], dy, dx
	}
	for _, other := range []func(i int) (int, int, int){
		func(i int) (int, int, int) { return at(1, 0, i+1) },
		func(i int) (int, int, int) { return at(1, 1, i) },
		func(i int) (int, int, int) { return at(2, 0, i) },
	} {
		flips, agree := 0, [3]int{}
		var rows, columns [9]int
		for i := range n {
			f, y, x := at(1, 0, i)
			g, v, u := other(i)
			flips += f
			rows[y+4]++
			columns[x+4]++
			for k, same := range []bool{f == g, y == v, x == u} {
				if same {
					agree[k]++
				}
			}
		}
		// Five standard deviations of a binomial count.
		require.InDelta(t, n/2, flips, 354)
		require.InDelta(t, n/2, agree[0], 354)
		for k := range 9 {
			require.InDelta(t, n/9., rows[k], 222)
			require.InDelta(t, n/9., columns[k], 222)
		}
		require.InDelta(t, n/9., agree[1], 222)
		require.InDelta(t, n/9., agree[2], 222)
	}
}

// TestAugmentedGradient: the gradient of a view is the plain gradient over the
// images that the view shows, whatever the place in the batch, and a run uses
// the view of each step's epoch.
func TestAugmentedGradient(t *testing.T) {
	digits := data.Digits().Train.Subset([]int{5, 9, 2, 7, 7, 1})
	digits.Shape = []int{1, 8, 8}
	arch, err := Parse("cnn:c4n2-m2-d8", digits)
	require.NoError(t, err)
	run, err := Train(t.Context(), arch, digits, Config{
		Epochs: 3, Batch: 4, Seed: 5, Augment: Augment{Crop: 2, Flip: true}, LR: ConstantRate(0.1), Momentum: 0.5, DType: graph.Float64,
	})
	require.NoError(t, err)
	m, f := run.Model, digits.Features()
	s, err := m.NewStepper(0.5, 0, run.Initial, nil)
	require.NoError(t, err)
	plain, seen := m.NewVector(), m.NewVector()
	for step, batch := range run.Order.Steps(0, run.Steps) {
		view := run.View(step)
		require.Equal(t, step/2, view.Epoch)
		shown := digits.Subset(batch)
		for k, i := range batch {
			view.show(shown.X[k*f:][:f], digits.Row(i), digits.Shape, digits.ID(i))
		}
		all := []int{0, 1, 2, 3}[:len(batch)]
		want, err := m.Gradient(s.W, shown, all, plain)
		require.NoError(t, err)
		got, err := m.GradientAs(view, s.W, digits, batch, seen)
		require.NoError(t, err)
		require.Equal(t, want, got)
		require.Equal(t, plain.Float64s(), seen.Float64s())

		// In another order, from a subset that knows where its rows are from.
		back := slices.Clone(all)
		slices.Reverse(back)
		_, err = m.GradientAs(view, s.W, digits.Subset(batch), back, seen)
		require.NoError(t, err)
		require.InDeltaSlice(t, plain.Float64s(), seen.Float64s(), 1e-14)

		require.NoError(t, m.HVP(s.W, s.W, shown, all, plain))
		require.NoError(t, m.HVPAs(view, s.W, s.W, digits, batch, seen))
		require.Equal(t, plain.Float64s(), seen.Float64s())
		_, err = m.GradientAs(view, s.W, digits, batch, seen)
		require.NoError(t, err)
		require.NoError(t, s.Step(seen, 0.1))
	}
	require.Equal(t, s.W.Float64s(), run.Params.Float64s())
}

func TestBadAugment(t *testing.T) {
	for _, c := range []struct {
		shape   []int
		a       Augment
		wantErr string
	}{
		{[]int{64}, Augment{Flip: true}, "augment flip needs images of [C, H, W], not examples of [64]"},
		{[]int{1, 8, 8}, Augment{Crop: 8}, "crop 8 is outside [0, 8)"},
		{[]int{1, 8, 8}, Augment{Crop: -1}, "crop -1 is outside"},
	} {
		ds := *data.Digits().Train
		ds.Shape = c.shape
		_, err := Train(t.Context(), MLP(64, 10), &ds, Config{Augment: c.a})
		require.ErrorContains(t, err, c.wantErr)
	}
	require.Equal(t, "crop:4,flip", Augment{Crop: 4, Flip: true}.String())
	require.Equal(t, "none", Augment{}.String())
}
