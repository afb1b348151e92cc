package history

import (
	"errors"
	"fmt"
	"hash/crc32"

	"github.com/miniunlearn/miniunlearn/data"
	"github.com/miniunlearn/miniunlearn/graph"
	"github.com/miniunlearn/miniunlearn/nets"
)

// Errors of records that do not fit.
var (
	// ErrMismatch: the record belongs to another run.
	ErrMismatch = errors.New("the record belongs to another run")
	// ErrEngine: the record fits, and another engine made it. It is close to
	// what the run's engine would have recorded, not equal to it.
	ErrEngine = errors.New("another engine recorded it")
)

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
	IDs         uint32     `json:"ids_crc32c"` // of an augmented run, whose images they choose; else 0
}

func fingerprint(m *nets.Model, order data.Order, steps int, cfg nets.Config, ds *data.Dataset, dataSum uint32, w0 *graph.Tensor) Fingerprint {
	initial := crc32.New(castagnoli)
	_ = putNumbers(initial, w0, make([]byte, chunk)) // a checksum takes any bytes
	var ids uint32
	if cfg.Augment != (nets.Augment{}) {
		ids = idChecksum(ds)
	}
	return Fingerprint{
		Arch: m.Arch().Name, Params: m.Size(), DType: m.DType().String(), Engine: m.Engine().Name(),
		Order: order, Steps: steps, LR: cfg.LR.String(), Momentum: cfg.Momentum, WeightDecay: cfg.WeightDecay,
		Augment: cfg.Augment.String(), Loss: m.LossNotation(),
		Initial: initial.Sum32(), Data: dataSum, IDs: ids,
	}
}

// check compares the fingerprint with that of a run, engines last.
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
		{"checksum of the examples' ids", f.IDs, run.IDs},
	} {
		if d.got != d.want {
			return fmt.Errorf("history: %w: %s is %v, the run's is %v", ErrMismatch, d.what, d.got, d.want)
		}
	}
	if f.Engine != run.Engine {
		return fmt.Errorf("history: %w: %s, the run's is %s", ErrEngine, f.Engine, run.Engine)
	}
	return nil
}

// taken tells of each of the steps from … to−1 whether it was one: a batch of
// holes only moves nothing.
func (f Fingerprint) taken(from, to int) []bool {
	yes := make([]bool, to-from)
	if f.Order.Holes == (data.Holes{}) {
		for i := range yes {
			yes[i] = true
		}
		return yes
	}
	per := f.Order.StepsPerEpoch()
	var cuts []int
	for t := from; t < to; t++ {
		if cuts == nil || t%per == 0 {
			cuts = f.Order.Cuts(t / per)
		}
		yes[t-from] = cuts[t%per] < cuts[t%per+1]
	}
	return yes
}
