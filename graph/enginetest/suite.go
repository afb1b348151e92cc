package enginetest

import (
	"fmt"
	"math"
	"runtime"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/miniunlearn/miniunlearn/graph"
)

// Options say what an engine promises beyond correctness.
type Options struct {
	// Frugal engines allocate nothing of a tensor's size per run.
	Frugal bool
	// Runs is the length of the memory test, 10 000 by default.
	Runs int
	// NoFloat64 skips the float64 tests.
	NoFloat64 bool
}

// Run runs the suite on the engines that open returns; each test opens its own.
func Run(t *testing.T, open func(t *testing.T) graph.Engine, opt Options) {
	if opt.Runs == 0 {
		opt.Runs = 10000
	}
	for _, b := range Architectures() {
		t.Run(b.Name, func(t *testing.T) {
			for _, n := range []int{1, 2, 3, 5, 17} {
				t.Run(fmt.Sprintf("batch%d", n), func(t *testing.T) { testDerivatives(t, open(t), b, n) })
			}
			t.Run("float32", func(t *testing.T) { testFloat32(t, open(t), b) })
		})
	}
	t.Run("weights", func(t *testing.T) { testWeights(t, open(t)) })
	t.Run("fresh results", func(t *testing.T) { testFresh(t, open(t)) })
	t.Run("several outputs", func(t *testing.T) { testOutputs(t, open(t)) })
	t.Run("update in the graph", func(t *testing.T) { testUpdate(t, open(t)) })
	t.Run("large logits", func(t *testing.T) { testLargeLogits(t, open(t)) })
	t.Run("rows", func(t *testing.T) { testRows(t, open(t)) })
	t.Run("bad arguments", func(t *testing.T) { testBadArguments(t, open(t)) })
	t.Run("memory", func(t *testing.T) { testMemory(t, open(t), opt) })
}

func compile(t *testing.T, e graph.Engine, in, out []*graph.Node) func(out, in []*graph.Tensor) {
	t.Helper()
	p, err := e.Compile(in, out)
	require.NoError(t, err)
	return func(out, in []*graph.Tensor) {
		t.Helper()
		require.NoError(t, p.Run(out, in))
	}
}

func results(nodes ...*graph.Node) []*graph.Tensor {
	r := make([]*graph.Tensor, len(nodes))
	for i, n := range nodes {
		r[i] = graph.NewTensor(n.Graph().DType(), n.Shape()...)
	}
	return r
}

// testDerivatives compares the gradient with central differences of the loss,
// and the Hessian-vector product with those of the gradient.
func testDerivatives(t *testing.T, e graph.Engine, b Builder, n int) {
	m := NewModel(b, graph.Float64, n, uint64(n))
	run := compile(t, e, m.Inputs(), []*graph.Node{m.Loss, m.Grad, m.HVP})
	eval := func() []*graph.Tensor {
		r := results(m.Loss, m.Grad, m.HVP)
		run(r, m.Values())
		return r
	}
	base := eval()
	const h = 1e-5
	w0 := m.WVal.Clone()
	diff := graph.NewTensor(graph.Float64, m.WVal.Len())
	for i := range w0.Len() {
		m.WVal.Set(i, w0.At(i)+h)
		up := eval()[0].At(0)
		m.WVal.Set(i, w0.At(i)-h)
		diff.Set(i, (up-eval()[0].At(0))/(2*h))
		m.WVal.Set(i, w0.At(i))
	}
	require.Less(t, RelErr(base[1], diff), 1e-8, "gradient against differences of the loss")

	move := func(c float64) *graph.Tensor {
		for i := range w0.Len() {
			m.WVal.Set(i, w0.At(i)+c*m.VVal.At(i))
		}
		return eval()[1]
	}
	step := 1e-5
	if !b.Smooth {
		step = 1e-7 // stay on one side of the kinks
	}
	up, down := move(step), move(-step)
	for i := range diff.Len() {
		diff.Set(i, (up.At(i)-down.At(i))/(2*step))
	}
	require.Less(t, RelErr(base[2], diff), 2e-7, "Hessian-vector product against differences of the gradient")
}

// testFloat32 compares float32 with float64.
func testFloat32(t *testing.T, e graph.Engine, b Builder) {
	var r [2][]*graph.Tensor
	for i, dt := range []graph.DType{graph.Float32, graph.Float64} {
		m := NewModel(b, dt, 8, 3)
		r[i] = results(m.Loss, m.Grad, m.HVP)
		compile(t, e, m.Inputs(), []*graph.Node{m.Loss, m.Grad, m.HVP})(r[i], m.Values())
	}
	for i, name := range []string{"loss", "gradient", "HVP"} {
		require.Less(t, RelErr(r[0][i], r[1][i]), 2e-5, name)
	}
}

// testWeights: the gradient is linear in the weights, and an example of weight
// zero does not count.
func testWeights(t *testing.T, e graph.Engine) {
	b := Architectures()[1]
	m := NewModel(b, graph.Float64, 4, 5)
	run := compile(t, e, m.Inputs(), []*graph.Node{m.Grad})
	grad := func(c ...float64) *graph.Tensor {
		for i, v := range c {
			m.CVal.Set(i, v)
		}
		r := results(m.Grad)
		run(r, m.Values())
		return r[0]
	}
	all := grad(0.3, 0.5, 0, 0.2)
	sum := graph.NewTensor(graph.Float64, all.Len())
	for i, c := range []float64{0.3, 0.5, 0, 0.2} {
		one := make([]float64, 4)
		one[i] = 1
		g := grad(one...)
		for j := range sum.Len() {
			sum.Set(j, sum.At(j)+c*g.At(j))
		}
	}
	require.Less(t, RelErr(all, sum), 1e-14)
	for j := range m.XVal.Len() / 4 {
		m.XVal.Set(2*m.XVal.Len()/4+j, 1e3)
	}
	require.Zero(t, RelErr(grad(0.3, 0.5, 0, 0.2), all), "an example of weight 0 changed the gradient")
}

// testFresh: changed inputs change outputs, equal inputs give equal bits.
func testFresh(t *testing.T, e graph.Engine) {
	m := NewModel(Architectures()[1], graph.Float32, 6, 7)
	run := compile(t, e, m.Inputs(), []*graph.Node{m.Grad, m.HVP})
	eval := func(v []*graph.Tensor) []*graph.Tensor {
		r := results(m.Grad, m.HVP)
		for _, x := range r {
			for i := range x.Len() {
				x.Set(i, math.NaN()) // what was there must not matter
			}
		}
		run(r, v)
		return r
	}
	first := eval(m.Values())
	other := m.Values()
	other[0] = other[0].Clone()
	other[0].Set(3, other[0].At(3)+1)
	require.NotZero(t, RelErr(eval(other)[0], first[0]))
	again := eval(m.Values())
	for i := range first {
		require.Equal(t, first[i].Float32s(), again[i].Float32s())
	}
}

// testOutputs: one run gives several outputs, among them an input, a view of
// an input, a node twice, and a value that others overwrite or alias.
func testOutputs(t *testing.T, e graph.Engine) {
	g := graph.New(graph.Float64)
	w, x := g.Input("w", 6), g.Input("x", 2, 2)
	m := graph.View(w, 1, 2, 2)
	s := graph.Add(m, x)
	r := graph.Activate(graph.ReLU, s)
	flat := graph.Reshape(s, 4)
	nodes := []*graph.Node{w, m, s, r, s, flat, graph.Dot(s, r), graph.Scale(2, graph.Scale(3, s)), graph.Fill(w, 7)}
	out := results(nodes...)
	run := compile(t, e, []*graph.Node{w, x}, nodes)
	wv, xv := graph.FromSlice([]float64{1, 2, 3, 4, 5, 6}), graph.FromSlice([]float64{-3, 1, 1, 1}, 2, 2)
	run(out, []*graph.Tensor{wv, xv})
	want := [][]float64{{1, 2, 3, 4, 5, 6}, {2, 3, 4, 5}, {-1, 4, 5, 6}, {0, 4, 5, 6}, {-1, 4, 5, 6}, {-1, 4, 5, 6}, {77}, {-6, 24, 30, 36}, {7, 7, 7, 7, 7, 7}}
	for i := range want {
		require.Equal(t, want[i], out[i].Float64s(), "output %d, %s", i, nodes[i])
	}
	require.Equal(t, []float64{1, 2, 3, 4, 5, 6}, wv.Float64s(), "an input was written")
	require.Equal(t, []float64{-3, 1, 1, 1}, xv.Float64s(), "an input was written")
}

// testUpdate: a training step written as a graph.
func testUpdate(t *testing.T, e graph.Engine) {
	g := graph.New(graph.Float64)
	w, p, d, s := g.Input("w", 3), g.Input("p", 3), g.Input("g", 3), g.Input("s")
	p1 := graph.Lin([]float64{0.5, 1, 0.25}, p, d, w)
	w1 := graph.AddScaled(w, s, p1)
	out := results(p1, w1)
	compile(t, e, []*graph.Node{w, p, d, s}, []*graph.Node{p1, w1})(out, []*graph.Tensor{
		graph.FromSlice([]float64{4, 8, 12}), graph.FromSlice([]float64{2, 4, 6}), graph.FromSlice([]float64{1, 1, 1}), graph.Scalar(graph.Float64, -2),
	})
	require.Equal(t, []float64{3, 5, 7}, out[0].Float64s())
	require.Equal(t, []float64{-2, -2, -2}, out[1].Float64s())
}

// testLargeLogits: the loss and its derivatives are finite and right for
// logits of ±1e4.
func testLargeLogits(t *testing.T, e graph.Engine) {
	for _, dt := range []graph.DType{graph.Float32, graph.Float64} {
		g := graph.New(dt)
		z, y, c, v := g.Input("z", 6), g.Input("y", 2), g.Input("c", 2), g.Input("v", 6)
		loss := graph.Dot(c, graph.CrossEntropy(graph.View(z, 0, 2, 3), y))
		grad := graph.Grad(loss, z)
		hvp := graph.Grad(graph.Dot(grad, v), z)
		out := results(loss, grad, hvp)
		in := results(z, y, c, v)
		for i, x := range []float64{1e4, -1e4, 0, -1e4, 1e4, 0} {
			in[0].Set(i, x)
			in[3].Set(i, 1)
		}
		in[1].Set(1, 1)
		in[1].Set(0, 1) // the first example is wrong by 2e4, the second right
		in[2].Set(0, 1)
		in[2].Set(1, 1)
		compile(t, e, []*graph.Node{z, y, c, v}, []*graph.Node{loss, grad, hvp})(out, in)
		require.Equal(t, 2e4, out[0].At(0))
		for i, want := range []float64{1, -1, 0, 0, 0, 0} {
			require.Equal(t, want, out[1].At(i))
			require.Zero(t, out[2].At(i))
		}
	}
}

// testRows reads rows of a table and adds rows to one, repeats included. An
// index outside the table is an error, and the program works after it.
func testRows(t *testing.T, e graph.Engine) {
	for _, dt := range []graph.DType{graph.Float32, graph.Float64} {
		g := graph.New(dt)
		table, index, c := g.Input("table", 3, 2, 1), g.Input("index", 4), g.Input("c", 4)
		read := graph.Rows(table, index)
		loss := graph.Dot(c, graph.RowDot(read, read))
		nodes := []*graph.Node{read, graph.Grad(loss, table)}
		in, out := results(table, index, c), results(nodes...)
		for i := range 6 {
			in[0].Set(i, float64(i+1))
		}
		set := func(at ...float64) {
			for i, v := range at {
				in[1].Set(i, v)
				in[2].Set(i, float64(i+1))
			}
		}
		p, err := e.Compile([]*graph.Node{table, index, c}, nodes)
		require.NoError(t, err)
		for _, bad := range []float64{3, -1, 1e30, math.NaN(), 0.5} {
			set(2, 0, bad, 2)
			err := p.Run(out, in)
			require.ErrorContains(t, err, "rows", "index %g", bad)
			require.ErrorContains(t, err, "outside the table of 3 rows", "index %g", bad)
		}
		set(2, 0, 2, 2)
		require.NoError(t, p.Run(out, in))
		for i, v := range []float64{5, 6, 1, 2, 5, 6, 5, 6} {
			require.Equal(t, v, out[0].At(i))
		}
		for i, v := range []float64{4, 8, 0, 0, 80, 96} { // row 2 has weights 1, 3 and 4
			require.Equal(t, v, out[1].At(i))
		}
	}
}

func testBadArguments(t *testing.T, e graph.Engine) {
	m := NewModel(Architectures()[0], graph.Float32, 2, 1)
	p, err := e.Compile(m.Inputs(), []*graph.Node{m.Loss})
	require.NoError(t, err)
	out := results(m.Loss)
	require.ErrorContains(t, p.Run(out, m.Values()[:3]), "got 3 inputs, want 5")
	v := m.Values()
	v[2] = graph.NewTensor(graph.Float32, 3, 5)
	require.ErrorContains(t, p.Run(out, v), "float32 [3 5], want float32 [2 5]")
	v[2] = graph.NewTensor(graph.Float64, 2, 5)
	require.ErrorContains(t, p.Run(out, v), "is float64")
	v[2] = nil
	require.ErrorContains(t, p.Run(out, v), "is nil")

	var oe *graph.OpError
	_, err = e.Compile([]*graph.Node{m.W}, []*graph.Node{m.Loss})
	require.ErrorAs(t, err, &oe)
	_, err = e.Compile(m.Inputs(), nil)
	require.ErrorAs(t, err, &oe)
	_, err = e.Compile([]*graph.Node{m.W, m.W}, []*graph.Node{m.W})
	require.ErrorAs(t, err, &oe)
}

// testMemory: many runs do not grow the heap, and a frugal engine's runs
// allocate far less than one hidden layer's values.
func testMemory(t *testing.T, e graph.Engine, opt Options) {
	b := Architectures()[1]
	const batch = 512
	m := NewModel(b, graph.Float32, batch, 9)
	run := compile(t, e, m.Inputs(), []*graph.Node{m.Grad, m.HVP})
	r := results(m.Grad, m.HVP)
	in := m.Values()
	for range 100 {
		run(r, in)
	}
	before := memory()
	for range opt.Runs {
		run(r, in)
	}
	after := memory()
	grown := int64(after.HeapAlloc) - int64(before.HeapAlloc)
	require.Less(t, grown, int64(64<<10), "heap growth over %d runs", opt.Runs)
	if opt.Frugal {
		perRun := (after.TotalAlloc - before.TotalAlloc) / uint64(opt.Runs)
		require.Less(t, perRun, uint64(batch*4*4/2), "bytes allocated per run")
	}
}

func memory() (m runtime.MemStats) {
	runtime.GC()
	runtime.GC()
	runtime.ReadMemStats(&m)
	return m
}
