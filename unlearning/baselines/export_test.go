package baselines

import (
	"github.com/miniunlearn/miniunlearn/graph"
	"github.com/miniunlearn/miniunlearn/unlearning"
)

// Mu is how far apart results may be, in standard deviations of the noise.
func (n Noise) Mu() float64 { return n.mu() }

// Reach is Δ, and by how much more than in one step the noise of all steps spreads.
func (f NoisyFineTune) Reach() (sensitivity, spread float64) { return f.reach() }

// Drift is D, and the radius R.
func (d NoisyDescent) Drift(req *unlearning.Request) (apart, radius float64, err error) {
	o, err := d.objective(req)
	if err != nil {
		return 0, 0, err
	}
	apart, _ = o.drift(req)
	return apart, o.radius, nil
}

// Rewind returns what SCRUB with rewind makes of the ends of rounds, and the validation
// examples that it compares with.
func Rewind(p unlearning.Problem, ends ...*graph.Tensor) (*graph.Tensor, []int, error) {
	req, _, err := unlearning.Begin(SCRUB{}, p)
	if err != nil {
		return nil, nil, err
	}
	t := &task{Request: req, Validation: p.Validation, examples: p.Forget.Positions()}
	like, err := t.validationLike()
	if err != nil {
		return nil, nil, err
	}
	w, err := t.rewind(ends, like)
	return w, like, err
}
