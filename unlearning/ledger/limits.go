package ledger

import (
	"errors"
	"fmt"
	"math"
)

// Since is what has added up since the model was last trained: each request begins
// where the one before it has ended, with its errors.
type Since struct {
	Requests int     `json:"requests"` // that were served
	Examples int     `json:"examples"` // that were forgotten
	Share    float64 `json:"share"`    // the same, of those that the model was trained on
	// Moved is the way that the parameters have gone, Σ ‖u_s − u_{s−1}‖, over that of
	// training, ‖w_T − w_0‖.
	Moved float64 `json:"moved"`
	// ExcessBefore and ExcessAfter add up over forgotten examples by how much their
	// margins were above those of unseen examples, before and after their request. They
	// are zero where there were no unseen examples to compare with.
	ExcessBefore float64 `json:"excess_before"`
	ExcessAfter  float64 `json:"excess_after"`
}

// Remaining is the estimated part of what the model knew of the forgotten examples,
// beyond what it knows of unseen ones, that has been left: 0 where there is nothing
// to estimate it from.
func (s Since) Remaining() float64 {
	if !(s.ExcessBefore > 0) {
		return 0
	}
	return s.ExcessAfter / s.ExcessBefore
}

// Limits say when errors that add up are too many. Zero is no limit. They are on
// estimates, and no promise of how far the model is from a retrained one.
type Limits struct {
	Requests  int     `json:"requests,omitempty"`
	Share     float64 `json:"share,omitempty"`
	Moved     float64 `json:"moved,omitempty"`
	Remaining float64 `json:"remaining,omitempty"`
}

func (l Limits) validate() error {
	for _, v := range []float64{float64(l.Requests), l.Share, l.Moved, l.Remaining} {
		if !(v >= 0) || math.IsInf(v, 0) {
			return fmt.Errorf("limits %+v must be finite and not negative", l)
		}
	}
	return nil
}

// and returns the smaller ones of each.
func (l Limits) and(o Limits) Limits {
	return Limits{int(smaller(float64(l.Requests), float64(o.Requests))), smaller(l.Share, o.Share), smaller(l.Moved, o.Moved), smaller(l.Remaining, o.Remaining)}
}

func smaller(a, b float64) float64 {
	if a == 0 || b != 0 && b < a {
		return b
	}
	return a
}

// check returns an error that wraps ErrRetrain where the limits do not allow
// requests for so many more examples, which are a share of those that the model was
// trained on.
func (l Limits) check(s Since, requests, examples int, share float64) error {
	var over []error
	if n := s.Requests + requests; l.Requests > 0 && n > l.Requests {
		over = append(over, fmt.Errorf("%d requests since the last training, of %d", n, l.Requests))
	}
	if v := s.Share + share; l.Share > 0 && v > l.Share {
		over = append(over, fmt.Errorf("%.1f%% of the examples forgotten since the last training, of %.1f%%", 100*v, 100*l.Share))
	}
	if l.Moved > 0 && s.Moved > l.Moved {
		over = append(over, fmt.Errorf("the parameters have moved by %.3g of what training moved them, of %.3g", s.Moved, l.Moved))
	}
	if v := s.Remaining(); l.Remaining > 0 && v > l.Remaining {
		over = append(over, fmt.Errorf("an estimated %.2f of what was known of the forgotten examples is left, of %.2f", v, l.Remaining))
	}
	if len(over) == 0 {
		return nil
	}
	return fmt.Errorf("%w: %w; call Forget with unlearning.Retrain", ErrRetrain, errors.Join(over...))
}
