package nets

import (
	"fmt"
	"log/slog"
	"math"

	"github.com/miniunlearn/miniunlearn/data"
	"github.com/miniunlearn/miniunlearn/graph"
)

// Config says how to train. The zero value trains one epoch in batches of 64
// at a constant rate of 0.05, without momentum or weight decay, from seed 0.
type Config struct {
	Epochs      int        // 0 means 1
	Batch       int        // examples a step; 0 means 64
	LR          LRSchedule // nil means ConstantRate(0.05)
	Momentum    float64    // β in [0, 1); 0 means none: plain SGD
	WeightDecay float64    // λ ≥ 0, for every parameter; 0 means none
	Seed        uint64     // initial parameters, batch order and augmentation
	Augment     Augment    // of the images trained on; zero is none

	// Steps overrides Epochs with a number of steps, for fractions of an
	// epoch.
	Steps int
	// Drop leaves examples out of every batch; batches are not refilled. A
	// batch with nothing left moves neither parameters nor momentum, but time
	// and learning rate go on. Its size must be the data's, or 0.
	Drop data.ForgetSet
	// Only trains on these examples alone, in full batches; nil means all.
	Only []int
	// From starts at these parameters instead of those of Seed.
	From *graph.Tensor
	// Holes are positions of the batch order at which no example of the data
	// stands any more, see data.Order. Batches are not refilled.
	Holes data.Holes
	// Resume goes on with a run of this Config that was interrupted there, to
	// the same bits as one that was not; nil starts at the beginning.
	Resume *State

	Hooks  []Hook
	Engine graph.Engine // nil means graph.NewWalker(0)
	DType  graph.DType
	Logger *slog.Logger // one line an epoch; nil is silent
}

// WithDefaults returns c with its zero fields filled in.
func (c Config) WithDefaults() Config {
	if c.Epochs == 0 {
		c.Epochs = 1
	}
	if c.Batch == 0 {
		c.Batch = 64
	}
	if c.LR == nil {
		c.LR = ConstantRate(0.05)
	}
	return c
}

// order returns the batch order on ds.
func (c Config) order(ds *data.Dataset) data.Order {
	n := ds.Len() + c.Holes.Len()
	if c.Only != nil {
		n = len(c.Only)
	}
	return data.Order{Seed: c.Seed, N: n, Batch: c.Batch, Holes: c.Holes}
}

// steps returns the number of steps of a run in this order.
func (c Config) steps(o data.Order) int {
	if c.Steps > 0 {
		return c.Steps
	}
	return c.Epochs * o.StepsPerEpoch()
}

func (c Config) validate(ds *data.Dataset) error {
	n := ds.Len()
	switch {
	case n == 0:
		return fmt.Errorf("nets: config: %s has no examples: nothing to train on", ds.Name)
	case c.Epochs < 0 || c.Batch < 0 || c.Steps < 0:
		return fmt.Errorf("nets: config: epochs %d, batch %d and steps %d must not be negative", c.Epochs, c.Batch, c.Steps)
	case !(c.Momentum >= 0 && c.Momentum < 1):
		return fmt.Errorf("nets: config: momentum %g is outside [0, 1)", c.Momentum)
	case !(c.WeightDecay >= 0) || math.IsInf(c.WeightDecay, 0):
		return fmt.Errorf("nets: config: weight decay %g must be finite and not negative", c.WeightDecay)
	case c.Drop.Len() > 0 && c.Only != nil:
		return fmt.Errorf("nets: config: set Drop or Only, not both")
	case c.Holes != (data.Holes{}) && c.Only != nil:
		return fmt.Errorf("nets: config: set Holes or Only, not both")
	}
	if s, ok := c.LR.(CosineRate); ok && !(s.Warmup >= 0 && s.Warmup < 1) {
		return fmt.Errorf("nets: config: warmup %g is outside [0, 1)", s.Warmup)
	}
	if c.Drop.Len() > 0 {
		if err := c.Drop.Validate(n); err != nil {
			return fmt.Errorf("nets: config: Drop: %w", err)
		}
	}
	for i, id := range c.Only {
		if id < 0 || id >= n {
			return fmt.Errorf("nets: config: Only[%d] is %d, but the data has %d examples", i, id, n)
		}
	}
	if c.Only != nil && len(c.Only) == 0 {
		return fmt.Errorf("nets: config: Only is empty: nothing to train on")
	}
	return c.Augment.validate(ds.Shape)
}
