package arrays

import (
	"archive/zip"
	"bytes"
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"sort"
	"strconv"
	"strings"

	"codeberg.org/sbinet/npyio/npy"
	mmap "github.com/edsrzf/mmap-go"
	"github.com/nlpodyssey/safetensors"

	"github.com/miniunlearn/miniunlearn/data/files"
)

// File is a file of arrays.
type File struct {
	Name   string
	Arrays map[string]*Array

	mapping mmap.MMap
	file    *os.File
}

// growth bounds what compressed arrays may grow to.
var growth = files.Growth{Times: 200, Slack: 64 << 20}

// Open opens an npy, npz or safetensors file, told apart by its first bytes, plain
// or compressed. The arrays must not be used after Close.
func Open(path string) (*File, error) {
	f, err := files.Regular(path)
	if err != nil {
		return nil, err
	}
	a := &File{Name: path, file: f}
	content, err := a.content()
	if err == nil {
		a.Arrays, err = Read(content, path)
	}
	if err != nil {
		a.Close()
		return nil, err
	}
	return a, nil
}

// content returns the file's bytes, mapped if it is plain.
func (a *File) content() ([]byte, error) {
	info, err := a.file.Stat()
	if err != nil {
		return nil, fmt.Errorf("data: %w", err)
	}
	head := make([]byte, 4)
	if n, _ := a.file.ReadAt(head, 0); n == 4 && (head[0] == 0x1f && head[1] == 0x8b || string(head) == "\x28\xb5\x2f\xfd") {
		r, err := files.NewReader(a.file, a.Name, growth)
		if err != nil {
			return nil, err
		}
		defer r.Close()
		return io.ReadAll(r)
	}
	if info.Size() == 0 {
		return nil, nil
	}
	if a.mapping, err = mmap.Map(a.file, mmap.RDONLY, 0); err != nil {
		return nil, fmt.Errorf("data: %s: %w", a.Name, err)
	}
	return a.mapping, nil
}

// Close closes the file.
func (a *File) Close() error {
	if a.mapping != nil {
		a.mapping.Unmap()
	}
	a.Arrays = nil
	return a.file.Close()
}

// Read finds the arrays in the content of a file. An npy's array is named "".
func Read(content []byte, name string) (map[string]*Array, error) {
	switch {
	case bytes.HasPrefix(content, []byte("\x93NUMPY")):
		a, err := readNPY(content, name)
		if err != nil {
			return nil, err
		}
		return map[string]*Array{"": a}, nil
	case bytes.HasPrefix(content, []byte("PK")):
		return readNPZ(content, name)
	}
	return readSafetensors(content, name)
}

func bad(name string, err error, format string, a ...any) error {
	return &files.Error{File: name, Offset: -1, Msg: fmt.Sprintf(format, a...), Err: err}
}

// readNPY reads the header by npyio, which trusts it: its length is looked at
// before.
func readNPY(content []byte, name string) (a *Array, err error) {
	const version, most = 6, 1 << 16
	header := 0
	switch {
	case len(content) < 12:
		return nil, bad(name, nil, "the file ends within its header")
	case content[version] == 1:
		header = int(content[8]) | int(content[9])<<8
	default:
		header = int(content[8]) | int(content[9])<<8 | int(content[10])<<16 | int(content[11])<<24
	}
	if header > most || header > len(content) {
		return nil, bad(name, nil, "a header of %d bytes in a file of %d", header, len(content))
	}
	defer func() {
		if r := recover(); r != nil {
			a, err = nil, bad(name, nil, "a damaged npy header (%v)", r)
		}
	}()
	br := bytes.NewReader(content)
	r, err := npy.NewReader(br)
	if err != nil {
		return nil, bad(name, err, "not a readable npy file")
	}
	kind, size, big, err := dtype(r.Header.Descr.Type)
	if err != nil {
		return nil, bad(name, nil, "%v", err)
	}
	if a, err = newArray(name, r.Header.Descr.Shape, kind, size, content[len(content)-br.Len():]); err != nil {
		return nil, err
	}
	a.Big, a.Fortran = big, r.Header.Descr.Fortran
	return a, nil
}

// dtype reads numpy's notation of a type, such as '<f4'.
func dtype(text string) (kind Kind, size int, big bool, err error) {
	t := strings.Trim(text, "'\"")
	if strings.HasPrefix(t, "|O") {
		return 0, 0, false, errors.New("the array holds Python objects, which would have to run code to be read; save it with a type of numbers or text")
	}
	if len(t) < 3 {
		return 0, 0, false, fmt.Errorf("elements of type %s; numbers and text are read", text)
	}
	big = t[0] == '>'
	size, err = strconv.Atoi(t[2:])
	if err != nil || !strings.ContainsRune("<>|=", rune(t[0])) {
		return 0, 0, false, fmt.Errorf("elements of type %s; numbers and text are read", text)
	}
	valid := false
	switch t[1] {
	case 'f':
		kind, valid = Float, size == 2 || size == 4 || size == 8
	case 'i':
		kind, valid = Int, size == 1 || size == 2 || size == 4 || size == 8
	case 'u':
		kind, valid = Uint, size == 1 || size == 2 || size == 4 || size == 8
	case 'b':
		kind, valid = Uint, size == 1
	case 'S', 'a':
		kind, valid = Bytes, size > 0 && size < maxBytes
	case 'U':
		kind, valid = Unicode, size > 0 && size < maxBytes/4
		size *= 4
	}
	if !valid {
		return 0, 0, false, fmt.Errorf("elements of type %s; numbers of up to 64 bits and text are read", text)
	}
	return kind, size, big, nil
}

func readNPZ(content []byte, name string) (map[string]*Array, error) {
	zr, err := zip.NewReader(bytes.NewReader(content), int64(len(content)))
	if err != nil {
		return nil, bad(name, err, "not a readable npz; fetch it again")
	}
	all := map[string]*Array{}
	left := growth.Times*int64(len(content)) + growth.Slack
	for _, f := range zr.File {
		if strings.HasSuffix(f.Name, "/") {
			continue
		}
		key, named := strings.CutSuffix(f.Name, ".npy") // which not every program adds
		of := name + "/" + key
		if all[key] != nil {
			return nil, bad(of, nil, "the array occurs twice")
		}
		raw, err := entry(f, content, left)
		if err != nil {
			return nil, bad(of, err, "cannot be unpacked; fetch the file again")
		}
		if f.Method != zip.Store {
			left -= int64(len(raw))
		}
		if !named && !bytes.HasPrefix(raw, []byte("\x93NUMPY")) {
			continue
		}
		if all[key], err = readNPY(raw, of); err != nil {
			return nil, err
		}
	}
	return all, nil
}

// entry returns the content of one entry: a view of the archive where it is not
// compressed.
func entry(f *zip.File, content []byte, most int64) ([]byte, error) {
	r, err := f.Open()
	if err != nil {
		return nil, err
	}
	defer r.Close()
	if f.Method == zip.Store {
		// Reading it once makes zip check its checksum.
		if _, err := io.Copy(io.Discard, r); err != nil {
			return nil, err
		}
		at, err := f.DataOffset()
		if err != nil {
			return nil, err
		}
		if n := f.UncompressedSize64; at >= 0 && at <= int64(len(content)) && n <= uint64(int64(len(content))-at) {
			return content[at : at+int64(n)], nil
		}
		return nil, io.ErrUnexpectedEOF
	}
	var b bytes.Buffer
	if n, err := b.ReadFrom(io.LimitReader(r, most+1)); err != nil || n > most {
		if err == nil {
			err = fmt.Errorf("it grows beyond %d times the file; unpack it first, or save it with numpy.savez", growth.Times)
		}
		return nil, err
	}
	return b.Bytes(), nil
}

func readSafetensors(content []byte, name string) (map[string]*Array, error) {
	st, err := safetensors.Deserialize(content)
	if err != nil {
		return nil, bad(name, err, "no npy, npz or safetensors file, or a damaged one")
	}
	all := map[string]*Array{}
	for _, v := range st.Tensors() {
		var shape []int
		for _, d := range v.TensorView.Shape() {
			if d > math.MaxInt32 {
				return nil, bad(name+"/"+v.Name, nil, "a dimension of %d", d)
			}
			shape = append(shape, int(d))
		}
		var kind Kind
		switch dt := v.TensorView.DType(); dt {
		case safetensors.F16, safetensors.F32, safetensors.F64:
			kind = Float
		case safetensors.BF16:
			kind = Brain
		case safetensors.I8, safetensors.I16, safetensors.I32, safetensors.I64:
			kind = Int
		case safetensors.U8, safetensors.U16, safetensors.U32, safetensors.U64, safetensors.BOOL:
			kind = Uint
		default:
			return nil, bad(name+"/"+v.Name, nil, "elements of type %v", dt)
		}
		a, err := newArray(name+"/"+v.Name, shape, kind, int(v.TensorView.DType().Size()), v.TensorView.Data())
		if err != nil {
			return nil, err
		}
		all[v.Name] = a
	}
	return all, nil
}

// Names returns the names of the arrays with their shapes, for errors.
func (a *File) Names() []string {
	var names []string
	for n, x := range a.Arrays {
		names = append(names, fmt.Sprintf("%s %v", n, x.Shape))
	}
	sort.Strings(names)
	return names
}
