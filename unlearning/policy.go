package unlearning

import (
	"github.com/miniunlearn/miniunlearn/data"
	"github.com/miniunlearn/miniunlearn/nets"
	"github.com/miniunlearn/miniunlearn/unlearning/history"
)

// Policy returns what runs of model on ds by cfg have to record for the
// methods: the least that serves them all. It reports false where they need no
// record.
func Policy(model *nets.Model, ds *data.Dataset, cfg nets.Config, methods ...Method) (p history.Policy, ok bool) {
	var gradients, checkpoints, pushes bool
	for _, m := range methods {
		needs := m.Needs()
		if mini, is := m.(Mini); is && mini.Recursive(&nets.Run{Model: model, Data: ds, Config: cfg.WithDefaults()}) {
			needs = NeedsGradients
		}
		gradients = gradients || needs == NeedsGradients
		checkpoints = checkpoints || needs == NeedsCheckpoints
		pushes = pushes || needs == NeedsPushes
	}
	switch {
	case gradients:
		p = history.All()
	case checkpoints:
		p = history.Halving(5)
	case pushes:
		return history.Pushes(), true
	}
	if pushes {
		p = p.WithPushes()
	}
	return p, gradients || checkpoints
}
