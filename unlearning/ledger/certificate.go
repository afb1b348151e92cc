package ledger

import (
	"context"
	"fmt"
	"math"
	"strings"

	"gonum.org/v1/gonum/stat/distuv"

	"github.com/miniunlearn/miniunlearn/data"
	"github.com/miniunlearn/miniunlearn/graph"
	"github.com/miniunlearn/miniunlearn/internal/vector"
	"github.com/miniunlearn/miniunlearn/nets"
	"github.com/miniunlearn/miniunlearn/unlearning"
)

// Certificate says what is known of a change, each statement as the kind that it is.
type Certificate struct {
	// Replayable says under what conditions the same change gives the same bytes
	// again. It is a statement about the process, and none about the model.
	Replayable string `json:"replayable"`
	// Estimated are numbers measured on samples, and estimates of what cannot be
	// measured without retraining. They may be wrong.
	Estimated *Estimated `json:"estimated,omitempty"`
	// Bounded is a proven bound; nil where there is none.
	Bounded *Bounded `json:"bounded,omitempty"`
	// Guarantee is an (ε, δ) guarantee that the method gives by its noise; nil where
	// it gives none.
	Guarantee *unlearning.Guarantee `json:"guarantee,omitempty"`
	// Open says in plain words what is not known.
	Open string `json:"open"`

	evals float64 // that its numbers took
}

// Estimated are estimates.
type Estimated struct {
	// Distance is ‖u − w‖, how far the parameters have moved.
	Distance float64 `json:"distance"`
	// Curvature is the Rayleigh quotient dᵀHd/dᵀd of the retained loss along the move
	// d, on a sample, and Rate what a step of the run, at its mean learning rate,
	// leaves of an error in that direction: 1 − η̄/(1−β) · (Curvature + λ).
	Curvature float64 `json:"curvature"`
	Rate      float64 `json:"rate"`
	// Excess is by how much the mean margin of the forgotten examples, log p/(1−p) of
	// the probability of their labels, is above that of unseen examples of the same
	// classes, after the change, with its 95% interval; ExcessBefore is the same before
	// it. 0 is what a model that never saw them has. Without Options.Unseen it is nil.
	Excess       *Interval `json:"excess,omitempty"`
	ExcessBefore float64   `json:"excess_before,omitempty"`
	Unseen       int       `json:"unseen,omitempty"` // examples compared with
}

// Interval is an estimate with its 95% interval.
type Interval struct {
	Value float64 `json:"value"`
	Low   float64 `json:"low"`
	High  float64 `json:"high"`
}

// Bounded is a bound of convex optimisation: the objective of retraining, the mean
// loss of the retained examples plus λ/2 ‖w‖², is λ-strongly convex, so that its
// minimiser w* is at a distance of at most ‖∇F_R(u) + λu‖/λ from u.
type Bounded struct {
	Gradient float64 `json:"gradient"` // ‖∇F_R(u) + λu‖, over all retained examples
	Convex   float64 `json:"convex"`   // λ, the weight decay
	Distance float64 `json:"distance"` // Gradient/Convex
	// Before is the bound of the parameters before the change, of the same objective.
	Before float64 `json:"before"`
}

// curvatureSample is the number of retained examples that Curvature is taken of.
const curvatureSample = 256

// certify finds out what is known of a change.
func (l *Ledger) certify(ctx context.Context, c *change) (*Certificate, error) {
	run := c.after
	cert := &Certificate{Guarantee: c.result.Guarantee}
	secret, by := " and its ids", "go run ./unlearning/ledger/replay"
	if cert.Guarantee != nil {
		secret, by = ", its ids and the method's secret key", "ledger.Replay"
	}
	cert.Replayable = fmt.Sprintf("the same program on the engine %s, with the data before the request%s, gives parameters with the SHA-256 %s; %s does it",
		c.before.Model.Engine().Name(), secret, c.record.Final(), by)
	model := run.Model.Clone()
	if err := l.estimate(ctx, c, model, cert); err != nil {
		return nil, err
	}
	var open []string
	switch {
	case c.retrain:
		open = append(open, "The model was trained without the forgotten examples, in the recorded order.")
	case !model.Arch().Convex:
		open = append(open, "There is no bound on how far the model is from a retrained one: the loss is not convex in the parameters.")
	case !(run.Config.WeightDecay > 0):
		open = append(open, "There is no bound on how far the model is from a retrained one: without weight decay the loss is not strongly convex.")
	case run.Config.Augment != (nets.Augment{}):
		open = append(open, "There is no bound on how far the model is from a retrained one: with augmentation the objective is a mean over more images than can be gone through.")
	default:
		if err := bound(c, model, cert); err != nil {
			return nil, err
		}
		open = append(open, "The bound is on the distance from the minimiser of the retained objective, not from the model that retraining for the same number of steps gives; it leaves out how "+run.Model.DType().String()+" rounds the gradient.")
	}
	if cert.Guarantee == nil && !c.retrain {
		open = append(open, "There is no (ε, δ) guarantee: the method gives none.")
	}
	if cert.Estimated.Excess == nil {
		open = append(open, "What the model still knows of the forgotten examples was not measured: no unseen examples were given.")
	}
	if !c.retrain && len(l.head.Policy) > 0 && c.since.Requests > 0 {
		open = append(open, "The change begins where earlier ones have ended, with their errors; requests that were chosen by looking at the model void a guarantee that takes them for independent of it.")
	}
	cert.Open = strings.Join(open, " ")
	cert.evals = model.GradEvals()
	return cert, nil
}

// estimate measures what can be measured on samples.
func (l *Ledger) estimate(ctx context.Context, c *change, model *nets.Model, cert *Certificate) error {
	run := c.after
	e := &Estimated{Distance: vector.Distance(c.before.Params, run.Params)}
	cert.Estimated = e
	if e.Distance > 0 {
		d, h := model.NewVector(), model.NewVector()
		vector.Combine(d, 1, run.Params, -1, c.before.Params)
		ids := sample(run.Data.Len(), curvatureSample)
		if err := model.HVPAs(run.View(run.Steps-1), run.Params, d, run.Data, ids, h); err != nil {
			return err
		}
		e.Curvature = vector.Dot(d, h) / vector.Dot(d, d)
		mean := nets.LearningTime(run.Config.LR, 0, run.Steps) / float64(run.Steps) / (1 - run.Config.Momentum)
		e.Rate = 1 - mean*(e.Curvature+run.Config.WeightDecay)
	}
	unseen := l.options.Unseen
	if unseen == nil || c.forget.Len() == 0 {
		return nil
	}
	forgotten := c.before.Data.Subset(c.forget.Positions())
	before, err := excess(ctx, model, c.before.Params, forgotten, unseen)
	if err != nil {
		return err
	}
	after, err := excess(ctx, model, run.Params, forgotten, unseen)
	if err != nil {
		return err
	}
	if after != nil {
		e.Excess, e.ExcessBefore, e.Unseen = after, before.Value, unseen.Len()
	}
	return nil
}

// confidence is the quantile of two-sided 95% intervals.
const confidence = 1 - 0.05/2

// sample returns up to m of n numbers at even distances.
func sample(n, m int) []int {
	m = min(m, n)
	ids := make([]int, m)
	for k := range ids {
		ids[k] = k * n / m
	}
	return ids
}

// excess compares the margins of forgotten examples with those of unseen ones of the
// same classes. Examples of classes of which nothing unseen is there are left out; it
// is nil if that leaves none.
func excess(ctx context.Context, m *nets.Model, w *graph.Tensor, forgotten, unseen *data.Dataset) (*Interval, error) {
	in, err := margins(ctx, m, w, forgotten)
	if err != nil {
		return nil, err
	}
	out, err := margins(ctx, m, w, unseen)
	if err != nil {
		return nil, err
	}
	classes := make([]moments, forgotten.Classes)
	for i, v := range out {
		if y := int(unseen.Y[i]); y < len(classes) {
			classes[y].add(v)
		}
	}
	var diff moments
	share := make([]float64, len(classes))
	for i, v := range in {
		if y := forgotten.Y[i]; classes[y].n > 1 {
			diff.add(v - classes[y].mean())
			share[y]++
		}
	}
	if diff.n == 0 {
		return nil, nil
	}
	variance, quantile := diff.variance()/diff.n, distuv.StudentsT{Sigma: 1, Nu: diff.n - 1}.Quantile
	if diff.n == 1 { // it varies as unseen ones do
		variance, quantile = 0, distuv.UnitNormal.Quantile
		for y, k := range share {
			if k > 0 {
				variance = classes[y].variance()
			}
		}
	}
	for y, k := range share {
		if k > 0 {
			variance += (k / diff.n) * (k / diff.n) * classes[y].variance() / classes[y].n
		}
	}
	half := quantile(confidence) * math.Sqrt(variance)
	return &Interval{diff.mean(), diff.mean() - half, diff.mean() + half}, nil
}

// margins returns log p/(1−p) of the probability of each label.
func margins(ctx context.Context, m *nets.Model, w *graph.Tensor, ds *data.Dataset) ([]float64, error) {
	z, err := m.Logits(ctx, w, ds.X, ds.Len())
	if err != nil {
		return nil, err
	}
	k := m.Arch().Classes
	r := make([]float64, ds.Len())
	for i, y := range ds.Y {
		own := z[i*k : i*k+k]
		most := math.Inf(-1)
		for c, v := range own {
			if c != int(y) {
				most = max(most, v)
			}
		}
		var sum float64
		for c, v := range own {
			if c != int(y) {
				sum += math.Exp(v - most)
			}
		}
		r[i] = own[y] - most - math.Log(sum)
	}
	return r, nil
}

// moments sum up numbers.
type moments struct{ n, sum, squares float64 }

func (m *moments) add(v float64) { m.n, m.sum, m.squares = m.n+1, m.sum+v, m.squares+v*v }

func (m moments) mean() float64 { return m.sum / m.n }

func (m moments) variance() float64 {
	return max(0, m.squares-m.sum*m.sum/m.n) / (m.n - 1)
}

// bound finds the bound of a convex model.
func bound(c *change, model *nets.Model, cert *Certificate) error {
	run, lambda := c.after, c.after.Config.WeightDecay
	all := sample(run.Data.Len(), run.Data.Len())
	g := model.NewVector()
	norm := func(w *graph.Tensor) (float64, error) {
		if _, err := model.Gradient(w, run.Data, all, g); err != nil {
			return 0, err
		}
		vector.AddScaled(g, lambda, w)
		return vector.Norm(g), nil
	}
	after, err := norm(run.Params)
	if err != nil {
		return err
	}
	before, err := norm(c.before.Params)
	if err != nil {
		return err
	}
	cert.Bounded = &Bounded{Gradient: after, Convex: lambda, Distance: after / lambda, Before: before / lambda}
	return nil
}
