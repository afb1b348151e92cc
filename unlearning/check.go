package unlearning

import (
	"fmt"
	"math"
	"math/rand/v2"

	"gonum.org/v1/gonum/floats"
	"gonum.org/v1/gonum/stat"

	"github.com/miniunlearn/miniunlearn/graph"
	"github.com/miniunlearn/miniunlearn/internal/purpose"
	"github.com/miniunlearn/miniunlearn/internal/vector"
	"github.com/miniunlearn/miniunlearn/unlearning/defaults"
)

// HarmError says that a method would have left the model worse on what it is to keep
// than what is taken back accounts for.
type HarmError struct {
	// Got is the mean probability that a sample of retained examples does not give to
	// the labels, and Allowed that which it may come to: the run's own at its end, and of
	// what it was above that over time the share of the run that is taken back.
	Got, Allowed float64
}

// Error implements error.
func (e *HarmError) Error() string {
	return fmt.Sprintf("the retained examples would lose what they taught: a mean error of %.3f, where what is taken back accounts for %.3f; retrain, forget less at a time, or try another cost", e.Got, e.Allowed)
}

// check is what stands between the parameters that a contraction or a short run has
// found and the result: a scale for the logits, and a look at what must not happen.
type check struct {
	req    *Request
	forget []int // a sample of U; empty if logits are not scaled
	retain []int // a sample of the others
	scale  float64
	part   float64 // of the way to that scale, in the logarithm
	undone float64 // the share of the run that is taken back
}

// newCheck sets a part of a budget aside for a check, of an e that scales logits and takes
// back what U did to the run.
func (req *Request) newCheck(b *budget, e Erase) *check {
	c := &check{req: req, scale: e.Scale, part: 1, undone: max(req.share(), e.Back)}
	// A forward pass is a third of a gradient. Logits of U are computed at w_T and at
	// the result, twice: to tell the scale, and that scaling them worked. Those of the
	// others are computed at w_T and at the result, and where they tell of harm half-way.
	size := checkSize(b.total)
	r := req.Rand(purpose.Check, 0)
	if !e.NoScale {
		c.forget = draw(r, req.Forget.Positions(), size)
	}
	c.retain = draw(r, req.Retain, size)
	b.spend(float64(len(c.forget) + len(c.retain))) // three passes over each at most
	return c
}

// checkSize is the number of examples that tell of harm, or the scale of logits: a part of the budget,
// and of small ones more, since a handful of examples tells nothing.
func checkSize(budget float64) int {
	return int(min(defaults.CheckExamples, max(defaults.CheckCost*budget, min(defaults.CheckLeast, defaults.CheckPart*budget))))
}

// draw returns a sample of m of the examples, or all of them.
func draw(r *rand.Rand, from []int, m int) []int {
	ids := make([]int, 0, m)
	for _, j := range r.Perm(len(from))[:min(m, len(from))] {
		ids = append(ids, from[j])
	}
	return ids
}

// finish returns the parameters with their logits scaled, or nearer to w_T if
// retained examples would lose too much.
func (c *check) finish(u *graph.Tensor, l learned) (*graph.Tensor, error) {
	if !u.Finite() {
		return nil, &DivergedError{Step: c.req.Run.Steps - 1}
	}
	if len(c.forget) > 0 {
		scaled, err := c.scaled(u)
		if err != nil {
			return nil, err
		}
		u = scaled
	}
	if len(c.retain) == 0 {
		return u, nil
	}
	allowed, err := c.allowed(l)
	if err != nil {
		return nil, err
	}
	got, err := c.errors(u)
	if err != nil || !worse(got, allowed) {
		return u, err
	}
	half := c.req.Model.NewVector()
	vector.Combine(half, 1./2, u, 1./2, c.req.Run.Params)
	if got, err = c.errors(half); err != nil {
		return nil, err
	}
	// Where the whole way does harm, half of it must be seen to do none: between two networks
	// that lie far apart others may be worse than both.
	if is, may := stat.Mean(got, nil), stat.Mean(allowed, nil); is > may+defaults.HarmLeast {
		return nil, &HarmError{is, may}
	}
	c.req.Guards[GuardShortened]++
	return half, nil
}

// harm returns an error if the retained examples are worse off with u than at w_T.
func (c *check) harm(u *graph.Tensor) error {
	if len(c.retain) == 0 {
		return nil
	}
	last, err := c.errors(c.req.Run.Params)
	if err != nil {
		return err
	}
	got, err := c.errors(u)
	if err == nil && worse(got, last) {
		err = &HarmError{stat.Mean(got, nil), stat.Mean(last, nil)}
	}
	return err
}

// allowed is the error that each of the sample of retained examples may come to. Retraining
// leaves them about as good as they were at the end of the run, since they had as many visits.
// A method that takes a part of the run back may leave them as much nearer to what they
// were on the mean of the run, unless that was better.
func (c *check) allowed(l learned) ([]float64, error) {
	allowed, err := c.errors(c.req.Run.Params)
	if err != nil {
		return nil, err
	}
	was := make([]float64, len(c.retain))
	for j, i := range c.retain {
		was[j] = l.meanErrors[i]
	}
	if stat.Mean(was, nil) > stat.Mean(allowed, nil) {
		floats.Scale(1-c.undone, allowed)
		floats.AddScaled(allowed, c.undone, was)
	}
	return allowed, nil
}

// worse reports whether a sample of examples has larger errors than allowed, by more than
// the choice of the sample explains, and by enough to matter.
func worse(got, allowed []float64) bool {
	by := floats.SubTo(make([]float64, len(got)), got, allowed)
	mean, deviation := stat.MeanStdDev(by, nil)
	return mean > defaults.HarmLeast && mean > defaults.HarmDeviations*deviation/math.Sqrt(float64(len(by)))
}

// errors is the probability that each of the sample of retained examples does not give to
// its label.
func (c *check) errors(w *graph.Tensor) ([]float64, error) {
	z, err := c.req.logits(w, c.retain)
	if err != nil {
		return nil, err
	}
	k := len(z) / len(c.retain)
	errors := make([]float64, len(c.retain))
	for j, i := range c.retain {
		own := z[j*k : j*k+k]
		errors[j] = 1 - math.Exp(own[c.req.Run.Data.Y[i]]-floats.LogSumExp(own))
	}
	return errors, nil
}

// scaled returns u with logits that are, on the sample of U, (1 + κ)^scale times as
// large as those of w_T, or with part of the way to that. A last layer that is linear in
// its own parameters is multiplied; where there is none, logits stay as they are, which
// is counted.
func (c *check) scaled(u *graph.Tensor) (*graph.Tensor, error) {
	was, err := c.req.logits(c.req.Run.Params, c.forget)
	if err != nil {
		return nil, err
	}
	is, err := c.req.logits(u, c.forget)
	if err != nil {
		return nil, err
	}
	k := len(was) / len(c.forget)
	size := spread(is, k)
	by := math.Pow(math.Pow(1+c.req.Kappa(), c.scale)*spread(was, k)/size, c.part)
	if !(by > 0) || math.IsInf(by, 0) { // logits without any spread have no scale
		return u, nil
	}
	scaled := scaleHead(c.req.Model, u, by)
	got, err := c.req.logits(scaled, c.forget)
	if err != nil {
		return nil, err
	}
	var off float64
	for i, z := range got {
		off = max(off, math.Abs(z-by*is[i]))
	}
	if off > defaults.ScaleTolerance*by*size {
		c.req.Guards[GuardNotScaled]++
		return u, nil
	}
	return scaled, nil
}

// spread is the root mean square of logits [N, k] about the mean of each example's.
func spread(z []float64, k int) float64 {
	var sum float64
	for i := 0; i < len(z); i += k {
		var mean float64
		for _, v := range z[i : i+k] {
			mean += v / float64(k)
		}
		for _, v := range z[i : i+k] {
			sum += (v - mean) * (v - mean)
		}
	}
	return math.Sqrt(sum / float64(len(z)))
}
