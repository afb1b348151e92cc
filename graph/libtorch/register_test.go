//go:build libtorch

package libtorch

import (
	"errors"
	"testing"

	"github.com/stretchr/testify/require"
	"github.com/sugarme/gotch/ts"

	"github.com/miniunlearn/miniunlearn/graph"
)

// cube is an op of a user's own: x³, with 3x² g for a derivative.
type cube struct{ mode string }

func (c cube) String() string                            { return "cube" + c.mode }
func (cube) Infer(in []graph.Shape) (graph.Shape, error) { return in[0], nil }
func (cube) Diff(in []*graph.Node, _, g *graph.Node) []*graph.Node {
	return []*graph.Node{graph.Scale(3, graph.Mul(graph.Mul(in[0], in[0]), g))}
}
func (cube) Eval(_ *graph.Exec, out *graph.Tensor, in []*graph.Tensor) {
	for i := range out.Len() {
		x := in[0].At(i)
		out.Set(i, x*x*x)
	}
}

func init() {
	RegisterKernel(func(op cube, in []graph.Shape, _ graph.Shape) (Kernel, error) {
		if len(in[0]) > 2 {
			return nil, errors.New("cube: at most two dimensions")
		}
		return func(in []*ts.Tensor) (*ts.Tensor, error) {
			x := in[0]
			switch op.mode {
			case "flat":
				return x.Flatten(0, -1, false)
			case "same":
				return x, nil
			case "nil":
				return nil, nil
			case "error":
				return x.Mm(x, false)
			}
			square, err := x.Mul(x, false)
			if err != nil {
				return nil, err
			}
			return square.Mul(x, true)
		}, nil
	})
}

// TestRegisterKernel: an op of another package runs as on the engine that needs no
// kernel, beside others and in gradients.
func TestRegisterKernel(t *testing.T) {
	for _, dt := range []graph.DType{graph.Float32, graph.Float64} {
		build := func(e graph.Engine) []float64 {
			g := graph.New(dt)
			x := g.Input("x", 2, 3)
			y := graph.Dot(graph.Apply(cube{}, graph.Scale(2, x)), x)
			p, err := e.Compile([]*graph.Node{x}, []*graph.Node{y, graph.Grad(y, x)})
			require.NoError(t, err)
			in := graph.NewTensor(dt, 2, 3)
			for i := range in.Len() {
				in.Set(i, float64(i)/3-1)
			}
			out := []*graph.Tensor{graph.NewTensor(dt), graph.NewTensor(dt, 2, 3)}
			for range 3 {
				require.NoError(t, p.Run(out, []*graph.Tensor{in}))
			}
			r := []float64{out[0].At(0)}
			for i := range 6 {
				r = append(r, out[1].At(i))
			}
			return r
		}
		require.InDeltaSlice(t, build(graph.NewWalker(1)), build(open(t)), 1e-5)
	}
}

// TestBadKernels: what a registered kernel does wrong is an error that names the op,
// and an input that is returned as it is does no harm.
func TestBadKernels(t *testing.T) {
	compile := func(mode string, shape ...int) (graph.Program, error) {
		g := graph.New(graph.Float32)
		x := g.Input("x", shape...)
		return open(t).Compile([]*graph.Node{x}, []*graph.Node{graph.Apply(cube{mode}, x), graph.Scale(2, x)})
	}
	_, err := compile("", 2, 3, 4)
	require.ErrorContains(t, err, "cube: at most two dimensions")
	for mode, want := range map[string]string{"flat": "returned shape [6], and the op infers [2 3]", "nil": "returned nil", "error": "mat"} {
		p, err := compile(mode, 2, 3)
		require.NoError(t, err)
		err = p.Run([]*graph.Tensor{graph.NewTensor(graph.Float32, 2, 3), graph.NewTensor(graph.Float32, 2, 3)}, []*graph.Tensor{graph.NewTensor(graph.Float32, 2, 3)})
		require.ErrorContains(t, err, want)
		require.ErrorContains(t, err, "cube"+mode)
	}
	p, err := compile("same", 2)
	require.NoError(t, err)
	same, twice := graph.NewTensor(graph.Float32, 2), graph.NewTensor(graph.Float32, 2)
	require.NoError(t, p.Run([]*graph.Tensor{same, twice}, []*graph.Tensor{graph.FromSlice([]float32{1, 2})}))
	require.Equal(t, []float32{1, 2}, same.Float32s())
	require.Equal(t, []float32{2, 4}, twice.Float32s())

	require.PanicsWithValue(t, "libtorch: RegisterKernel: libtorch.cube is registered twice", func() {
		RegisterKernel(func(cube, []graph.Shape, graph.Shape) (Kernel, error) { return nil, nil })
	})
	require.PanicsWithValue(t, "libtorch: RegisterKernel: graph.MulOp has a kernel here", func() {
		RegisterKernel(func(graph.MulOp, []graph.Shape, graph.Shape) (Kernel, error) { return nil, nil })
	})
}
