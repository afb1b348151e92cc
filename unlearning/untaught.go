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

// untaught lowers the logits of labels that all their examples are forgotten of, such as
// that of a whole class. Retraining teaches every retained example, in every step of
// the run, that it has no such label, and generalises that to U; a short run has too few
// steps, and what U taught holds against them. But to a model that was never taught a label
// one input is as little of it as another. The log odds of the label on U are
// therefore lowered to what they are on the retained examples, in the mean of a sample.
//
// The last layer's own parameters are moved along the mean gradient of the label's logit on
// U. No other logit changes, so that nothing is lost of what is known of other labels.
type untaught struct {
	req    *Request
	retain []int
	forget map[int][]int // a sample of U for each of the labels
	labels []int         // in order
}

// newUntaught sets a part of a budget aside, if there are such labels.
func (req *Request) newUntaught(b *budget) *untaught {
	n := &untaught{req: req, forget: map[int][]int{}}
	y := req.Run.Data.Y
	of := map[int][]int{}
	for _, i := range req.Forget.Positions() {
		of[int(y[i])] = append(of[int(y[i])], i)
	}
	for _, i := range req.Retain {
		delete(of, int(y[i]))
	}
	size := int(min(defaults.CheckExamples, defaults.CheckCost*b.total)) / max(1, len(of))
	if size == 0 || len(of) == 0 {
		return n
	}
	r := req.Rand(purpose.Check, 1)
	n.retain = draw(r, req.Retain, size)
	thirds := len(n.retain)
	for label := range req.Model.Arch().Classes {
		if of[label] != nil {
			n.labels = append(n.labels, label)
			n.forget[label] = draw(r, of[label], size)
			thirds += 5 * len(n.forget[label]) // a gradient, and logits before and after
		}
	}
	b.spend(float64(thirds) / 3)
	return n
}

// all reports whether these, and any, are such labels.
func (n *untaught) all(labels []int) bool {
	for _, label := range labels {
		if n.forget[label] == nil {
			return false
		}
	}
	return len(labels) > 0
}

// lower returns u with the logits of such labels lowered.
func (n *untaught) lower(u *graph.Tensor) (*graph.Tensor, error) {
	if len(n.labels) == 0 {
		return u, nil
	}
	others, err := n.req.logits(u, n.retain)
	if err != nil {
		return nil, err
	}
	for _, label := range n.labels {
		if u, err = n.lowerOne(u, label, others); err != nil {
			return nil, err
		}
	}
	return u, nil
}

// lowerOne is lower for one label, with the logits that u gives to the others.
func (n *untaught) lowerOne(u *graph.Tensor, label int, others []float64) (*graph.Tensor, error) {
	m, ids := n.req.Model, n.forget[label]
	k := m.Arch().Classes
	was, err := n.req.logits(u, ids)
	if err != nil {
		return nil, err
	}
	by := meanLogOdds(was, k, label) - meanLogOdds(others, k, label)
	if !(by > 0) || math.IsInf(by, 0) {
		return u, nil
	}
	mean := make([]float64, len(was))
	for j := label; j < len(mean); j += k {
		mean[j] = 1 / float64(len(ids))
	}
	gradient := m.NewVector()
	if err := m.VJP(n.req.LastView(), u, n.req.Run.Data, ids, mean, gradient); err != nil {
		return nil, err
	}
	head := headOf(m)
	for i := range head {
		gradient.Set(i, 0)
	}
	square := vector.Dot(gradient, gradient)
	lowered := u.Clone()
	vector.AddScaled(lowered, -by/square, gradient)
	is, err := n.req.logits(lowered, ids)
	if err != nil {
		return nil, err
	}
	if off := by - (meanLogOdds(was, k, label) - meanLogOdds(is, k, label)); !(math.Abs(off) <= defaults.ScaleTolerance*by) {
		n.req.Guards[GuardNotScaled]++
		return u, nil
	}
	return lowered, nil
}

// meanLogOdds is the mean log odds of a label for logits [N, k].
func meanLogOdds(z []float64, k, label int) float64 {
	var sum float64
	for i := 0; i < len(z); i += k {
		rest := slices.Delete(slices.Clone(z[i:i+k]), label, label+1)
		sum += z[i+label] - floats.LogSumExp(rest)
	}
	return sum / float64(len(z)/k)
}
