package unlearning

import (
	"errors"
	"fmt"

	"github.com/miniunlearn/miniunlearn/unlearning/contraction"
	"github.com/miniunlearn/miniunlearn/unlearning/defaults"
)

// recursion returns the recursion for a request: the parts that m leaves open, as
// its budget allows.
func (m Mini) recursion(req *Request) (Recursion, error) {
	r := m.Convex
	chosen := r.Disturbance != nil
	disturbance := contraction.Interpolated{Knots: defaults.Knots}
	switch d := r.Disturbance.(type) {
	case nil:
		disturbance.Tails = m.Cost > 0 || tailsPay(req)
		r.Disturbance = disturbance
	case contraction.Interpolated:
		disturbance = d
	case contraction.PerStep:
		disturbance = contraction.Interpolated{}
	default:
		if m.Cost > 0 {
			return r, fmt.Errorf("set Cost or Convex.Disturbance, not both: what %s costs is not known beforehand", d)
		}
	}
	curvature := contraction.Sampled{Own: smallBatches(req)}
	if m.Cost == 0 {
		if r.Curvature == nil {
			r.Curvature = curvature
		}
		return r, nil
	}
	if r.Curvature != nil {
		return r, errors.New("set Cost or Convex.Curvature, not both: what Cost leaves is spent on curvature")
	}
	budget := m.Cost * req.RetrainCost()
	largest := func(d contraction.Interpolated) (share, least float64, err error) {
		return contraction.LargestSample(req.System, r.Window, d, curvature, defaults.LeastCurvatureSample, budget)
	}
	share, least, err := largest(disturbance)
	if err == nil && !chosen {
		var plain float64
		if plain, least, err = largest(contraction.Interpolated{Knots: disturbance.Knots}); share < defaults.TailsWorth*plain {
			share, disturbance.Tails = plain, false
		}
		r.Disturbance = disturbance
	}
	if err != nil {
		return r, err
	}
	if share == 0 {
		return r, fmt.Errorf("%w: the disturbances and the smallest curvature samples cost %.3f of retraining, not %g", ErrBudget, least/req.RetrainCost(), m.Cost)
	}
	curvature.Share = share
	r.Curvature = curvature
	return r, nil
}

// smallBatches reports whether the run's batches differ from each other so much that
// each needs a sample of its own.
func smallBatches(req *Request) bool {
	return float64(req.Run.Config.Batch) < min(defaults.SmallBatch, defaults.SmallBatchShare*float64(req.Run.Data.Len()))
}

// tailsPay reports whether smaller last batches are worth their cost where there is
// no budget. A share r of U costs r/(1−r) of retraining per epoch visited: above a
// third larger last batches cost more than they mend. Smaller ones cost little and
// pull hardest: for 4 examples beside batches of 1024 the error at r = 0.5 is 0.79
// without them and 0.22 with.
func tailsPay(req *Request) bool {
	n := float64(req.Run.Data.Len())
	share, tail := float64(req.Forget.Len())/n, float64(req.Run.Order.N%req.Run.Order.Batch)/float64(req.Run.Order.N)
	return share <= defaults.TailsBelow || min(share, 1-share)/(1-share)*tail <= defaults.TailsCost
}
