package history

import (
	"fmt"

	"github.com/miniunlearn/miniunlearn/nets"
)

// version of the format. It changes with the fingerprint too: what an old
// record lacks cannot be compared, and is not in it. 1 lacked augmentation, loss
// and w_0, 2 the ids of an augmented run, 3 and 4 the digest of w_T, 5 what a
// run needs to go on, 6 the streams that initial parameters and augmentation are drawn
// from, 7 the recency of logit gradients.
const version = 8

// Description is what is known of a recorded run before its first step: the content
// of run.json, and enough to train it again.
type Description struct {
	Version int         `json:"version"`
	Policy  string      `json:"policy"`
	Run     Fingerprint `json:"run"`
	Config  runConfig   `json:"config"`
}

// runConfig is what a nets.Config says beside the fingerprint.
type runConfig struct {
	Epochs  int  `json:"epochs"`
	Steps   int  `json:"steps,omitempty"`
	Crop    int  `json:"crop,omitempty"`
	Flip    bool `json:"flip,omitempty"`
	Classes int  `json:"classes"`
	From    bool `json:"from,omitempty"` // whether w_0 is none of the seed's
}

// describe returns the description of a run.
func describe(p Policy, print Fingerprint, cfg nets.Config, classes int) Description {
	return Description{version, p.String(), print, runConfig{
		cfg.Epochs, cfg.Steps, cfg.Augment.Crop, cfg.Augment.Flip, classes, cfg.From != nil,
	}}
}

// validate checks that the numbers can be those of a run.
func (d Description) validate() error {
	const most = 1 << 40
	r := d.Run
	if r.Params < 1 || r.Params > most || r.Steps < 1 || r.Steps > most || d.Config.Classes < 1 || d.Config.Classes > most || r.Order.N > 1<<31 {
		return fmt.Errorf("a run of %d parameters, %d steps, %d examples and %d classes", r.Params, r.Steps, r.Order.N, d.Config.Classes)
	}
	return r.Order.Validate()
}

// TrainConfig returns the configuration of the run, but for its engine, and for the
// initial parameters where they are none of the seed's. lr is the schedule where it
// is none of package nets, else nil.
func (d Description) TrainConfig(lr nets.LRSchedule) (nets.Config, error) {
	f, c := d.Run, d.Config
	if lr == nil {
		var err error
		if lr, err = nets.ParseSchedule(f.LR); err != nil {
			return nets.Config{}, err
		}
	}
	if lr.String() != f.LR {
		return nets.Config{}, fmt.Errorf("history: %w: its learning rates are %s, not %s", ErrMismatch, f.LR, lr)
	}
	return nets.Config{
		Epochs: c.Epochs, Steps: c.Steps, Batch: f.Order.Batch, LR: lr, Momentum: f.Momentum, WeightDecay: f.WeightDecay,
		Seed: f.Order.Seed, Holes: f.Order.Holes, Augment: nets.Augment{Crop: c.Crop, Flip: c.Flip}, DType: dtypeOf(f.DType),
	}, nil
}

// Describe returns the description of the run in a folder.
func Describe(dir string) (Description, error) {
	s, err := openFolder(dir)
	if err != nil {
		return Description{}, err
	}
	return s.head, nil
}
