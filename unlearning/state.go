package unlearning

import (
	"github.com/miniunlearn/miniunlearn/graph"
	"github.com/miniunlearn/miniunlearn/unlearning/history"
)

// checkpoint is the policy that keeps the state after a share of the run. One
// that is none, or the end, needs no record: Unlearn refuses the first, and
// w_T is there.
func checkpoint(share float64) history.Policy {
	if !(share >= 0 && share < 1) {
		return history.Policy{}
	}
	return history.At(share)
}

// state returns parameters and momentum before the first step from t on of
// which the record gives them: t itself if its gradient is recorded, else the
// next checkpoint. A *history.GapError says that there is none.
func (q *request) state(t int) (at int, w, mom *graph.Tensor, err error) {
	for _, c := range q.History.Covered() {
		if c[0] <= t && t < c[1] {
			for s, err := range q.History.Steps(q.model, q.rate, t, t+1) {
				if err != nil {
					return 0, nil, nil, err
				}
				q.read += s.BytesRead
				return t, s.W.Clone(), s.P.Clone(), nil
			}
		}
	}
	for _, at := range q.History.Checkpoints() {
		if at >= t {
			w, mom, read, err := q.History.Checkpoint(at)
			q.read += read
			return at, w, mom, err
		}
	}
	return 0, nil, nil, &history.GapError{From: t, To: t, Policy: q.History.Policy()}
}
