package audit

import (
	"bytes"
	"fmt"
	"slices"

	"codeberg.org/sbinet/npyio"
	"gonum.org/v1/gonum/mat"
)

// encode returns rows × columns float64 as an npy file.
func encode(signals []float64, rows int) ([]byte, error) {
	var b bytes.Buffer
	if err := npyio.Write(&b, mat.NewDense(rows, len(signals)/rows, signals)); err != nil {
		return nil, fmt.Errorf("audit: %w", err)
	}
	return b.Bytes(), nil
}

// getRow reads one row of a signal file of the given shape.
func (f *folder) getRow(name string, row, rows, columns int) ([]float64, error) {
	content, err := f.get(name)
	if err != nil {
		return nil, err
	}
	r, err := npyio.NewReader(bytes.NewReader(content))
	if err != nil {
		return nil, fmt.Errorf("%w: %s: %w", ErrDamaged, f.path(name), err)
	}
	if h := r.Header.Descr; h.Fortran || h.Type != "'<f8'" && h.Type != "<f8" || !slices.Equal(h.Shape, []int{rows, columns}) {
		return nil, fmt.Errorf("%w: %s holds %v of type %s, want [%d %d] of <f8; delete it to train that model again", ErrDamaged, f.path(name), h.Shape, h.Type, rows, columns)
	}
	all := make([]float64, rows*columns)
	if err := r.Read(&all); err != nil {
		return nil, fmt.Errorf("%w: %s: %w", ErrDamaged, f.path(name), err)
	}
	return all[row*columns : (row+1)*columns], nil
}
