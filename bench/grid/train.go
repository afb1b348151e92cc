package grid

import (
	"errors"
	"fmt"
	"math"
	"reflect"

	"github.com/miniunlearn/miniunlearn/nets"
)

// Train says how base runs are trained: the fields of nets.Config that a grid can
// vary, in the words of the flags.
type Train struct {
	Epochs      List[int]     `json:"epochs,omitempty"`
	Steps       List[int]     `json:"steps,omitempty"` // in place of epochs
	Batch       List[int]     `json:"batch,omitempty"`
	LR          List[float64] `json:"lr,omitempty"`       // the rate, or its peak
	Schedule    List[string]  `json:"schedule,omitempty"` // constant or cosine
	Warmup      List[float64] `json:"warmup,omitempty"`   // share of the steps, of cosine
	Momentum    List[float64] `json:"momentum,omitempty"`
	WeightDecay List[float64] `json:"weight_decay,omitempty"`
	Augment     List[string]  `json:"augment,omitempty"` // none, crop:PIXELS, flip, or crop:PIXELS,flip
	DType       List[string]  `json:"dtype,omitempty"`   // float32 or float64
}

// over returns t with what it lacks taken from base; of steps and epochs it keeps
// the one that it has.
func (t Train) over(base Train) Train {
	if len(t.Steps)+len(t.Epochs) == 0 {
		t.Steps, t.Epochs = base.Steps, base.Epochs
	}
	t.Batch, t.LR, t.Schedule, t.Warmup = or(t.Batch, base.Batch), or(t.LR, base.LR), or(t.Schedule, base.Schedule), or(t.Warmup, base.Warmup)
	t.Momentum, t.WeightDecay = or(t.Momentum, base.Momentum), or(t.WeightDecay, base.WeightDecay)
	t.Augment, t.DType = or(t.Augment, base.Augment), or(t.DType, base.DType)
	return t
}

// Over returns trainings with the fields of t in the place of theirs; none, where t
// has none.
func (t Train) Over(all List[Train]) List[Train] {
	if reflect.ValueOf(t).IsZero() {
		return all
	}
	if len(all) == 0 {
		return List[Train]{t}
	}
	over := make(List[Train], len(all))
	for i, base := range all {
		over[i] = t.over(base)
	}
	return over
}

// Configs returns the configurations of t, in the order of its fields, the last
// changing fastest, each but for its seed and engine.
func (t Train) Configs() ([]nets.Config, error) {
	if len(t.Steps) > 0 && len(t.Epochs) > 0 {
		return nil, errors.New("there are epochs and steps; give one of them")
	}
	cfgs := []nets.Config{{}}
	err := errors.Join(
		vary(&cfgs, "epochs", t.Epochs, func(c *nets.Config, v int) error { c.Epochs = v; return atLeast1(v) }),
		vary(&cfgs, "steps", t.Steps, func(c *nets.Config, v int) error { c.Steps = v; return atLeast1(v) }),
		vary(&cfgs, "batch", t.Batch, func(c *nets.Config, v int) error { c.Batch = v; return atLeast1(v) }),
	)
	// A schedule takes three fields.
	var rates []nets.LRSchedule
	for _, lr := range t.LR {
		for _, schedule := range t.Schedule {
			for _, warmup := range t.Warmup {
				rate, e := newRate(lr, schedule, warmup)
				rates, err = append(rates, rate), errors.Join(err, e)
			}
		}
	}
	err = errors.Join(err,
		vary(&cfgs, "lr", rates, func(c *nets.Config, v nets.LRSchedule) error { c.LR = v; return nil }),
		vary(&cfgs, "momentum", t.Momentum, func(c *nets.Config, v float64) error {
			if c.Momentum = v; !(v >= 0 && v < 1) {
				return errors.New("is outside [0, 1)")
			}
			return nil
		}),
		vary(&cfgs, "weight_decay", t.WeightDecay, func(c *nets.Config, v float64) error {
			if c.WeightDecay = v; !(v >= 0) || math.IsInf(v, 0) {
				return errors.New("must be finite and not negative")
			}
			return nil
		}),
		vary(&cfgs, "augment", t.Augment, func(c *nets.Config, v string) (err error) { c.Augment, err = parseAugment(v); return err }),
		vary(&cfgs, "dtype", t.DType, func(c *nets.Config, v string) (err error) { c.DType, err = parseDType(v); return err }),
	)
	if err != nil {
		return nil, firstOf(err)
	}
	return cfgs, nil
}

// firstOf returns the first of joined errors: one line is enough to go on.
func firstOf(err error) error {
	for {
		joined, ok := err.(interface{ Unwrap() []error })
		if !ok {
			return err
		}
		err = joined.Unwrap()[0]
	}
}

// vary multiplies configurations by the values of a field. No values leave them as
// they are.
func vary[T any](cfgs *[]nets.Config, field string, values []T, set func(*nets.Config, T) error) error {
	if len(values) == 0 {
		return nil
	}
	var all []nets.Config
	for _, c := range *cfgs {
		for _, v := range values {
			if err := set(&c, v); err != nil {
				return fmt.Errorf("%s %v %w", field, v, err)
			}
			all = append(all, c)
		}
	}
	*cfgs = all
	return nil
}

func atLeast1(v int) error {
	if v < 1 {
		return errors.New("must be at least 1")
	}
	return nil
}
