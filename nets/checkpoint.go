package nets

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"slices"

	"github.com/nlpodyssey/safetensors"

	"github.com/miniunlearn/miniunlearn/graph"
	"github.com/miniunlearn/miniunlearn/internal/atomicfile"
)

// ErrCheckpoint is wrapped by errors about a checkpoint that is damaged or
// belongs to another architecture.
var ErrCheckpoint = errors.New("not a checkpoint of this model")

// SaveParams writes the parameters w as a safetensors file, one tensor for
// each of m's parameters under its name, so that PyTorch's load_state_dict
// takes them. The file appears under its name when it is whole.
func (m *Model) SaveParams(path string, w *graph.Tensor) error {
	if w.Len() != m.size {
		return fmt.Errorf("nets: save %s: %d parameters, %s has %d", path, w.Len(), m.arch.Name, m.size)
	}
	views := map[string]safetensors.TensorView{}
	for _, p := range m.params {
		shape := make([]uint64, len(p.Shape))
		for i, d := range p.Shape {
			shape[i] = uint64(d)
		}
		dt, raw := encode(w.Slice(p.Off, p.Off+p.Len()))
		v, err := safetensors.NewTensorView(dt, shape, raw)
		if err != nil {
			return fmt.Errorf("nets: save %s: %s: %w", path, p.Name, err)
		}
		if _, twice := views[p.Name]; twice {
			return fmt.Errorf("nets: save %s: two parameters are called %q", path, p.Name)
		}
		views[p.Name] = v
	}
	info := map[string]string{"format": "pt", "arch": m.arch.Name, "engine": m.engine.Name()}
	err := atomicfile.Write(path, func(f io.Writer) error { return safetensors.SerializeToWriter(views, info, f) })
	if err != nil {
		return fmt.Errorf("nets: save: %w", err)
	}
	return nil
}

// LoadParams reads a file that SaveParams, or PyTorch, wrote. Every parameter
// must be there with its shape, and nothing else; numbers are converted to
// m's type. Errors about the content wrap ErrCheckpoint.
func (m *Model) LoadParams(path string) (*graph.Tensor, error) {
	raw, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("nets: load: %w", err)
	}
	fail := func(format string, args ...any) (*graph.Tensor, error) {
		return nil, fmt.Errorf("nets: load %s: %w: %s", path, ErrCheckpoint, fmt.Sprintf(format, args...))
	}
	st, err := safetensors.Deserialize(raw)
	if err != nil {
		return fail("%v", err)
	}
	if st.Len() != len(m.params) {
		return fail("%d tensors, %s has %d", st.Len(), m.arch.Name, len(m.params))
	}
	w := m.NewVector()
	for _, p := range m.params {
		v, ok := st.Tensor(p.Name)
		if !ok {
			return fail("no tensor %q; it has %q", p.Name, st.Names())
		}
		shape := make([]int, len(v.Shape()))
		for i, d := range v.Shape() {
			shape[i] = int(d)
		}
		if !slices.Equal(shape, p.Shape) {
			return fail("%s is %v, want %v", p.Name, shape, p.Shape)
		}
		if err := decode(w.Slice(p.Off, p.Off+p.Len()), v.DType(), v.Data()); err != nil {
			return fail("%s: %v", p.Name, err)
		}
	}
	return w, nil
}

func encode(t *graph.Tensor) (safetensors.DType, []byte) {
	if t.DType() == graph.Float64 {
		raw := make([]byte, 0, 8*t.Len())
		for _, v := range t.Float64s() {
			raw = binary.LittleEndian.AppendUint64(raw, math.Float64bits(v))
		}
		return safetensors.F64, raw
	}
	raw := make([]byte, 0, 4*t.Len())
	for _, v := range t.Float32s() {
		raw = binary.LittleEndian.AppendUint32(raw, math.Float32bits(v))
	}
	return safetensors.F32, raw
}

func decode(t *graph.Tensor, dt safetensors.DType, raw []byte) error {
	switch dt {
	case safetensors.F32:
		for i := range t.Len() {
			t.Set(i, float64(math.Float32frombits(binary.LittleEndian.Uint32(raw[4*i:]))))
		}
	case safetensors.F64:
		for i := range t.Len() {
			t.Set(i, math.Float64frombits(binary.LittleEndian.Uint64(raw[8*i:])))
		}
	default:
		return fmt.Errorf("numbers of type %s; F32 and F64 are read", dt)
	}
	return nil
}
