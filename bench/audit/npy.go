package audit

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"math"
	"strings"
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

// getBlock reads the bytes of one block, along the first axis, of a listed file of
// float32 of the given shape.
func (f *folder) getBlock(name string, block int, shape ...int) ([]byte, error) {
	content, err := f.get(name)
	if err != nil {
		return nil, err
	}
	size := 1
	for _, d := range shape[1:] {
		size *= d
	}
	numbers, ok := bytes.CutPrefix(content, encode(nil, shape...))
	if !ok || len(numbers) != 4*size*shape[0] {
		return nil, fmt.Errorf("%w: %s is no npy file of numbers of the type <f4, want %v of them; delete it to train that model again", ErrDamaged, f.path(name), shape)
	}
	return numbers[4*size*block : 4*size*(block+1)], nil
}

// appendNumbers appends the numbers that a block holds to x.
func appendNumbers(x []float32, block []byte) []float32 {
	for ; len(block) > 0; block = block[4:] {
		x = append(x, math.Float32frombits(binary.LittleEndian.Uint32(block)))
	}
	return x
}
