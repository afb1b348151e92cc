package history

import (
	"encoding/binary"
	"hash/crc32"
	"runtime"
	"sync"
	"sync/atomic"
	"unsafe"

	"github.com/miniunlearn/miniunlearn/data"
	"github.com/miniunlearn/miniunlearn/graph"
)

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// checksum is the CRC-32C of the labels and of the CRC-32Cs of pieces of the
// examples: a large data set is read by all cores, to the same sum.
func checksum(ds *data.Dataset) uint32 {
	const piece = 1 << 18
	sums := make([]uint32, (len(ds.X)+piece-1)/piece)
	var next atomic.Int64
	var wg sync.WaitGroup
	for range min(runtime.GOMAXPROCS(0), len(sums)) {
		wg.Go(func() {
			buf := make([]byte, chunk)
			for {
				i := int(next.Add(1)) - 1
				if i >= len(sums) {
					return
				}
				h := crc32.New(castagnoli)
				_ = putNumbers(h, graph.ReadOnly(ds.X[i*piece:min((i+1)*piece, len(ds.X))]), buf) // a checksum takes any bytes
				sums[i] = h.Sum32()
			}
		})
	}
	wg.Wait()
	var rest []byte
	for _, s := range sums {
		rest = binary.LittleEndian.AppendUint32(rest, s)
	}
	for _, y := range ds.Y {
		rest = binary.LittleEndian.AppendUint32(rest, uint32(y))
	}
	return crc32.Checksum(rest, castagnoli)
}

// idChecksum is the CRC-32C of the ids of all examples.
func idChecksum(ds *data.Dataset) uint32 {
	ids := make([]byte, 0, 8*ds.Len())
	for i := range ds.Len() {
		ids = binary.LittleEndian.AppendUint64(ids, uint64(ds.ID(i)))
	}
	return crc32.Checksum(ids, castagnoli)
}

// known is a data set whose checksum has been taken in this process. A
// Dataset is read-only once in use, so as long as it is the same object, on the
// same arrays, the sum is taken to be the same.
type known struct {
	ds  *data.Dataset
	x   *float32
	y   *int32
	nx  int
	ny  int
	sum uint32
}

func know(ds *data.Dataset, sum uint32) *known {
	return &known{ds, unsafe.SliceData(ds.X), unsafe.SliceData(ds.Y), len(ds.X), len(ds.Y), sum}
}

// checksum returns that of ds, which it takes only of another data set than
// the known one.
func (k *known) checksum(ds *data.Dataset) uint32 {
	if k != nil && *k == *know(ds, k.sum) {
		return k.sum
	}
	return checksum(ds)
}
