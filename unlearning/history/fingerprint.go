package history

import (
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"math"

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

// checksum is the CRC-32C of the examples and labels. It takes 50 ms for MNIST,
// which every request pays: a sum kept from before would not notice that the
// data changed in place.
func checksum(ds *data.Dataset) uint32 {
	var sum uint32
	buf := make([]byte, 0, 1<<14)
	flush := func() {
		sum = crc32.Update(sum, castagnoli, buf)
		buf = buf[:0]
	}
	for _, v := range ds.X {
		if buf = binary.LittleEndian.AppendUint32(buf, math.Float32bits(v)); len(buf) == cap(buf) {
			flush()
		}
	}
	flush()
	for _, y := range ds.Y {
		if buf = binary.LittleEndian.AppendUint32(buf, uint32(y)); len(buf) == cap(buf) {
			flush()
		}
	}
	flush()
	return sum
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
