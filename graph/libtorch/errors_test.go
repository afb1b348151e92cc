//go:build libtorch

package libtorch

import (
	"errors"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/miniunlearn/miniunlearn/graph"
	"github.com/miniunlearn/miniunlearn/graph/enginetest"
)

func TestNew(t *testing.T) {
	for _, device := range []string{"", "cpu"} {
		e, err := graph.Open("libtorch", device)
		require.NoError(t, err)
		require.Regexp(t, `^libtorch/2\.1\.0-cpu-[a-z0-9]+-threads\d+$`, e.Name())
	}
	for _, device := range []string{"gpu", "cuda:", "cuda:x", "cuda:-1", "cpu:0", "CUDA"} {
		_, err := New(device)
		require.ErrorContains(t, err, "write cpu, cuda or cuda:N", device)
	}
	_, err := New("cuda:200") // no machine has so many
	require.Error(t, err)
	if _, err := New("cuda"); err != nil {
		require.ErrorContains(t, err, "finds no CUDA device")
		require.ErrorContains(t, err, "setup -cuda")
	}
}

// twice is an op of a user's own: it has Eval, which libtorch cannot call.
type twice struct{ graph.LinOp }

func (twice) String() string { return "twice" }

func TestNoKernel(t *testing.T) {
	g := graph.New(graph.Float32)
	g.Label("head")
	x := g.Input("x", 3)
	y := graph.Apply(twice{graph.LinOp{C: []float64{2}}}, x)
	_, err := open(t).Compile([]*graph.Node{x}, []*graph.Node{graph.Add(y, x)})
	var op *graph.OpError
	require.ErrorAs(t, err, &op)
	require.ErrorContains(t, err, "head: twice: engine libtorch has no kernel for it")
}

// TestTwoDevices gives a program a vector of another device.
func TestTwoDevices(t *testing.T) {
	a, b := openResident(t), openResident(t)
	a.device, b.device = "cuda:0", "cuda:1"
	g := graph.New(graph.Float32)
	x := g.Input("x", 3)
	nodes := []*graph.Node{graph.Scale(2, x)}
	v := graph.NewTensor(graph.Float32, 3)
	v.Set(1, 1)
	out := outputs(nodes)
	run(t, a, []*graph.Node{x}, nodes, out, []*graph.Tensor{v})
	p, err := b.Compile([]*graph.Node{x}, nodes)
	require.NoError(t, err)
	err = p.Run(outputs(nodes), out)
	require.ErrorContains(t, err, "input 0 (x) is on cuda:0, the program on cuda:1; use one engine for both")
	again := outputs(nodes)
	require.NoError(t, p.Run(again, []*graph.Tensor{out[0].Clone()}))
	require.Equal(t, []float32{0, 4, 0}, again[0].Float32s())
}

func TestFullMemory(t *testing.T) {
	for name, e := range engines(t) {
		t.Run(name, func(t *testing.T) {
			g := graph.New(graph.Float32)
			x := g.Input("x", 1)
			huge := graph.Apply(graph.RowFillOp{Shape: []int{1, 1 << 46}}, x)
			nodes := []*graph.Node{graph.Dot(huge, huge)}
			p, err := e.Compile([]*graph.Node{x}, nodes)
			require.NoError(t, err)
			v := []*graph.Tensor{graph.NewTensor(graph.Float32, 1)}
			err = p.Run(outputs(nodes), v)
			require.ErrorIs(t, err, ErrMemory)
			require.ErrorContains(t, err, "rowfill")
			require.ErrorContains(t, err, "use smaller batches")
			require.NotContains(t, err.Error(), "frame #", "a C++ stack")
		})
	}
}

// TestKernelError: an error of libtorch's is one of Run's, names the node, and
// leaves a program that works.
func TestKernelError(t *testing.T) {
	for name, e := range map[string]*Engine{"cpu": open(t), "resident": openResident(t)} { // on CUDA a bad index ends the context
		t.Run(name, func(t *testing.T) {
			m := enginetest.NewModel(enginetest.Architectures()[1], graph.Float32, 4, 1)
			nodes := []*graph.Node{m.Loss, m.Grad}
			p, err := e.Compile(m.Inputs(), nodes)
			require.NoError(t, err)
			out, want := outputs(nodes), outputs(nodes)
			require.NoError(t, p.Run(want, m.Values()))
			y := m.YVal.Clone()
			m.YVal.Set(1, 3) // classes are 0, 1 and 2
			err = p.Run(out, m.Values())
			require.ErrorContains(t, err, "crossentropy")
			require.ErrorContains(t, err, "out of bounds")
			m.YVal.Copy(y)
			require.NoError(t, p.Run(out, m.Values()))
			require.Zero(t, enginetest.RelErr(out[1], want[1]))
		})
	}
}

func TestNonFinite(t *testing.T) {
	for name, e := range engines(t) {
		t.Run(name, func(t *testing.T) {
			g := graph.New(graph.Float32)
			x := g.Input("x", 2)
			big := graph.Mul(x, x)
			y := graph.Dot(big, big)
			p, err := e.Compile([]*graph.Node{x}, []*graph.Node{y})
			require.NoError(t, err)
			find := func(v ...float32) *graph.Node {
				n, err := p.(interface {
					NonFinite(out, in []*graph.Tensor) (*graph.Node, error)
				}).NonFinite(outputs([]*graph.Node{y}), []*graph.Tensor{graph.FromSlice(v)})
				require.NoError(t, err)
				return n
			}
			require.Nil(t, find(1, 2))
			require.Equal(t, big, find(1, 1e30))
			require.Equal(t, y, find(1, 1e15))
		})
	}
}

func TestThreadPanic(t *testing.T) {
	require.PanicsWithValue(t, "mine", func() { _ = onThread(func() error { panic("mine") }) })
	err := errors.New("mine")
	require.Equal(t, err, onThread(func() error { return err }))
}
