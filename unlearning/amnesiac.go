package unlearning

import (
	"context"

	"github.com/miniunlearn/miniunlearn/unlearning/history"
)

// Amnesiac takes back, from w_T, the whole update of every recorded step whose
// batch held forgotten examples (Graves, Nagisetty and Ganesh, AAAI 2021):
//
//	u = w_T − Σ_{t: B_t∩U≠∅} (w_{t+1} − w_t).
//
// It computes nothing. Each of those updates has to be recorded.
type Amnesiac struct{}

// Name implements Method.
func (Amnesiac) Name() string { return "amnesiac" }

// History implements Method: every update.
func (Amnesiac) History(Plan) history.Policy { return history.All() }

// Unlearn implements Method.
func (a Amnesiac) Unlearn(ctx context.Context, p Problem) (*Result, error) {
	q, done, err := begin(a, p)
	if err != nil || done != nil {
		return done, err
	}
	u := q.Run.Params.Clone()
	for pt, err := range q.trajectory(0) {
		if err == nil {
			err = ctx.Err()
		}
		if err != nil {
			return q.fail(err)
		}
		if _, gone := pt.sizes(); gone > 0 {
			if pt.g == nil { // a gap of the record, whose updates would be guesses
				return q.fail(q.gap(pt.t, pt.t+1))
			}
			addScaled(u, 1, pt.w)
			addScaled(u, -1, pt.wNext)
		}
	}
	return q.end(u)
}
