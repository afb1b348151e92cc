//go:build libtorch

package libtorch

import (
	"fmt"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/miniunlearn/miniunlearn/graph"
	"github.com/miniunlearn/miniunlearn/graph/enginetest"
)

// opCase is a node of inputs of given shapes; class inputs hold 0, 1 and 2.
type opCase struct {
	shapes [][]int
	class  int // number of the input of classes, −1 for none
	build  func(in []*graph.Node) *graph.Node
}

func apply(op graph.Op) func(in []*graph.Node) *graph.Node {
	return func(in []*graph.Node) *graph.Node { return graph.Apply(op, in...) }
}

var opCases = map[string]opCase{}

func add(name string, build func(in []*graph.Node) *graph.Node, shapes ...[]int) {
	opCases[name] = opCase{shapes, -1, build}
}

// s is a shape.
func s(d ...int) []int { return d }

func init() {
	pool := graph.Pool{Window: 3, Stride: 2}
	add("view", apply(graph.ViewOp{Off: 2, Shape: s(2, 3)}), s(9))
	add("view of view", func(in []*graph.Node) *graph.Node {
		return graph.View(graph.Reshape(graph.View(in[0], 1, 2, 4), 8), 3, 2, 2)
	}, s(11))
	add("pack", apply(graph.PackOp{Offs: s(4, 0), Len: 7}), s(3), s(2, 2))
	add("pack with gaps", apply(graph.PackOp{Offs: s(6, 1), Len: 12}), s(3), s(2, 2))
	add("lin1", apply(graph.LinOp{C: []float64{-2}}), s(5))
	add("lin1 of one", apply(graph.LinOp{C: []float64{1}}), s(5))
	add("lin2", apply(graph.LinOp{C: []float64{0.5, 1}}), s(5), s(5))
	add("lin3", apply(graph.LinOp{C: []float64{0.5, 2, -1}}), s(2, 3), s(2, 3), s(2, 3))
	add("lin of twice", func(in []*graph.Node) *graph.Node {
		x := graph.Scale(3, in[0])
		return graph.Lin([]float64{1, 2, 4}, x, x, in[1])
	}, s(5), s(5))
	add("addscaled", apply(graph.AddScaledOp{}), s(2, 3), s(), s(2, 3))
	add("scaleby", apply(graph.ScaleByOp{}), s(), s(2, 3))
	add("fill", apply(graph.FillOp{Value: 3}), s(2, 3))
	add("mul", apply(graph.MulOp{}), s(2, 3), s(2, 3))
	add("square in place", func(in []*graph.Node) *graph.Node {
		x := graph.Scale(3, in[0])
		return graph.Mul(x, x)
	}, s(5))
	add("dot", apply(graph.DotOp{}), s(2, 3), s(2, 3))
	add("rowdot", apply(graph.RowDotOp{}), s(3, 2, 2), s(3, 2, 2))
	add("rowscale", apply(graph.RowScaleOp{}), s(3), s(3, 2, 2))
	add("rowsum", apply(graph.RowSumOp{}), s(3, 2, 2))
	add("rowsum of vector", apply(graph.RowSumOp{}), s(3))
	add("rowfill", apply(graph.RowFillOp{Shape: s(3, 2, 2)}), s(3))
	add("rowfill that aliases", func(in []*graph.Node) *graph.Node {
		x := graph.Scale(2, in[0])
		y := graph.Activate(graph.Tanh, graph.Apply(graph.RowFillOp{Shape: s(3, 1)}, x))
		return graph.Add(graph.Reshape(y, 3), x)
	}, s(3))
	for _, tt := range []struct {
		a, b bool
		as   []int
		bs   []int
	}{{false, false, s(3, 4), s(4, 2)}, {true, false, s(4, 3), s(4, 2)}, {false, true, s(3, 4), s(2, 4)}, {true, true, s(4, 3), s(2, 4)}} {
		add(fmt.Sprint("matmul ", tt.a, tt.b), apply(graph.MatMulOp{TransA: tt.a, TransB: tt.b}), tt.as, tt.bs)
	}
	for _, act := range []graph.Act{graph.Identity, graph.ReLU, graph.Tanh} {
		add(fmt.Sprint("bias ", act), apply(graph.BiasOp{Act: act}), s(3, 4), s(4))
		add(fmt.Sprint("bias of images ", act), apply(graph.BiasOp{Act: act}), s(2, 4, 3, 2), s(4))
		add(fmt.Sprint("act ", act), apply(graph.ActOp{Act: act}), s(3, 4))
		add(fmt.Sprint("channelaffine ", act), apply(graph.ChannelAffineOp{Act: act}), s(2, 4, 3), s(4), s(4))
	}
	for _, act := range []graph.Act{graph.ReLU, graph.Tanh} {
		add(fmt.Sprint("actgrad ", act), apply(graph.ActGradOp{Act: act}), s(3, 4), s(3, 4))
	}
	for order := range 6 {
		add(fmt.Sprint("gelu ", order), apply(graph.GELUOp{Order: order}), s(40))
	}
	add("channelsum", apply(graph.ChannelSumOp{}), s(2, 4, 3, 2))
	add("channelfill", apply(graph.ChannelFillOp{Shape: s(2, 4, 3)}), s(4))
	add("channelscale", apply(graph.ChannelScaleOp{}), s(2, 4, 3), s(4))
	add("channeldot", apply(graph.ChannelDotOp{}), s(2, 4, 3), s(2, 4, 3))
	add("softmax", apply(graph.SoftmaxOp{}), s(4, 3))
	add("logsoftmax", apply(graph.LogSoftmaxOp{}), s(4, 3))
	opCases["onehot"] = opCase{[][]int{s(4)}, 0, apply(graph.OneHotOp{K: 3})}
	opCases["crossentropy"] = opCase{[][]int{s(4, 3), s(4)}, 1, apply(graph.CrossEntropyOp{})}
	opCases["crossentropygrad"] = opCase{[][]int{s(4, 3), s(4), s(4)}, 1, apply(graph.CrossEntropyGradOp{})}
	opCases["rows"] = opCase{[][]int{s(3, 2, 2), s(5)}, 1, apply(graph.RowsOp{})}
	opCases["rows of vector"] = opCase{[][]int{s(3), s(5)}, 1, apply(graph.RowsOp{})}
	opCases["addrows"] = opCase{[][]int{s(5, 2, 2), s(5)}, 1, apply(graph.AddRowsOp{N: 4})}
	opCases["addrows of vector"] = opCase{[][]int{s(5), s(5)}, 1, apply(graph.AddRowsOp{N: 3})}
	for _, c := range []struct{ stride, pad int }{{1, 0}, {1, 2}, {2, 1}, {3, 1}} {
		add(fmt.Sprint("conv2d ", c), apply(graph.Conv2DOp{Stride: c.stride, Pad: c.pad}), s(2, 3, 8, 7), s(4, 3, 3, 2))
		oh, ow := (8+2*c.pad-3)/c.stride+1, (7+2*c.pad-2)/c.stride+1
		add(fmt.Sprint("convinputgrad ", c), apply(graph.ConvInputGradOp{Stride: c.stride, Pad: c.pad, H: 8, W: 7}), s(4, 3, 3, 2), s(2, 4, oh, ow))
		add(fmt.Sprint("convkernelgrad ", c), apply(graph.ConvKernelGradOp{Stride: c.stride, Pad: c.pad, KH: 3, KW: 2}), s(2, 3, 8, 7), s(2, 4, oh, ow))
		add(fmt.Sprint("convkernelgradeach ", c), apply(graph.ConvKernelGradEachOp{Stride: c.stride, Pad: c.pad, KH: 3, KW: 2}), s(2, 3, 8, 7), s(2, 4, oh, ow))
	}
	for _, p := range []graph.Pool{pool, {Window: 2, Stride: 2}, {Window: 3, Stride: 1}, {Window: 2, Stride: 3}} {
		oh, ow := (7-p.Window)/p.Stride+1, (8-p.Window)/p.Stride+1
		add(fmt.Sprint("maxpool ", p), apply(graph.MaxPoolOp{Pool: p}), s(2, 3, 7, 8))
		add(fmt.Sprint("maxpoolgather ", p), apply(graph.MaxPoolGatherOp{Pool: p}), s(2, 3, 7, 8), s(2, 3, 7, 8))
		add(fmt.Sprint("maxpoolscatter ", p), apply(graph.MaxPoolScatterOp{Pool: p}), s(2, 3, 7, 8), s(2, 3, oh, ow))
		add(fmt.Sprint("avgpool ", p), apply(graph.AvgPoolOp{Pool: p}), s(2, 3, 7, 8))
		add(fmt.Sprint("avgpoolgrad ", p), apply(graph.AvgPoolGradOp{Pool: p, H: 7, W: 8}), s(2, 3, oh, ow))
	}
	add("normalize", apply(graph.NormalizeOp{Eps: 1e-5}), s(4, 7))
	add("invstd", apply(graph.InvStdOp{Eps: 1e-5}), s(4, 7))
	add("normalizegrad", apply(graph.NormalizeGradOp{}), s(4, 7), s(4), s(4, 7))
}

// TestOps compares every op and its first and second derivatives with the
// Walker's. All are outputs of one program, alone and in place of each other.
func TestOps(t *testing.T) {
	for engine, e := range engines(t) {
		for name, c := range opCases {
			for _, dt := range []graph.DType{graph.Float32, graph.Float64} {
				t.Run(fmt.Sprintf("%s/%s/%s", engine, name, dt), func(t *testing.T) { testOp(t, e, c, dt) })
			}
		}
	}
}

func testOp(t *testing.T, e *Engine, c opCase, dt graph.DType) {
	g := graph.New(dt)
	r := rand.New(rand.NewPCG(7, 9))
	var in []*graph.Node
	var values []*graph.Tensor
	for i, shape := range c.shapes {
		n := g.Input(fmt.Sprint("in", i), shape...)
		v := graph.NewTensor(dt, shape...)
		for j := range v.Len() {
			v.Set(j, r.NormFloat64())
			if i == c.class {
				v.Set(j, float64(r.IntN(3)))
			}
		}
		in, values = append(in, n), append(values, v)
	}
	y := c.build(in)
	nodes := []*graph.Node{y}
	probe := func(n *graph.Node) *graph.Node { // a function whose derivative is not constant
		return graph.Dot(n, graph.Activate(graph.Tanh, n))
	}
	for i, n := range in {
		if i == c.class {
			continue
		}
		first := graph.Grad(probe(y), n)
		nodes = append(nodes, first, graph.Grad(probe(first), n))
	}
	tol := 1e-12
	if dt == graph.Float32 {
		tol = 3e-5
	}
	want, got := outputs(nodes), outputs(nodes)
	run(t, &graph.Walker{}, in, nodes, want, values)
	run(t, e, in, nodes, got, values)
	for i := range nodes {
		require.LessOrEqual(t, enginetest.RelErr(got[i], want[i]), tol, "output %d: %s", i, nodes[i])
	}
	for i, n := range nodes { // alone, so that other values die and are overwritten
		alone := outputs(nodes[i : i+1])
		run(t, e, in, nodes[i:i+1], alone, values)
		require.LessOrEqual(t, enginetest.RelErr(alone[0], want[i]), tol, "alone: %s", n)
	}
}

// TestOpsComplete: no op of package graph is without a case here.
func TestOpsComplete(t *testing.T) {
	seen := map[string]bool{}
	for _, c := range opCases {
		g := graph.New(graph.Float32)
		var in []*graph.Node
		for i, shape := range c.shapes {
			in = append(in, g.Input(fmt.Sprint("in", i), shape...))
		}
		seen[fmt.Sprintf("%T", c.build(in).Op())] = true
	}
	for _, op := range graphOps(t) {
		require.True(t, seen["graph."+op] || op == "ReshapeOp", "%s has no case", op)
	}
}

// TestGELUFar: far from zero the derivatives are 0 or 1 and not NaN.
func TestGELUFar(t *testing.T) {
	for _, dt := range []graph.DType{graph.Float32, graph.Float64} {
		g := graph.New(dt)
		x := g.Input("x", 6)
		var nodes []*graph.Node
		for order := range 6 {
			nodes = append(nodes, graph.Apply(graph.GELUOp{Order: order}, x))
		}
		v := graph.NewTensor(dt, 6)
		for i, f := range []float64{-1e30, -50, -30, 30, 50, 1e30} {
			v.Set(i, f)
		}
		got := outputs(nodes)
		run(t, open(t), []*graph.Node{x}, nodes, got, []*graph.Tensor{v})
		for order, out := range got {
			for i := range 6 {
				want := 0.
				if i > 2 {
					want = map[int]float64{0: v.At(i), 1: 1}[order]
				}
				require.InDelta(t, want, out.At(i), 1e-30, "order %d at %g", order, v.At(i))
			}
		}
	}
}
