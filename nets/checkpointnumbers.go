package nets

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"hash"
	"maps"
	"math"
	"slices"

	"github.com/nlpodyssey/safetensors"

	"github.com/miniunlearn/miniunlearn/graph"
)

// Digest returns the SHA-256, in hex, of the type, the length and the numbers
// of t: equal digests mean equal bits.
func Digest(t *graph.Tensor) string {
	h := sha256.New()
	field(h, []byte(t.DType().String()))
	_, raw := encode(t)
	field(h, raw)
	return hex.EncodeToString(h.Sum(nil))
}

// contentDigest returns that of a checkpoint: of its metadata, but for the digest
// itself, and of the names, types, shapes and numbers of its tensors.
func contentDigest(info map[string]string, views map[string]safetensors.TensorView) string {
	h := sha256.New()
	for _, k := range slices.Sorted(maps.Keys(info)) {
		if k != digestKey {
			field(h, []byte(k))
			field(h, []byte(info[k]))
		}
	}
	for _, name := range slices.Sorted(maps.Keys(views)) {
		v := views[name]
		field(h, []byte(name))
		field(h, fmt.Append(nil, v.DType(), v.Shape()))
		field(h, v.Data())
	}
	return hex.EncodeToString(h.Sum(nil))
}

// field adds a field to a digest, so that no two lists of fields look alike.
func field(h hash.Hash, raw []byte) {
	h.Write(binary.LittleEndian.AppendUint64(nil, uint64(len(raw))))
	h.Write(raw)
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

// decode sets t to the numbers of raw. They must be finite, and stay so in t's
// type.
func decode(t *graph.Tensor, dt safetensors.DType, raw []byte) error {
	var number func(i int) float64
	switch dt {
	case safetensors.F32:
		number = func(i int) float64 { return float64(math.Float32frombits(binary.LittleEndian.Uint32(raw[4*i:]))) }
	case safetensors.F64:
		number = func(i int) float64 { return math.Float64frombits(binary.LittleEndian.Uint64(raw[8*i:])) }
	case safetensors.BF16:
		number = func(i int) float64 {
			return float64(math.Float32frombits(uint32(binary.LittleEndian.Uint16(raw[2*i:])) << 16))
		}
	case safetensors.F16:
		number = func(i int) float64 { return half(binary.LittleEndian.Uint16(raw[2*i:])) }
	default:
		return fmt.Errorf(": numbers of type %s; F64, F32, F16 and BF16 are read", dt)
	}
	for i := range t.Len() {
		v := number(i)
		switch t.Set(i, v); {
		case v-v != 0:
			return fmt.Errorf("[%d] is %g; all parameters must be finite", i, v)
		case t.DType() == graph.Float32 && math.IsInf(t.At(i), 0):
			return fmt.Errorf("[%d] is %g, beyond the numbers of float32; load it into a model of float64", i, v)
		}
	}
	return nil
}

// half returns the number of a binary16 (IEEE 754): sign, 5 bits of exponent, 10
// of fraction.
func half(bits uint16) float64 {
	exponent, fraction := int(bits>>10&31), float64(bits&1023)/1024
	var v float64
	switch exponent {
	case 0:
		v = math.Ldexp(fraction, -14) // subnormal
	case 31:
		if v = math.Inf(1); fraction > 0 {
			v = math.NaN()
		}
	default:
		v = math.Ldexp(1+fraction, exponent-15)
	}
	if bits>>15 == 1 {
		v = -v
	}
	return v
}

// CheckParams returns an error unless w is a vector of m's parameters: [P], of
// m's number type, all finite. It names the first parameter that is not.
func (m *Model) CheckParams(w *graph.Tensor) error {
	switch {
	case w == nil:
		return fmt.Errorf("no parameters, where %s has %d", m.arch.Name, m.size)
	case w.Len() != m.size || w.DType() != m.dt:
		return fmt.Errorf("%d parameters of %s, where %s has %d of %s", w.Len(), w.DType(), m.arch.Name, m.size, m.dt)
	case w.Finite():
		return nil
	}
	for _, p := range m.params {
		for i := range p.Len() {
			if v := w.At(p.Off + i); v-v != 0 {
				return fmt.Errorf("%w: %s[%d] is %g", ErrNotFinite, p.Name, i, v)
			}
		}
	}
	return ErrNotFinite
}
