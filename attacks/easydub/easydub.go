package easydub

import (
	"bytes"
	"cmp"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"math"
	"os"
	"path"
	"path/filepath"
	"strings"

	"codeberg.org/sbinet/npyio"
)

// Kinds of models. Any other name is a method's.
const (
	Pretrain = "pretrain" // trained on everything
	Oracle   = "oracle"   // retrained without the forget set
)

// Split is a part of the examples.
type Split string

// The splits.
const (
	Retain Split = "retain"
	Forget Split = "forget"
	Val    Split = "val"
)

// Splits lists them.
func Splits() []Split { return []Split{Retain, Forget, Val} }

// ErrLayout is wrapped by errors about files that are not as EasyDUB has them.
var ErrLayout = errors.New("not EasyDUB's layout")

// Layout says which of the benchmark's data; the zero value those of its public data
// set.
type Layout struct {
	Dataset string // "" means cifar10
	Arch    string // "" means resnet9
	Epoch   int    // 0 means 23
}

// Path returns the name of one model's margins, with slashes.
func (l Layout) Path(kind string, split Split, forgetSet, model int) string {
	of := path.Join(fmt.Sprintf("forget_%d", forgetSet), string(split))
	if kind == Pretrain {
		if of = string(split); split == Forget {
			of = fmt.Sprintf("forget_%d", forgetSet)
		}
	}
	return path.Join("margins", cmp.Or(l.Dataset, "cifar10"), kind, of, cmp.Or(l.Arch, "resnet9"),
		fmt.Sprintf("id_%d_epoch_%d.npy", model, cmp.Or(l.Epoch, 23)))
}

// ForgetPath returns the name of a forget set.
func (l Layout) ForgetPath(forgetSet int) string {
	return path.Join("forget_sets", cmp.Or(l.Dataset, "cifar10"), fmt.Sprintf("forget_set_%d.npy", forgetSet))
}

// Read returns the margins of the first models, row-major [models, examples]. Files
// hold one dimension of float32 or float64; models of another number of examples, and
// margins that are not finite, are errors that name the file.
func (l Layout) Read(root fs.FS, kind string, split Split, forgetSet, models int) (margins []float64, examples int, err error) {
	if models < 1 {
		return nil, 0, fmt.Errorf("easydub: %d models, want at least 1", models)
	}
	for m := range models {
		name := l.Path(kind, split, forgetSet, m)
		x, err := readFloats(root, name)
		if errors.Is(err, fs.ErrNotExist) {
			return nil, 0, fmt.Errorf("%w; %d models are there, %d were asked for", err, m, models)
		}
		if err != nil {
			return nil, 0, err
		}
		if m == 0 {
			examples = len(x)
		} else if len(x) != examples {
			return nil, 0, fmt.Errorf("easydub: %s holds %d margins, and model 0 has %d: %w", name, len(x), examples, ErrLayout)
		}
		margins = append(margins, x...)
	}
	return margins, examples, nil
}

// readable turns npyio's panics at headers that no npy file has into an error.
func readable(name string, err *error) {
	if p := recover(); p != nil {
		*err = fmt.Errorf("easydub: %s: %w: the header cannot be read", name, ErrLayout)
	}
}

func readFloats(root fs.FS, name string) (x []float64, err error) {
	defer readable(name, &err)
	r, n, err := open(root, name)
	if err != nil {
		return nil, err
	}
	x = make([]float64, n)
	switch t := strings.Trim(r.Header.Descr.Type, "'"); t {
	case "<f8":
		err = r.Read(&x)
	case "<f4":
		x32 := make([]float32, n)
		err = r.Read(&x32)
		for i, v := range x32 {
			x[i] = float64(v)
		}
	default:
		return nil, fmt.Errorf("easydub: %s holds numbers of type %s, want <f4 or <f8: %w", name, t, ErrLayout)
	}
	if err != nil {
		return nil, fmt.Errorf("easydub: %s: %w", name, err)
	}
	for i, v := range x {
		if math.IsNaN(v) || math.IsInf(v, 0) {
			return nil, fmt.Errorf("easydub: %s: margin %d is %v: %w", name, i, v, ErrLayout)
		}
	}
	return x, nil
}

// open returns a reader of one dimension and its length, no longer than the file.
func open(root fs.FS, name string) (*npyio.Reader, int, error) {
	content, err := fs.ReadFile(root, name)
	if err != nil {
		return nil, 0, fmt.Errorf("easydub: %w", err)
	}
	// npyio makes room for a header of whatever length it is told.
	if len(content) >= 12 && content[6] == 2 && uint64(binary.LittleEndian.Uint32(content[8:])) > uint64(len(content)) {
		return nil, 0, fmt.Errorf("easydub: %s: %w: the header is longer than the file", name, ErrLayout)
	}
	in := bytes.NewReader(content)
	r, err := npyio.NewReader(in)
	if err != nil {
		return nil, 0, fmt.Errorf("easydub: %s: %w: %w", name, ErrLayout, err)
	}
	shape := r.Header.Descr.Shape
	if len(shape) != 1 || shape[0] < 1 || shape[0] > in.Len() {
		return nil, 0, fmt.Errorf("easydub: %s holds an array of shape %v in %d bytes, want one dimension, a margin for each example: %w", name, shape, in.Len(), ErrLayout)
	}
	return r, shape[0], nil
}

// ReadForget returns the positions of a forget set in the training data.
func (l Layout) ReadForget(root fs.FS, forgetSet int) (positions []int, err error) {
	name := l.ForgetPath(forgetSet)
	defer readable(name, &err)
	r, n, err := open(root, name)
	if err != nil {
		return nil, err
	}
	x := make([]int64, n)
	switch t := strings.Trim(r.Header.Descr.Type, "'"); t {
	case "<i8":
		err = r.Read(&x)
	case "<i4":
		x32 := make([]int32, n)
		err = r.Read(&x32)
		for i, v := range x32 {
			x[i] = int64(v)
		}
	default:
		return nil, fmt.Errorf("easydub: %s holds numbers of type %s, want <i4 or <i8: %w", name, t, ErrLayout)
	}
	if err != nil {
		return nil, fmt.Errorf("easydub: %s: %w", name, err)
	}
	for i, v := range x {
		if v < 0 || v > math.MaxInt32 {
			return nil, fmt.Errorf("easydub: %s: position %d is %d: %w", name, i, v, ErrLayout)
		}
		positions = append(positions, int(v))
	}
	return positions, nil
}

// Write writes one model's margins as float32 below dir.
func (l Layout) Write(dir, kind string, split Split, forgetSet, model int, margins []float64) error {
	x := make([]float32, len(margins))
	for i, v := range margins {
		if x[i] = float32(v); x[i]-x[i] != 0 {
			return fmt.Errorf("easydub: margin %d is %v, which is no float32", i, v)
		}
	}
	return write(dir, l.Path(kind, split, forgetSet, model), x)
}

// WriteForget writes a forget set, positions in the training data, below dir.
func (l Layout) WriteForget(dir string, forgetSet int, positions []int) error {
	x := make([]int64, len(positions))
	for i, v := range positions {
		x[i] = int64(v)
	}
	return write(dir, l.ForgetPath(forgetSet), x)
}

// write makes a file that is whole when it appears.
func write(dir, name string, x any) (err error) {
	to := filepath.Join(dir, filepath.FromSlash(name))
	if err := os.MkdirAll(filepath.Dir(to), 0o777); err != nil {
		return fmt.Errorf("easydub: %w", err)
	}
	var b bytes.Buffer
	if err := npyio.Write(&b, x); err != nil {
		return fmt.Errorf("easydub: %s: %w", name, err)
	}
	tmp, err := os.CreateTemp(filepath.Dir(to), ".*.tmp")
	if err != nil {
		return fmt.Errorf("easydub: %w", err)
	}
	if _, err = io.Copy(tmp, &b); err == nil {
		err = tmp.Chmod(0o644)
	}
	if err = errors.Join(err, tmp.Close()); err == nil {
		err = os.Rename(tmp.Name(), to)
	}
	if err != nil {
		os.Remove(tmp.Name())
		return fmt.Errorf("easydub: %w", err)
	}
	return nil
}
