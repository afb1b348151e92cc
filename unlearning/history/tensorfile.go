package history

import (
	"bufio"
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"hash"
	"io"
	"math"
	"math/bits"
	"os"
	"path/filepath"
	"unsafe"

	"github.com/miniunlearn/miniunlearn/graph"
	"github.com/miniunlearn/miniunlearn/internal/atomicfile"
)

// fileRecord is what the manifest says of a file.
type fileRecord struct {
	File   string `json:"file"`
	Bytes  int64  `json:"bytes"`
	SHA256 string `json:"sha256"`
}

// array is a tensor of a file: its name, type and shape, and its numbers, which
// pass through a small buffer on their way in or out. So a file takes no memory
// beside what it holds, or is read into.
type array struct {
	name  string
	dt    graph.DType
	shape []int
	// numbers calls f with the slices that hold the numbers, one after the other.
	numbers func(f func(t *graph.Tensor) error) error
}

// arrayOf is a vector, or a list of vectors of p numbers as the rows of a matrix.
func arrayOf(name string, dt graph.DType, p, rows int, ts ...*graph.Tensor) array {
	shape := []int{p}
	if rows > 0 {
		shape = []int{rows, p}
	}
	return array{name, dt, shape, func(f func(*graph.Tensor) error) error {
		for _, t := range ts {
			if err := f(t); err != nil {
				return err
			}
		}
		return nil
	}}
}

// bytes returns the size of the numbers, and false where it is none of a file.
func (a array) bytes() (int64, bool) {
	n := uint64(a.dt.Bytes())
	for _, d := range a.shape {
		var high uint64
		if high, n = bits.Mul64(n, uint64(d)); high != 0 || d < 0 {
			return 0, false
		}
	}
	return int64(n), n < math.MaxInt64/4
}

// header returns the beginning of a safetensors file of these arrays, and the
// size of the whole file.
func header(arrays []array) (head []byte, size int64, err error) {
	type entry struct {
		DType   string   `json:"dtype"`
		Shape   []int    `json:"shape"`
		Offsets [2]int64 `json:"data_offsets"`
	}
	list := map[string]any{"__metadata__": map[string]string{"format": "pt"}}
	var at int64
	for _, a := range arrays {
		n, ok := a.bytes()
		if !ok || at+n < at {
			return nil, 0, fmt.Errorf("%s of %v numbers is too large", a.name, a.shape)
		}
		list[a.name] = entry{map[graph.DType]string{graph.Float32: "F32", graph.Float64: "F64"}[a.dt], a.shape, [2]int64{at, at + n}}
		at += n
	}
	raw, err := json.Marshal(list)
	if err != nil {
		return nil, 0, err
	}
	raw = append(raw, bytes.Repeat([]byte(" "), (8-len(raw)%8)%8)...)
	head = append(binary.LittleEndian.AppendUint64(nil, uint64(len(raw))), raw...)
	return head, int64(len(head)) + at, nil
}

// chunk is the number of bytes that are converted at a time.
const chunk = 1 << 16

// writeArrays writes a file of a folder. Its name is durable when the manifest has
// been told.
func writeArrays(dir, name string, arrays ...array) (fileRecord, error) {
	head, size, err := header(arrays)
	if err != nil {
		return fileRecord{}, err
	}
	h := sha256.New()
	err = atomicfile.WritePart(filepath.Join(dir, name), func(f io.Writer) error {
		w := bufio.NewWriterSize(io.MultiWriter(f, h), chunk)
		w.Write(head)
		var buf [chunk]byte
		for _, a := range arrays {
			err := a.numbers(func(t *graph.Tensor) error { return putNumbers(w, t, buf[:]) })
			if err != nil {
				return err
			}
		}
		return w.Flush()
	})
	return fileRecord{name, size, hex.EncodeToString(h.Sum(nil))}, err
}

func putNumbers(w io.Writer, t *graph.Tensor, buf []byte) error {
	f32, f64 := t.Float32s(), t.Float64s()
	if littleEndian {
		for _, raw := range [][]byte{bytesOf(f32), bytesOf(f64)} {
			if len(raw) > 0 {
				if _, err := w.Write(raw); err != nil {
					return err
				}
			}
		}
		return nil
	}
	for len(f32)+len(f64) > 0 {
		raw := buf[:0]
		n, m := min(len(f32), len(buf)/4), min(len(f64), len(buf)/8)
		for _, v := range f32[:n] {
			raw = binary.LittleEndian.AppendUint32(raw, math.Float32bits(v))
		}
		for _, v := range f64[:m] {
			raw = binary.LittleEndian.AppendUint64(raw, math.Float64bits(v))
		}
		f32, f64 = f32[n:], f64[m:]
		if _, err := w.Write(raw); err != nil {
			return err
		}
	}
	return nil
}

// littleEndian says that numbers are in memory as they are in files.
var littleEndian = binary.NativeEndian.Uint16([]byte{1, 0}) == 1

// bytesOf returns the memory of numbers.
func bytesOf[T float32 | float64](v []T) []byte {
	return unsafe.Slice((*byte)(unsafe.Pointer(unsafe.SliceData(v))), len(v)*int(unsafe.Sizeof(*new(T))))
}

// errChanged says that a file is not what was written.
var errChanged = errors.New("it is not the file that the manifest lists")

// readArrays reads a file of a folder into the arrays, which must be those that
// were written, and compares it with what the manifest says of it. Before
// anything is allocated, ready is called: the file has the right size then, and ready
// makes room for the numbers.
func readArrays(dir string, rec fileRecord, arrays []array, ready func()) error {
	head, size, err := header(arrays)
	if err != nil {
		return err
	}
	f, err := os.Open(filepath.Join(dir, rec.File))
	if err != nil {
		return err
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return err
	}
	if info.Size() != size || rec.Bytes != size {
		return fmt.Errorf("it has %d bytes, the manifest says %d, and its content asks for %d", info.Size(), rec.Bytes, size)
	}
	ready()
	h := sha256.New()
	r := bufio.NewReaderSize(io.TeeReader(f, h), chunk)
	got := append([]byte(nil), head...)
	if _, err := io.ReadFull(r, got); err != nil {
		return err
	}
	var buf [chunk]byte
	for _, a := range arrays {
		if err := a.numbers(func(t *graph.Tensor) error { return getNumbers(r, t, buf[:]) }); err != nil {
			return err
		}
	}
	if !bytes.Equal(got, head) || !sameSum(h, rec.SHA256) {
		return errChanged
	}
	return nil
}

func getNumbers(r io.Reader, t *graph.Tensor, buf []byte) error {
	f32, f64 := t.Float32s(), t.Float64s()
	if littleEndian {
		if _, err := io.ReadFull(r, bytesOf(f32)); err != nil {
			return err
		}
		_, err := io.ReadFull(r, bytesOf(f64))
		return err
	}
	for len(f32)+len(f64) > 0 {
		n, m := min(len(f32), len(buf)/4), min(len(f64), len(buf)/8)
		raw := buf[:4*n+8*m]
		if _, err := io.ReadFull(r, raw); err != nil {
			return err
		}
		for i := range f32[:n] {
			f32[i] = math.Float32frombits(binary.LittleEndian.Uint32(raw[4*i:]))
		}
		for i := range f64[:m] {
			f64[i] = math.Float64frombits(binary.LittleEndian.Uint64(raw[8*i:]))
		}
		f32, f64 = f32[n:], f64[m:]
	}
	return nil
}

func sameSum(h hash.Hash, want string) bool { return hex.EncodeToString(h.Sum(nil)) == want }

// describeFile returns what a manifest says of a file that is there.
func describeFile(dir, name string) (fileRecord, error) {
	f, err := os.Open(filepath.Join(dir, name))
	if err != nil {
		return fileRecord{}, err
	}
	defer f.Close()
	h := sha256.New()
	n, err := io.Copy(h, f)
	return fileRecord{name, n, hex.EncodeToString(h.Sum(nil))}, err
}

// checkFile compares a file of a folder with what the manifest says of it.
func checkFile(dir string, rec fileRecord) error {
	got, err := describeFile(dir, rec.File)
	if err == nil && got != rec {
		err = errChanged
	}
	return err
}
