package unlearning

import (
	"math"
	"slices"

	"gonum.org/v1/gonum/floats"

	"github.com/miniunlearn/miniunlearn/graph"
	"github.com/miniunlearn/miniunlearn/internal/purpose"
	"github.com/miniunlearn/miniunlearn/internal/vector"
	"github.com/miniunlearn/miniunlearn/unlearning/defaults"
)

// untaught lowers the logits of labels that no retained example has, such as that of a
// class which is forgotten as a whole. Retraining teaches every retained example, in every step of
// the run, that it has no such label, and generalises that to U; a short run has too few
// steps, and what U taught holds against them. But to a model that was never taught a label
// one input is as little of it as another. The log odds of the label against all but such
// labels are therefore lowered, on U's examples with it, to what they were on the retained
// examples after the training, in the mean of a sample.
//
// The last layer's own parameters are moved along the mean gradient of the label's logit.
// No other logit changes, and the retained examples' log odds of the label fall, too. One
// retained example with the label is enough for it to be taught.
type untaught struct {
	req    *Request
	labels []int         // in order; none if they cannot be lowered
	forget map[int][]int // a sample of U's examples with each of them
	retain []int         // a sample of the others
}

// newUntaught sets a part of a budget aside, if there are such labels. Where it is too small, or
// the last layer is not linear in its own parameters, GuardNotLowered counts them.
func (req *Request) newUntaught(b *budget) (*untaught, error) {
	n := &untaught{req: req, forget: map[int][]int{}}
	y := req.Run.Data.Y
	of := map[int][]int{}
	for _, i := range req.Forget.Positions() {
		of[int(y[i])] = append(of[int(y[i])], i)
	}
	for _, i := range req.Retain {
		delete(of, int(y[i]))
	}
	if len(of) == 0 {
		return n, nil
	}
	size := checkSize(b.total)
	each := size / len(of)
	if each == 0 {
		req.Guards[GuardNotLowered] += len(of)
		return n, nil
	}
	r := req.Rand(purpose.Check, 1)
	n.retain = draw(r, req.Retain, size)
	linear, err := req.linearHead(n.retain[:1])
	if err != nil {
		return nil, err
	}
	thirds := 2 // linearHead
	if !linear {
		req.Guards[GuardNotLowered] += len(of)
	} else {
		thirds += 2 * len(n.retain) // logits before and after
		for label := range req.Model.Arch().Classes {
			if of[label] != nil {
				n.labels = append(n.labels, label)
				n.forget[label] = draw(r, of[label], each)
				thirds += 5 * len(n.forget[label]) // a gradient as well
			}
		}
	}
	b.spend(float64(thirds) / 3)
	return n, nil
}

// start returns where training starts for a U of the share r that differs so, as a share
// of the way from w_T to w_0.
func (n *untaught) start(r float64, l learned, differs unlike) float64 {
	// The mean error of a run that broke down may be anything.
	errors := defaults.RestartErrors * min(1, l.errors)
	switch {
	case differs.doubtful:
		return r + max(defaults.RestartDoubtful, errors)*(1-r)
	case differs.guard == "":
		return r + errors*(1-r)
	case len(differs.labels) > 0 && !slices.ContainsFunc(differs.labels, func(label int) bool { return n.forget[label] == nil }):
		return r + defaults.RestartUntaught*(1-r)
	}
	return r + defaults.RestartUnlike*(1-r)
}

// lower returns u with the logits of the labels lowered. Where one would not come to what it should,
// or they would become more probable on the others by more than defaults.HarmLeast, GuardNotLowered
// counts them, and u is as it was.
func (n *untaught) lower(u *graph.Tensor) (*graph.Tensor, error) {
	if len(n.labels) == 0 {
		return u, nil
	}
	m := n.req.Model
	others, err := n.req.logits(u, n.retain)
	if err != nil {
		return nil, err
	}
	lowered, target := u.Clone(), map[int]float64{}
	for _, label := range n.labels {
		ids := n.forget[label]
		z, err := n.req.logits(u, ids)
		if err != nil {
			return nil, err
		}
		to := n.logOdds(others, label)
		by := n.logOdds(z, label) - to
		if !(by > 0) {
			continue
		}
		target[label] = to
		mean := make([]float64, len(z))
		for j := label; j < len(mean); j += m.Arch().Classes {
			mean[j] = 1 / float64(len(ids))
		}
		gradient := m.NewVector()
		if err := m.VJP(n.req.LastView(), u, n.req.Run.Data, ids, mean, gradient); err != nil {
			return nil, err
		}
		for i := range headOf(m) {
			gradient.Set(i, 0)
		}
		vector.AddScaled(lowered, -by/vector.Dot(gradient, gradient), gradient)
	}
	done, err := n.reached(lowered, target, others)
	if err == nil && !done {
		n.req.Guards[GuardNotLowered] += len(target)
		return u, nil
	}
	return lowered, err
}

// reached reports whether labels have their target at u, in log odds on U, and are about as improbable as before
// on the others, where they had such logits.
func (n *untaught) reached(u *graph.Tensor, target map[int]float64, others []float64) (bool, error) {
	if !u.Finite() { // the logits do not depend on the last layer
		return false, nil
	}
	for label, to := range target {
		z, err := n.req.logits(u, n.forget[label])
		if err != nil {
			return false, err
		}
		if math.Abs(n.logOdds(z, label)-to) > defaults.ScaleTolerance*max(1, math.Abs(to)) {
			return false, nil
		}
	}
	z, err := n.req.logits(u, n.retain)
	return n.probability(z) <= n.probability(others)+defaults.HarmLeast, err
}

// logOdds is the mean log odds of one of the labels against all others but these, for logits [N, Classes].
func (n *untaught) logOdds(z []float64, label int) float64 {
	k := n.req.Model.Arch().Classes
	var sum float64
	taught := make([]float64, 0, k)
	for i := 0; i < len(z); i += k {
		taught = taught[:0]
		for c, v := range z[i : i+k] {
			if n.forget[c] == nil {
				taught = append(taught, v)
			}
		}
		sum += z[i+label] - floats.LogSumExp(taught)
	}
	return sum / float64(len(z)/k)
}

// probability is the mean probability of the labels together, for logits [N, Classes].
func (n *untaught) probability(z []float64) float64 {
	k := n.req.Model.Arch().Classes
	var sum float64
	for i := 0; i < len(z); i += k {
		all := floats.LogSumExp(z[i : i+k])
		for _, label := range n.labels {
			sum += math.Exp(z[i+label] - all)
		}
	}
	return sum / float64(len(z)/k)
}
