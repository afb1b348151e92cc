package nets

import (
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"slices"

	"github.com/nlpodyssey/safetensors"

	"github.com/miniunlearn/miniunlearn/graph"
	"github.com/miniunlearn/miniunlearn/internal/atomicfile"
)

// ErrCheckpoint is wrapped by errors about a checkpoint that is damaged or
// belongs to another architecture.
var ErrCheckpoint = errors.New("not a checkpoint of this model")

// Checkpoint is the content of a file of parameters.
type Checkpoint struct {
	Params *graph.Tensor // [P]
	// Of says whose parameters these are, in the writer's words: a run's, or those
	// that a request to forget has left. "" where the writer did not say.
	Of string

	// Private makes a new file its owner's alone; otherwise the umask decides.
	Private bool

	// Arch and Engine are those of the model that wrote the file; "" in one of
	// other programs.
	Arch, Engine string
	// Digest is the SHA-256 of the content, in hex, that the file carries, and that
	// has been compared with the content. "" means that the file, such as one of
	// PyTorch, carries none: nobody can tell whether it is what was written.
	Digest string
}

// Verified reports whether a digest vouches for the content.
func (c Checkpoint) Verified() bool { return c.Digest != "" }

// Keys of the metadata. A file that has one of the first two has both: no single
// damage makes a file look like one without digest.
const (
	markKey   = "miniunlearn"
	digestKey = "sha256"
	archKey   = "arch"
	engineKey = "engine"
	ofKey     = "of"
)

// SaveParams writes the parameters w as a safetensors file, one tensor for
// each of m's parameters under its name, so that PyTorch's load_state_dict
// takes them. The file appears under its name when it is whole. Parameters that
// are not finite are refused.
func (m *Model) SaveParams(path string, w *graph.Tensor) error {
	return m.SaveCheckpoint(path, Checkpoint{Params: w})
}

// SaveCheckpoint is SaveParams that says whose the parameters are; of c, Params,
// Of and Private count.
func (m *Model) SaveCheckpoint(path string, c Checkpoint) error {
	if err := m.CheckParams(c.Params); err != nil {
		return fmt.Errorf("nets: save %s: %w", path, err)
	}
	views := map[string]safetensors.TensorView{}
	for _, p := range m.params {
		shape := make([]uint64, len(p.Shape))
		for i, d := range p.Shape {
			shape[i] = uint64(d)
		}
		dt, raw := encode(c.Params.Slice(p.Off, p.Off+p.Len()))
		v, err := safetensors.NewTensorView(dt, shape, raw)
		if err != nil {
			return fmt.Errorf("nets: save %s: %s: %w", path, p.Name, err)
		}
		if _, twice := views[p.Name]; twice {
			return fmt.Errorf("nets: save %s: two parameters are called %q", path, p.Name)
		}
		views[p.Name] = v
	}
	info := map[string]string{"format": "pt", markKey: "1", archKey: m.arch.Name, engineKey: m.engine.Name()}
	if c.Of != "" {
		info[ofKey] = c.Of
	}
	info[digestKey] = contentDigest(info, views)
	write := atomicfile.Write
	if c.Private {
		write = atomicfile.WritePrivate
	}
	err := write(path, func(f io.Writer) error { return safetensors.SerializeToWriter(views, info, f) })
	if err != nil {
		return fmt.Errorf("nets: save: %w", err)
	}
	return nil
}

// LoadParams reads a file that SaveParams, or PyTorch, wrote. Every parameter
// must be there with its shape, and nothing else; numbers of type F64, F32, F16
// and BF16 are converted to m's type and must be finite in it. A file that
// carries a digest must fit it; LoadCheckpoint tells whether it does carry one.
// Errors about the content wrap ErrCheckpoint.
func (m *Model) LoadParams(path string) (*graph.Tensor, error) {
	c, err := m.LoadCheckpoint(path)
	return c.Params, err
}

// LoadCheckpoint is LoadParams that also returns what else the file says.
func (m *Model) LoadCheckpoint(path string) (Checkpoint, error) {
	fail := func(format string, args ...any) (Checkpoint, error) {
		return Checkpoint{}, fmt.Errorf("nets: load %s: %w: %s", path, ErrCheckpoint, fmt.Sprintf(format, args...))
	}
	foreign, err := foreignFormat(path)
	if err != nil {
		return Checkpoint{}, fmt.Errorf("nets: load: %w", err)
	}
	if foreign != "" {
		return fail("%s", foreign)
	}
	raw, err := os.ReadFile(path)
	if err != nil {
		return Checkpoint{}, fmt.Errorf("nets: load: %w", err)
	}
	_, header, err := safetensors.ReadMetadata(raw)
	if err != nil {
		return fail("%v", err)
	}
	st, err := safetensors.Deserialize(raw)
	if err != nil {
		return fail("%v", err)
	}
	views := map[string]safetensors.TensorView{}
	for _, v := range st.Tensors() {
		views[v.Name] = v.TensorView
	}
	info := header.Metadata()
	c := Checkpoint{Of: info[ofKey], Arch: info[archKey], Engine: info[engineKey], Digest: info[digestKey]}
	if _, marked := info[markKey]; marked || c.Digest != "" {
		if got := contentDigest(info, views); !marked || got != c.Digest {
			return fail("it is damaged: the digest of its content is not the one that it carries; copy it again from where it came from")
		}
	}
	if len(views) != len(m.params) {
		return fail("%d tensors, %s has %d: %q", len(views), m.arch.Name, len(m.params), slices.Sorted(maps.Keys(views)))
	}
	c.Params = m.NewVector()
	for _, p := range m.params {
		v, ok := views[p.Name]
		if !ok {
			return fail("no tensor %q; it has %q", p.Name, slices.Sorted(maps.Keys(views)))
		}
		if !sameShape(v.Shape(), p.Shape) {
			return fail("%s is %v, want %v", p.Name, v.Shape(), p.Shape)
		}
		if err := decode(c.Params.Slice(p.Off, p.Off+p.Len()), v.DType(), v.Data()); err != nil {
			return fail("%s%v", p.Name, err)
		}
	}
	return c, nil
}

func sameShape(got []uint64, want []int) bool {
	return slices.EqualFunc(got, want, func(g uint64, w int) bool { return g == uint64(w) })
}
