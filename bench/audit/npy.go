package audit

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"io"
	"math"
	"slices"
	"strings"

	"codeberg.org/sbinet/npyio"
)

// encode returns row-major float32 of a shape as an npy file. npyio writes arrays
// of more than one dimension through reflection, a hundred times slower.
func encode(x []float32, shape ...int) []byte {
	dims := strings.Trim(strings.Join(strings.Fields(fmt.Sprint(shape)), ", "), "[]")
	header := fmt.Sprintf("{'descr': '<f4', 'fortran_order': False, 'shape': (%s), }", dims)
	const before = 10 // magic, version and length
	header += strings.Repeat(" ", 63-(before+len(header))%64) + "\n"
	b := make([]byte, 0, before+len(header)+4*len(x))
	b = append(b, "\x93NUMPY\x01\x00"...)
	b = binary.LittleEndian.AppendUint16(b, uint16(len(header)))
	b = append(b, header...)
	for _, v := range x {
		b = binary.LittleEndian.AppendUint32(b, math.Float32bits(v))
	}
	return b
}

// getBlock reads one block, along the first axis, of a listed file of float32 of the
// given shape, and appends it to x.
func (f *folder) getBlock(x []float32, name string, block int, shape ...int) ([]float32, error) {
	content, err := f.get(name)
	if err != nil {
		return nil, err
	}
	in := bytes.NewReader(content)
	r, err := npyio.NewReader(in)
	if err != nil {
		return nil, fmt.Errorf("%w: %s: %w", ErrDamaged, f.path(name), err)
	}
	size := 1
	for _, d := range shape[1:] {
		size *= d
	}
	if h := r.Header.Descr; h.Fortran || strings.Trim(h.Type, "'") != "<f4" || !slices.Equal(h.Shape, shape) || in.Len() != 4*size*shape[0] {
		return nil, fmt.Errorf("%w: %s holds %v of type %s, want %v of <f4; delete it to train that model again", ErrDamaged, f.path(name), h.Shape, h.Type, shape)
	}
	if _, err := in.Seek(int64(4*size*block), io.SeekCurrent); err != nil {
		return nil, fmt.Errorf("%w: %s: %w", ErrDamaged, f.path(name), err)
	}
	part := content[len(content)-in.Len():]
	for i := range size {
		x = append(x, math.Float32frombits(binary.LittleEndian.Uint32(part[4*i:])))
	}
	return x, nil
}
