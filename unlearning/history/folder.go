package history

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"path/filepath"

	"github.com/nlpodyssey/safetensors"

	"github.com/miniunlearn/miniunlearn/graph"
	"github.com/miniunlearn/miniunlearn/internal/atomicfile"
	"github.com/miniunlearn/miniunlearn/internal/folderlock"
)

// Errors of a folder that holds a record.
var (
	// ErrDamaged: a file is missing, cut or changed.
	ErrDamaged = errors.New("the record is damaged")
	// ErrInterrupted: the run that was recorded did not end.
	ErrInterrupted = errors.New("the recorded run did not end")
	// ErrVersion: another version of this package wrote the folder.
	ErrVersion = errors.New("another version of the format")
	// ErrNoLogitGradients: the record's policy was not LogitGradients.
	ErrNoLogitGradients = errors.New("the record holds no logit gradients")
)

const manifestName = "manifest.json"

// version of the format. It changes with the fingerprint too: what an old
// record lacks cannot be compared, and is not in it. 1 lacked augmentation, loss
// and w_0, 2 the ids of an augmented run, 3 and 4 the digest of w_T.
const version = 5

// logitGradientsTensor is the tensor's name in its file.
const logitGradientsTensor = "logit_gradients"

// manifest lists the segments of a folder with their checksums. It is
// replaced after every segment.
type manifest struct {
	Version  int          `json:"version"`
	Policy   string       `json:"policy"`
	Run      Fingerprint  `json:"run"`
	Segments []fileRecord `json:"segments"`

	LogitGradients *fileRecord `json:"logit_gradients,omitempty"`

	Complete bool   `json:"complete"`
	Final    string `json:"final_sha256,omitempty"` // nets.Digest of w_T, once complete
}

type fileRecord struct {
	File   string `json:"file"`
	From   int    `json:"from"`
	To     int    `json:"to"`
	Bytes  int64  `json:"bytes"`
	SHA256 string `json:"sha256"`
}

// folder is a store in a folder. What it writes tells of single examples, and is
// for the folder's owner alone.
type folder struct {
	dir  string
	lock *folderlock.Lock // while it is written
	m    manifest
	size int64 // of the manifest's file
}

func createFolder(dir string, p Policy, f Fingerprint) (_ *folder, err error) {
	lock, err := folderlock.Acquire(dir)
	if err != nil {
		return nil, fmt.Errorf("history: create: %w", err)
	}
	s := &folder{dir: dir, lock: lock, m: manifest{Version: version, Policy: p.String(), Run: f}}
	defer func() {
		if err != nil {
			s.release()
		}
	}()
	files, err := os.ReadDir(dir)
	if err != nil {
		return nil, fmt.Errorf("history: create: %w", err)
	}
	for _, f := range files {
		if f.Name() != folderlock.Name {
			return nil, fmt.Errorf("history: create: %s is not empty; name a new folder or remove the old record", dir)
		}
	}
	return s, s.save()
}

// release gives the folder free for other writers.
func (s *folder) release() { _ = s.lock.Release() }

// save writes the manifest, followed by its own checksum on a last line.
func (s *folder) save() error {
	raw, err := json.MarshalIndent(s.m, "", "  ")
	if err != nil {
		return fmt.Errorf("history: manifest: %w", err)
	}
	err = atomicfile.WritePrivate(filepath.Join(s.dir, manifestName), func(w io.Writer) error {
		n, err := fmt.Fprintf(w, "%s\n%s\n", raw, digest(raw))
		s.size = int64(n)
		return err
	})
	if err != nil {
		return fmt.Errorf("history: %w", err)
	}
	return nil
}

func digest(raw []byte) string {
	sum := sha256.Sum256(raw)
	return hex.EncodeToString(sum[:])
}

func (s *folder) put(seg segment) error {
	views := map[string]safetensors.TensorView{}
	add := func(name string, rows int, ts ...*graph.Tensor) error {
		dt, raw := encode(ts...)
		shape := []uint64{uint64(seg.w.Len())}
		if rows > 0 {
			shape = []uint64{uint64(rows), uint64(seg.w.Len())}
		}
		v, err := safetensors.NewTensorView(dt, shape, raw)
		views[name] = v
		return err
	}
	err := errors.Join(add("params", 0, seg.w), add("momentum", 0, seg.p))
	if len(seg.g) > 0 {
		err = errors.Join(err, add("gradients", len(seg.g), seg.g...))
	}
	var buf bytes.Buffer
	if err == nil {
		err = safetensors.SerializeToWriter(views, map[string]string{"format": "pt"}, &buf)
	}
	var f fileRecord
	if err == nil {
		f, err = s.write(fmt.Sprintf("segment-%08d.safetensors", seg.from), buf.Bytes())
	}
	if err != nil {
		return fmt.Errorf("history: segment at step %d: %w", seg.from, err)
	}
	f.From, f.To = seg.from, seg.from+len(seg.g)
	s.m.Segments = append(s.m.Segments, f)
	return s.save()
}

// write writes a file of the folder.
func (s *folder) write(name string, raw []byte) (fileRecord, error) {
	err := atomicfile.WritePrivate(filepath.Join(s.dir, name), func(w io.Writer) error {
		_, err := w.Write(raw)
		return err
	})
	return fileRecord{File: name, Bytes: int64(len(raw)), SHA256: digest(raw)}, err
}

// read reads a file of the folder and compares it with the manifest.
func (s *folder) read(f fileRecord) (*safetensors.SafeTensors, error) {
	raw, err := os.ReadFile(filepath.Join(s.dir, f.File))
	if err != nil {
		return nil, s.damaged(f, "%v", err)
	}
	if int64(len(raw)) != f.Bytes || digest(raw) != f.SHA256 {
		return nil, s.damaged(f, "its checksum is not the manifest's")
	}
	st, err := safetensors.Deserialize(raw)
	if err != nil {
		return nil, s.damaged(f, "%v", err)
	}
	return &st, nil
}

func (s *folder) damaged(f fileRecord, format string, args ...any) error {
	return fmt.Errorf("history: %s: %w: %s", filepath.Join(s.dir, f.File), ErrDamaged, fmt.Sprintf(format, args...))
}

func (s *folder) putLogitGradients(alpha *graph.Tensor) error {
	dt, raw := encode(alpha)
	v, err := safetensors.NewTensorView(dt, []uint64{uint64(alpha.Shape()[0]), uint64(alpha.Shape()[1])}, raw)
	var buf bytes.Buffer
	if err == nil {
		err = safetensors.SerializeToWriter(map[string]safetensors.TensorView{logitGradientsTensor: v}, map[string]string{"format": "pt"}, &buf)
	}
	var f fileRecord
	if err == nil {
		f, err = s.write("logit-gradients.safetensors", buf.Bytes())
	}
	if err != nil {
		return fmt.Errorf("history: logit gradients: %w", err)
	}
	s.m.LogitGradients = &f
	return s.save()
}

func (s *folder) getLogitGradients() (*graph.Tensor, error) {
	if s.m.LogitGradients == nil {
		return nil, nil
	}
	st, err := s.read(*s.m.LogitGradients)
	if err != nil {
		return nil, err
	}
	v, ok := st.Tensor(logitGradientsTensor)
	if n := s.m.Run.Order.N; !ok || len(v.Shape()) != 2 || v.Shape()[0] != uint64(n) {
		return nil, s.damaged(*s.m.LogitGradients, "no tensor of logit gradients of %d examples", n)
	}
	rows, k := int(v.Shape()[0]), int(v.Shape()[1])
	t, err := decode(v.DType(), v.Data(), 1, rows*k)
	if err != nil {
		return nil, s.damaged(*s.m.LogitGradients, "%v", err)
	}
	return graph.FromSlice(t[0].Float32s(), rows, k), nil
}

func (s *folder) finish(final string) error {
	s.m.Complete, s.m.Final = true, final
	return s.save()
}

func (s *folder) spans() []span {
	r := make([]span, len(s.m.Segments))
	for i, f := range s.m.Segments {
		r[i] = span{f.From, f.To}
	}
	return r
}

func (s *folder) bytes() int64 {
	n := s.size
	for _, f := range s.m.Segments {
		n += f.Bytes
	}
	if s.m.LogitGradients != nil {
		n += s.m.LogitGradients.Bytes
	}
	return n
}

func (s *folder) get(i int) (segment, error) {
	f := s.m.Segments[i]
	st, err := s.read(f)
	if err != nil {
		return segment{}, err
	}
	seg := segment{from: f.From}
	n := f.To - f.From
	for _, want := range []struct {
		name string
		rows int
		add  func(*graph.Tensor)
	}{
		{"params", 1, func(t *graph.Tensor) { seg.w = t }},
		{"momentum", 1, func(t *graph.Tensor) { seg.p = t }},
		{"gradients", n, func(t *graph.Tensor) { seg.g = append(seg.g, t) }},
	} {
		if want.rows == 0 {
			continue
		}
		v, ok := st.Tensor(want.name)
		if !ok {
			return segment{}, s.damaged(f, "no tensor %q", want.name)
		}
		ts, err := decode(v.DType(), v.Data(), want.rows, s.m.Run.Params)
		if err != nil {
			return segment{}, s.damaged(f, "%s: %v", want.name, err)
		}
		for _, t := range ts {
			want.add(t)
		}
	}
	return seg, nil
}

// Open reads the manifest of a record that a Recorder made by Create wrote.
// Segments are read, and compared with their checksums, when they are used.
// The error wraps ErrInterrupted if the recorded run did not end, ErrDamaged
// if the manifest cannot be trusted, ErrVersion if the format is another one.
func Open(dir string) (*Record, error) {
	path := filepath.Join(dir, manifestName)
	raw, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("history: open: %w; give the folder that history.Create was given", err)
	}
	body, sum, ok := bytes.Cut(raw, []byte("\n}\n"))
	body = append(bytes.Clone(body), "\n}"...)
	if !ok || digest(body)+"\n" != string(sum) {
		return nil, fmt.Errorf("history: open %s: %w: its checksum is wrong", path, ErrDamaged)
	}
	s := &folder{dir: dir, size: int64(len(raw))}
	if err := json.Unmarshal(body, &s.m); err != nil {
		return nil, fmt.Errorf("history: open %s: %w: %v", path, ErrDamaged, err)
	}
	if s.m.Version != version {
		return nil, fmt.Errorf("history: open %s: %w: it is %d, and %d is read here; train and record again", path, ErrVersion, s.m.Version, version)
	}
	if !s.m.Complete {
		if who, held, err := folderlock.Holder(dir); err == nil && held {
			return nil, fmt.Errorf("history: open %s: %w: it is being recorded%s", dir, ErrInterrupted, who)
		}
		return nil, fmt.Errorf("history: open %s: %w; train again", dir, ErrInterrupted)
	}
	return &Record{policy: s.m.Policy, print: s.m.Run, final: s.m.Final, store: s}, nil
}

func encode(ts ...*graph.Tensor) (safetensors.DType, []byte) {
	var raw []byte
	dt := safetensors.F32
	for _, t := range ts {
		for _, v := range t.Float32s() {
			raw = binary.LittleEndian.AppendUint32(raw, math.Float32bits(v))
		}
		for _, v := range t.Float64s() {
			dt = safetensors.F64
			raw = binary.LittleEndian.AppendUint64(raw, math.Float64bits(v))
		}
	}
	return dt, raw
}

func decode(dt safetensors.DType, raw []byte, rows, cols int) ([]*graph.Tensor, error) {
	width := int(dt.Size())
	if dt != safetensors.F32 && dt != safetensors.F64 || len(raw) != rows*cols*width {
		return nil, fmt.Errorf("%d bytes of %s, want %d rows of %d numbers", len(raw), dt, rows, cols)
	}
	ts := make([]*graph.Tensor, rows)
	for i := range ts {
		row := raw[i*cols*width : (i+1)*cols*width]
		if dt == safetensors.F64 {
			v := make([]float64, cols)
			for j := range v {
				v[j] = math.Float64frombits(binary.LittleEndian.Uint64(row[8*j:]))
			}
			ts[i] = graph.FromSlice(v)
			continue
		}
		v := make([]float32, cols)
		for j := range v {
			v[j] = math.Float32frombits(binary.LittleEndian.Uint32(row[4*j:]))
		}
		ts[i] = graph.FromSlice(v)
	}
	return ts, nil
}
