package history

import (
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"math"
	"runtime"
	"sync"
	"sync/atomic"

	"github.com/miniunlearn/miniunlearn/data"
	"github.com/miniunlearn/miniunlearn/graph"
	"github.com/miniunlearn/miniunlearn/nets"
)

// ErrMismatch is wrapped by errors that say that a record belongs to another
// run.
var ErrMismatch = errors.New("the record belongs to another run")

// Fingerprint identifies the run of a record.
type Fingerprint struct {
	Arch        string     `json:"arch"`
	Params      int        `json:"params"`
	DType       string     `json:"dtype"`
	Engine      string     `json:"engine"`
	Order       data.Order `json:"order"`
	Steps       int        `json:"steps"`
	LR          string     `json:"lr"`
	Momentum    float64    `json:"momentum"`
	WeightDecay float64    `json:"weight_decay"`
	Augment     string     `json:"augment"`
	Loss        string     `json:"loss"` // see nets.Model.LossNotation
	Initial     uint32     `json:"initial_crc32c"`
	Data        uint32     `json:"data_crc32c"`
}

func fingerprint(m *nets.Model, order data.Order, steps int, cfg nets.Config, ds *data.Dataset, w0 *graph.Tensor) Fingerprint {
	_, initial := encode(w0)
	return Fingerprint{
		Arch: m.Arch().Name, Params: m.Size(), DType: m.DType().String(), Engine: m.Engine().Name(),
		Order: order, Steps: steps, LR: cfg.LR.String(), Momentum: cfg.Momentum, WeightDecay: cfg.WeightDecay,
		Augment: cfg.Augment.String(), Loss: m.LossNotation(),
		Initial: crc32.Checksum(initial, castagnoli), Data: checksum(ds),
	}
}

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
			buf := make([]byte, 0, 1<<14)
			for {
				i := int(next.Add(1)) - 1
				if i >= len(sums) {
					return
				}
				x := ds.X[i*piece : min((i+1)*piece, len(ds.X))]
				for len(x) > 0 {
					n := min(len(x), cap(buf)/4)
					buf = buf[:4*n]
					for j, v := range x[:n] {
						binary.LittleEndian.PutUint32(buf[4*j:], math.Float32bits(v))
					}
					sums[i] = crc32.Update(sums[i], castagnoli, buf)
					x = x[n:]
				}
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

// check compares the fingerprint with that of a run. A record of another
// engine is close but not equal, so it is accepted.
func (f Fingerprint) check(run Fingerprint) error {
	for _, d := range []struct {
		what      string
		got, want any
	}{
		{"architecture", f.Arch, run.Arch},
		{"number of parameters", f.Params, run.Params},
		{"number type", f.DType, run.DType},
		{"batch order", f.Order, run.Order},
		{"number of steps", f.Steps, run.Steps},
		{"learning rates", f.LR, run.LR},
		{"momentum", f.Momentum, run.Momentum},
		{"weight decay", f.WeightDecay, run.WeightDecay},
		{"augmentation", f.Augment, run.Augment},
		{"loss", f.Loss, run.Loss},
		{"checksum of the initial parameters", f.Initial, run.Initial},
		{"checksum of the data", f.Data, run.Data},
	} {
		if d.got != d.want {
			return fmt.Errorf("history: %w: %s is %v, the run's is %v", ErrMismatch, d.what, d.got, d.want)
		}
	}
	return nil
}
