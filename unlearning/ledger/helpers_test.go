package ledger_test

import (
	"encoding/binary"
	"math"
)

// bytesOf are numbers as files hold them.
func bytesOf(v []float32) []byte {
	var raw []byte
	for _, x := range v {
		raw = binary.LittleEndian.AppendUint32(raw, math.Float32bits(x))
	}
	return raw
}
