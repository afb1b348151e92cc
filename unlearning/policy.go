package unlearning

import (
	"github.com/miniunlearn/miniunlearn/data"
	"github.com/miniunlearn/miniunlearn/nets"
	"github.com/miniunlearn/miniunlearn/unlearning/history"
)

// Policy returns what runs of model on ds by cfg have to record for the
// methods. It reports false where they need no record.
func Policy(model *nets.Model, ds *data.Dataset, cfg nets.Config, methods ...Method) (p history.Policy, ok bool) {
	var gradients, pushes bool
	var checkpoints []float64
	for _, m := range methods {
		needs := m.Needs()
		if mini, is := m.(Mini); is && mini.Recursive(&nets.Run{Model: model, Data: ds, Config: cfg.WithDefaults()}) {
			needs = NeedsGradients
		}
		gradients = gradients || needs == NeedsGradients
		if needs == NeedsCheckpoints {
			for _, s := range starts(m) {
				if s >= 0 && s < 1 { // the method itself refuses others
					checkpoints = append(checkpoints, s)
				}
			}
		}
		pushes = pushes || needs == NeedsPushes
	}
	switch {
	case gradients:
		p = history.All()
	case len(checkpoints) > 0:
		p = history.At(checkpoints...)
	case pushes:
		return history.Pushes(), true
	}
	if pushes {
		p = p.WithPushes()
	}
	return p, gradients || len(checkpoints) > 0
}

// starts returns the shares of the run after which a method starts: those of
// history.Halving(5) for one that is not known here.
func starts(m Method) []float64 {
	switch m := m.(type) {
	case Rewind:
		return []float64{1 - m.cost()}
	case Accelerate:
		return []float64{m.Start}
	}
	return []float64{1. / 32, 1. / 16, 1. / 8, 1. / 4, 1. / 2}
}
