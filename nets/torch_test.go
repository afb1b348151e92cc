package nets_test

import (
	"encoding/binary"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/nlpodyssey/safetensors"
	"github.com/stretchr/testify/require"

	"github.com/miniunlearn/miniunlearn/graph"
)

// TestTorch: PyTorch loads a checkpoint by name, and its logits and gradient
// are those of the model; what PyTorch writes is loaded here.
func TestTorch(t *testing.T) {
	if testing.Short() {
		t.Skip("starts PyTorch")
	}
	peers := filepath.Join("..", "bench", "peers")
	python := filepath.Join(peers, ".venv", "bin", "python")
	if _, err := os.Stat(python); err != nil || exec.Command(python, "-c", "import torch").Run() != nil {
		t.Skip("no PyTorch; bench/peers/setup.sh installs it")
	}
	for _, c := range architectures {
		if c.spec != "lenet5" && c.spec != "resnet8" {
			continue
		}
		t.Run(c.spec, func(t *testing.T) {
			const n = 4
			ds := noise(n, c.shape...)
			m := model(t, c.spec, ds, graph.Float64)
			w, g := m.Init(1), m.NewVector()
			_, err := m.Gradient(w, ds, []int{0, 1, 2, 3}, g)
			require.NoError(t, err)
			z, err := m.Logits(t.Context(), w, ds.X, n)
			require.NoError(t, err)

			dir := t.TempDir()
			file := func(name string) string { return filepath.Join(dir, name+".safetensors") }
			require.NoError(t, m.SaveParams(file("weights"), w))
			y := make([]float32, n)
			for i := range y {
				y[i] = float32(ds.Y[i])
			}
			views := map[string]safetensors.TensorView{"x": floats(t, ds.X), "y": floats(t, y)}
			input, err := os.Create(file("data"))
			require.NoError(t, err)
			require.NoError(t, safetensors.SerializeToWriter(views, nil, input))
			require.NoError(t, input.Close())
			out, err := exec.CommandContext(t.Context(), python, "testdata/torch_peer.py", peers, c.spec,
				file("weights"), file("data"), file("logits"), file("gradient")).CombinedOutput()
			require.NoError(t, err, string(out))

			theirs, err := m.LoadParams(file("gradient"))
			require.NoError(t, err)
			require.InDeltaSlice(t, theirs.Float64s(), g.Float64s(), 1e-10)
			raw, err := os.ReadFile(file("logits"))
			require.NoError(t, err)
			st, err := safetensors.Deserialize(raw)
			require.NoError(t, err)
			v, _ := st.Tensor("z")
			for i := range z {
				require.InDelta(t, math.Float64frombits(binary.LittleEndian.Uint64(v.Data()[8*i:])), z[i], 1e-10)
			}
		})
	}
}

func floats(t *testing.T, x []float32) safetensors.TensorView {
	var raw []byte
	for _, v := range x {
		raw = binary.LittleEndian.AppendUint32(raw, math.Float32bits(v))
	}
	v, err := safetensors.NewTensorView(safetensors.F32, []uint64{uint64(len(x))}, raw)
	require.NoError(t, err)
	return v
}
