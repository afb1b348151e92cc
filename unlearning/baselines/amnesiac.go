package baselines

import (
	"context"

	"github.com/miniunlearn/miniunlearn/internal/vector"
	"github.com/miniunlearn/miniunlearn/unlearning"
	"github.com/miniunlearn/miniunlearn/unlearning/history"
)

// Amnesiac takes back, from w_T, the whole update of every recorded step whose
// batch held forgotten examples (Graves, Nagisetty and Ganesh, AAAI 2021):
//
//	u = w_T − Σ_{t: B_t∩U≠∅} (w_{t+1} − w_t).
//
// It computes nothing. Each of those updates has to be recorded.
type Amnesiac struct{}

// Name implements unlearning.Method.
func (Amnesiac) Name() string { return "amnesiac" }

// History implements unlearning.Method: every update.
func (Amnesiac) History(unlearning.Plan) history.Policy { return history.All() }

// Unlearn implements unlearning.Method.
func (a Amnesiac) Unlearn(ctx context.Context, p unlearning.Problem) (*unlearning.Result, error) {
	req, done, err := unlearning.Begin(a, p)
	if err != nil || done != nil {
		return done, err
	}
	u := req.Run.Params.Clone()
	for pt, err := range req.Trajectory(0) {
		if err == nil {
			err = ctx.Err()
		}
		if err != nil {
			return req.Fail(err)
		}
		if _, forget := pt.Sizes(); forget > 0 {
			if pt.G == nil { // a gap of the record, whose updates would be guesses
				return req.Fail(req.Gap(pt.T, pt.T+1))
			}
			vector.AddScaled(u, 1, pt.W)
			vector.AddScaled(u, -1, pt.WNext)
		}
	}
	return req.Finish(u)
}
