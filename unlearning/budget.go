package unlearning

import (
	"errors"
	"fmt"
	"math"
	"sort"

	"github.com/miniunlearn/miniunlearn/nets"
	"github.com/miniunlearn/miniunlearn/unlearning/contraction"
	"github.com/miniunlearn/miniunlearn/unlearning/defaults"
)

// recursion returns the recursion for a request: the parts that m leaves open, as
// a budget allows, if m has one.
func (m Mini) recursion(req *Request, budget float64) (Recursion, error) {
	r := m.Convex
	shorten := r.Window == contraction.Window{} && req.Watch == nil
	if shorten {
		r.Window.Last = remembered(req)
	}
	if m.Cost == 0 {
		if r.Disturbance == nil {
			r.Disturbance = contraction.Interpolated{Knots: defaults.Knots, Tails: tailsPay(req)}
		}
		if r.Curvature == nil {
			r.Curvature = contraction.Sampled{Own: true, Share: usualShare(req, r.Window)}
		}
		return r, nil
	}
	if r.Curvature != nil {
		return r, errors.New("set Cost or Convex.Curvature, not both: what Cost leaves is spent on curvature")
	}
	spent, err := r.spend(req, budget)
	if err != nil || !shorten || r.Window.Last == 0 || !spent.whole() {
		return spent, err
	}
	// There is more than the window needs: a longer one, as long as whole batches are
	// paid for.
	const parts = 64
	last := r.Window.Last
	longer := func(i int) (Recursion, error) {
		r.Window.Last = last + (1-last)*float64(i)/parts
		return r.spend(req, budget)
	}
	i := sort.Search(parts, func(i int) bool {
		some, e := longer(i + 1)
		return e != nil || !some.whole()
	})
	return longer(i)
}

// whole reports whether the curvature is that of whole batches.
func (r Recursion) whole() bool {
	c, ok := r.Curvature.(contraction.Sampled)
	return ok && c.Share >= 1
}

// spend returns r with the parts that it leaves open chosen such that it takes as much of
// a budget, in gradient evaluations, as it can: disturbances, and then curvature.
func (r Recursion) spend(req *Request, budget float64) (Recursion, error) {
	curvature := contraction.Sampled{Own: true}
	var least float64
	smallest := defaults.LeastCurvatureSample
	largest := func(d contraction.Interpolated) (share float64, err error) {
		share, least, err = contraction.LargestSample(req.System, r.Window, d, curvature, smallest, budget)
		return share, err
	}
	var err error
	switch d := r.Disturbance.(type) {
	case nil:
		// With smaller last batches, if they leave enough, or without.
		tails, e := knots(req, r.Window, contraction.Interpolated{Tails: true}, budget)
		if e != nil {
			return r, e
		}
		plain, e := knots(req, r.Window, contraction.Interpolated{}, budget)
		if e != nil {
			return r, e
		}
		with, e := largest(tails)
		if e != nil {
			return r, e
		}
		curvature.Share, err = largest(plain)
		// Fewer epochs, if that leaves a sample that tells something: a short run has few.
		smallest = defaults.FewKnotsSample * usualShare(req, r.Window)
		for curvature.Share == 0 && with == 0 && err == nil && plain.Knots > defaults.LeastKnots {
			plain.Knots--
			curvature.Share, err = largest(plain)
		}
		if r.Disturbance = plain; with >= defaults.TailsWorth*curvature.Share {
			r.Disturbance, curvature.Share = tails, with
		}
	case contraction.Interpolated:
		curvature.Share, err = largest(d)
	case contraction.PerStep:
		curvature.Share, err = largest(contraction.Interpolated{})
	default:
		return r, fmt.Errorf("set Cost or Convex.Disturbance, not both: what %s costs is not known beforehand", d)
	}
	if err == nil && curvature.Share == 0 {
		err = fmt.Errorf("%w: the disturbances and the smallest curvature samples cost %.3f of retraining, and %.3f is left for them", ErrBudget, least/req.RetrainCost(), budget/req.RetrainCost())
	}
	r.Curvature = curvature
	return r, err
}

// knots returns d with as many knots as a part of the budget pays for, the usual number at
// least.
func knots(req *Request, w contraction.Window, d contraction.Interpolated, budget float64) (contraction.Interpolated, error) {
	per := req.Run.Order.StepsPerEpoch()
	epochs := (req.Run.Steps + per - 1) / per
	var err error
	more := sort.Search(max(0, epochs-defaults.Knots), func(i int) bool {
		d.Knots = epochs - i
		cost, e := contraction.DisturbanceCost(req.System, w, d)
		err = errors.Join(err, e)
		return cost <= defaults.DisturbanceShare*budget
	})
	d.Knots = max(epochs-more, defaults.Knots)
	return d, err
}

// remembered returns the last part of the run of which something is left at its end, as a
// share of its learning time, and 0 for all of it. Weight decay alone shrinks what was
// before, and curvature does more. With momentum a difference d of the runs and q of their
// momenta shrinks by (d, q) ← (d − η (β q + λ d), β q + λ d), no faster than √β a step; d
// is counted in full, and of q what takes d as far in a time of 1/(1−β) steps.
func remembered(req *Request) float64 {
	covered := req.Record.Covered()
	if len(covered) != 1 || covered[0] != [2]int{0, req.Run.Steps} {
		return 0 // a window may begin in a gap
	}
	beta, decay := req.Run.Config.Momentum, req.Run.Config.WeightDecay
	total := nets.LearningTime(req.Run.Config.LR, 0, req.Run.Steps)
	d, q, last := 1., 0., 0. // what d and q before a step are of d at the end
	for t := req.Run.Steps - 1; t > 0; t-- {
		rate := req.Rate(t)
		d, q = (1-rate*decay)*d+decay*q, beta*(q-rate*d)
		if last += rate; math.Abs(d)*rate+math.Abs(q)*(1-beta) <= defaults.Forgotten*rate && rate > 0 {
			return last / total
		}
	}
	return 0
}

// usualShare is the curvature sample where there is no budget: as a share of batches that
// are large enough, more of small ones, and what a window saves.
func usualShare(req *Request, w contraction.Window) float64 {
	order := req.Run.Order
	retained := float64(min(order.Batch, order.N)) * float64(len(req.Retain)) / float64(order.N)
	share := max(defaults.CurvatureSample, defaults.CurvatureExamples/retained)
	if w.Last > 0 {
		share /= w.Last
	}
	return min(1, share)
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
