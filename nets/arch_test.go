package nets_test

import (
	"fmt"
	"math"
	"math/rand/v2"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/miniunlearn/miniunlearn/bench/peers/timing"
	"github.com/miniunlearn/miniunlearn/data"
	"github.com/miniunlearn/miniunlearn/graph"
	"github.com/miniunlearn/miniunlearn/nets"
)

// noise returns n examples of normal numbers, in 10 classes.
var noise = timing.Noise

var architectures = []struct {
	spec  string
	shape []int
}{
	{"logistic", []int{1, 28, 28}},
	{"mlp:784-20-10", []int{1, 28, 28}},
	{"lenet5", []int{1, 28, 28}},
	{"cnn:c8n4-a2-c8s2p1-m2s1-g-d12", []int{3, 16, 16}},
	{"resnet8", []int{3, 32, 32}},
	{"resnet20", []int{3, 32, 32}},
}

func model(t testing.TB, spec string, ds *data.Dataset, dt graph.DType) *nets.Model {
	t.Helper()
	a, err := nets.Parse(spec, ds)
	require.NoError(t, err)
	require.NoError(t, a.Fits(ds))
	require.Equal(t, spec, a.Name)
	m, err := nets.NewModel(a, nil, dt)
	require.NoError(t, err)
	return m
}

// TestParameters: as many parameters as the layers' formulas say, under names
// of their own, that survive a file.
func TestParameters(t *testing.T) {
	conv := func(in, out, k int) int { return in * out * k * k }
	// block is a residual one: two convolutions and normalisations, and those
	// of the shortcut where the number of channels changes.
	block := func(in, out int) int {
		n := conv(in, out, 3) + 2*out + conv(out, out, 3) + 2*out
		if in != out {
			n += conv(in, out, 1) + 2*out
		}
		return n
	}
	stem, head := conv(3, 16, 3)+2*16, 64*10+10
	resnet8 := stem + block(16, 16) + block(16, 32) + block(32, 64) + head
	want := map[string]int{
		"logistic":                      7850,
		"mlp:784-20-10":                 784*20 + 20 + 20*10 + 10,
		"lenet5":                        61706,
		"cnn:c8n4-a2-c8s2p1-m2s1-g-d12": conv(3, 8, 3) + 16 + conv(8, 8, 3) + 8 + 8*12 + 12 + 12*10 + 10,
		"resnet8":                       resnet8,
		"resnet20":                      resnet8 + 2*block(16, 16) + 2*block(32, 32) + 2*block(64, 64),
	}
	require.Equal(t, 78042, resnet8)
	for _, c := range architectures {
		t.Run(c.spec, func(t *testing.T) {
			m := model(t, c.spec, noise(1, c.shape...), graph.Float32)
			require.Equal(t, want[c.spec], m.Size())
			names, end := map[string]bool{}, 0
			for _, p := range m.Params() {
				require.False(t, names[p.Name], p.Name)
				names[p.Name] = true
				require.Equal(t, end, p.Off, p.Name)
				end += p.Len()
			}
			require.Equal(t, m.Size(), end)

			w, path := m.Init(3), filepath.Join(t.TempDir(), "w.safetensors")
			require.NoError(t, m.SaveParams(path, w))
			got, err := m.LoadParams(path)
			require.NoError(t, err)
			require.Equal(t, w.Float32s(), got.Float32s())
		})
	}
}

// TestDerivatives compares slopes of the loss and of the gradient with central
// differences along random directions, in float64.
func TestDerivatives(t *testing.T) {
	for _, c := range architectures {
		t.Run(c.spec, func(t *testing.T) {
			ds := noise(3, c.shape...)
			m := model(t, c.spec, ds, graph.Float64)
			ids := []int{0, 1, 2}
			w, g := m.Init(1), m.NewVector()
			_, err := m.Gradient(w, ds, ids, g)
			require.NoError(t, err)
			up, down, hv := m.NewVector(), m.NewVector(), m.NewVector()
			for seed := range uint64(2) {
				r := rand.New(rand.NewPCG(seed, 9))
				v := m.NewVector()
				for j := range v.Len() {
					v.Set(j, r.NormFloat64()/math.Sqrt(float64(m.Size())))
				}
				// So small that hardly a ReLU or maximum changes sides.
				const h = 1e-7
				at := func(h float64, g *graph.Tensor) float64 {
					u := w.Clone()
					for j := range u.Len() {
						u.Set(j, u.At(j)+h*v.At(j))
					}
					loss, err := m.Gradient(u, ds, ids, g)
					require.NoError(t, err)
					return loss
				}
				slope := (at(h, up) - at(-h, down)) / (2 * h)
				require.InDelta(t, slope, dot(g, v), 1e-6*norm(g))

				require.NoError(t, m.HVP(w, v, ds, ids, hv))
				for j := range up.Len() {
					up.Set(j, (up.At(j)-down.At(j))/(2*h)-hv.At(j))
				}
				require.Less(t, norm(up), 1e-5*(norm(hv)+norm(g)), "Hessian times direction %d", seed)
			}
		})
	}
}

func dot(a, b *graph.Tensor) (s float64) {
	for i := range a.Len() {
		s += a.At(i) * b.At(i)
	}
	return s
}

func norm(a *graph.Tensor) float64 { return math.Sqrt(dot(a, a)) }

// TestSameBitsEverywhere: one training step of each architecture on one, two
// and five workers.
func TestSameBitsEverywhere(t *testing.T) {
	for _, c := range architectures {
		ds := noise(40, c.shape...)
		a, err := nets.Parse(c.spec, ds)
		require.NoError(t, err)
		var want []float32
		for _, workers := range []int{1, 2, 5} {
			run, err := nets.Train(t.Context(), a, ds, nets.Config{Steps: 2, Batch: 20, Momentum: 0.9, Engine: graph.NewWalker(workers)})
			require.NoError(t, err)
			if want == nil {
				want = run.Params.Float32s()
			}
			require.Equal(t, want, run.Params.Float32s(), "%s on %d workers", c.spec, workers)
		}
	}
}

func ExampleCNN() {
	a, err := nets.CNN("c16k3p1-m2s2-c32p1n8-m2-d64", []int{3, 32, 32}, 10)
	if err != nil {
		fmt.Println(err)
		return
	}
	m, err := nets.NewModel(a, nil, graph.Float32)
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(a.Name)
	for _, p := range m.Params() {
		fmt.Println(p.Name, p.Shape)
	}
	_, err = nets.CNN("c16-m2-c32q1", []int{3, 32, 32}, 10)
	fmt.Println(err)
	// Output:
	// cnn:c16p1-m2-c32p1n8-m2-d64
	// conv1.weight [16 3 3 3]
	// conv1.bias [16]
	// conv2.weight [32 16 3 3]
	// norm2.weight [32]
	// norm2.bias [32]
	// fc1.weight [64 2048]
	// fc1.bias [64]
	// fc2.weight [10 64]
	// fc2.bias [10]
	// piece 3, "c32q1": 'q' is not an option of c; write for example cnn:c16k3p1-m2-c32k3p1-m2-d64
}
