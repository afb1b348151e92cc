package graph_test

import (
	"errors"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/miniunlearn/miniunlearn/graph"
)

// fakeBuffer is a device that counts what it is asked for.
type fakeBuffer struct {
	numbers      []float32
	reads, frees int
	err          error
}

func (b *fakeBuffer) Device() string { return "fake:0" }
func (b *fakeBuffer) Free()          { b.frees++ }
func (b *fakeBuffer) Read(host *graph.Tensor) error {
	b.reads++
	copy(host.Float32s(), b.numbers)
	return b.err
}

func resident(t *testing.T, numbers ...float32) (*graph.Tensor, *fakeBuffer) {
	x, b := graph.NewTensor(graph.Float32, len(numbers)), &fakeBuffer{numbers: numbers}
	kept, err := x.Replace(b)
	require.NoError(t, err)
	require.True(t, kept)
	require.Equal(t, graph.Buffer(b), x.Buffer())
	return x, b
}

// TestBufferRead: every way to read the numbers gets the device's, once.
func TestBufferRead(t *testing.T) {
	for name, read := range map[string]func(x *graph.Tensor) float64{
		"At":       func(x *graph.Tensor) float64 { return x.At(1) },
		"Float32s": func(x *graph.Tensor) float64 { return float64(x.Float32s()[1]) },
		"Clone":    func(x *graph.Tensor) float64 { return x.Clone().At(1) },
		"Slice":    func(x *graph.Tensor) float64 { return x.Slice(1, 2).At(0) },
		"Finite": func(x *graph.Tensor) float64 {
			if x.Finite() {
				return 2
			}
			return 0
		},
		"Copy": func(x *graph.Tensor) float64 {
			y := graph.NewTensor(graph.Float32, 2)
			y.Copy(x)
			return y.At(1)
		},
		"Walker": func(x *graph.Tensor) float64 { return compute(t, &graph.Walker{}, x) },
		"Tape":   func(x *graph.Tensor) float64 { return compute(t, graph.Tape{}, x) },
	} {
		t.Run(name, func(t *testing.T) {
			x, b := resident(t, 1, 2)
			require.Equal(t, 2., read(x))
			require.Equal(t, 2., x.At(1))
			require.Equal(t, 1, b.reads)
		})
	}
}

// compute returns element 1 of x + 0·x.
func compute(t *testing.T, e graph.Engine, x *graph.Tensor) float64 {
	g := graph.New(graph.Float32)
	n := g.Input("x", 2)
	p, err := e.Compile([]*graph.Node{n}, []*graph.Node{graph.Scale(1.5, graph.Scale(2./3, n))})
	require.NoError(t, err)
	out := graph.NewTensor(graph.Float32, 2)
	require.NoError(t, p.Run([]*graph.Tensor{out}, []*graph.Tensor{x}))
	return out.At(1)
}

// TestBufferWrite: what the host writes stands, and the buffer is given back.
func TestBufferWrite(t *testing.T) {
	for name, c := range map[string]struct {
		write func(x *graph.Tensor)
		want  []float32
	}{
		"Set":      {func(x *graph.Tensor) { x.Set(1, 7) }, []float32{1, 7}},
		"Float32s": {func(x *graph.Tensor) { x.Float32s()[1] = 7 }, []float32{1, 7}},
		"Zero":     {func(x *graph.Tensor) { x.Zero() }, []float32{0, 0}},
		"Copy":     {func(x *graph.Tensor) { x.Copy(graph.FromSlice([]float64{5, 6})) }, []float32{5, 6}},
		"Slice":    {func(x *graph.Tensor) { x.Slice(1, 2).Set(0, 7) }, []float32{1, 7}},
		"Walker":   {func(x *graph.Tensor) { fill(t, x) }, []float32{3, 3}},
	} {
		t.Run(name, func(t *testing.T) {
			x, b := resident(t, 1, 2)
			c.write(x)
			require.Nil(t, x.Buffer())
			require.Equal(t, c.want, x.Float32s())
			require.Equal(t, 1, b.frees)
		})
	}
}

func fill(t *testing.T, x *graph.Tensor) {
	g := graph.New(graph.Float32)
	n := g.Input("n", 2)
	p, err := (&graph.Walker{}).Compile([]*graph.Node{n}, []*graph.Node{graph.Fill(n, 3)})
	require.NoError(t, err)
	require.NoError(t, p.Run([]*graph.Tensor{x}, []*graph.Tensor{graph.NewTensor(graph.Float32, 2)}))
}

// TestExposed: a tensor whose slice is known to others is never on a device
// alone, and never keeps a copy there.
func TestExposed(t *testing.T) {
	handed := graph.NewTensor(graph.Float32, 2)
	slice := handed.Float32s()
	cut := graph.NewTensor(graph.Float32, 2)
	cut.Slice(0, 1)
	for _, x := range []*graph.Tensor{handed, cut, cut.Slice(0, 2), graph.FromSlice([]float32{0, 0})} {
		b := &fakeBuffer{numbers: []float32{1, 2}}
		require.False(t, x.Keep(b))
		kept, err := x.Replace(b)
		require.NoError(t, err)
		require.False(t, kept)
		require.Nil(t, x.Buffer())
		require.Equal(t, []float32{1, 2}, x.Float32s())
	}
	require.Equal(t, []float32{1, 2}, slice)
}

// TestKeep: of several buffers with the same numbers the first stays.
func TestKeep(t *testing.T) {
	x := graph.NewTensor(graph.Float32, 2)
	var wg sync.WaitGroup
	kept := make([]bool, 8)
	for i := range kept {
		wg.Go(func() {
			kept[i] = x.Keep(&fakeBuffer{})
			x.At(0)
		})
	}
	wg.Wait()
	n := 0
	for _, k := range kept {
		if k {
			n++
		}
	}
	require.Equal(t, 1, n)
	require.Zero(t, x.Buffer().(*fakeBuffer).reads, "the host has the numbers")
	x.Set(0, 1)
	require.Nil(t, x.Buffer())
}

// TestLostDevice: a failed read names the device.
func TestLostDevice(t *testing.T) {
	x, b := resident(t, 1, 2)
	b.err = errors.New("unplugged")
	defer func() {
		var e *graph.DeviceError
		require.ErrorAs(t, recover().(error), &e)
		require.ErrorIs(t, e, b.err)
		require.ErrorContains(t, e, "fake:0")
	}()
	x.At(0)
}

// TestExposeTogether: goroutines may ask for the slice at the same time, also
// while others would keep a copy on a device. Afterwards there is none.
func TestExposeTogether(t *testing.T) {
	for range 500 {
		x, b := resident(t, 1, 2)
		var wg sync.WaitGroup
		for range 3 {
			wg.Go(func() {
				if x.Float32s()[1] != 2 {
					t.Error("another number")
				}
			})
			wg.Go(func() { x.Keep(&fakeBuffer{}) })
		}
		wg.Wait()
		require.Nil(t, x.Buffer())
		require.Equal(t, 1, b.frees)
	}
}
