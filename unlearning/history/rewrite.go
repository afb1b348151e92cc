package history

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/miniunlearn/miniunlearn/data"
	"github.com/miniunlearn/miniunlearn/graph"
	"github.com/miniunlearn/miniunlearn/nets"
)

// Rewriter makes run and record of the training that never saw U, when a method has
// found its parameters: what the next request to forget begins with. No number of
// U's examples, of their gradients alone or of their logit gradients is in it.
//
// What the new run is, its order, learning rates and initial parameters, is known:
// those of the old one, with U's places empty. What it would have recorded is
// estimated: checkpoints and gradients by the method, if it follows the recorded
// run and shows its steps (Watch), and logit gradients as Finish says. What cannot
// be estimated is not in the new record, and its policy says so.
//
// A Rewriter is for one goroutine, and is ended by Finish or Discard.
type Rewriter struct {
	dir    string
	run    *nets.Run
	rec    *Record
	forget data.ForgetSet
	next   *nets.Run // without parameters
	print  Fingerprint
	known  *known

	to       *Recorder // nil until it is known what will be kept
	partial  bool      // whether the method shows less than all
	last     int       // the last step that the new run takes
	momentum *graph.Tensor
}

// NewRewriter begins the record without U of a finished run: in a folder, which must
// not exist or be empty, or in memory if dir is "". rec is nil where the run was not
// recorded. left is what is left of the
// run's data set: the examples that are not in U, in their order.
func NewRewriter(dir string, run *nets.Run, rec *Record, forget data.ForgetSet, left *data.Dataset) (*Rewriter, error) {
	if rec == nil {
		rec = &Record{store: &memory{}} // nothing was kept, and nothing will be
	} else if err := rec.Check(run); err != nil && !errors.Is(err, ErrEngine) {
		return nil, err
	}
	if err := forget.Validate(run.Data.Len()); err != nil {
		return nil, fmt.Errorf("history: rewrite: %w", err)
	}
	if forget.Len() == run.Data.Len() {
		return nil, errors.New("history: rewrite: nothing is left")
	}
	next := *run
	next.Data, next.Order, next.Params, next.Momentum = left, run.Order.Without(forget), nil, nil
	next.Losses, next.GradEvals = nil, 0
	next.Config.Hooks, next.Config.Holes = nil, next.Order.Holes
	if want := next.Order.Len(); left.Len() != want {
		return nil, fmt.Errorf("history: rewrite: %w: the data that are left have %d examples, not %d", ErrMismatch, left.Len(), want)
	}
	r := &Rewriter{dir: dir, run: run, rec: rec, forget: forget, next: &next, known: know(left, checksum(left))}
	r.print = fingerprint(next.Model, next.Order, next.Steps, next.Config, left, r.known.sum, next.Initial)
	for t, batch := range next.Order.Steps(max(0, next.Steps-next.Order.StepsPerEpoch()), next.Steps) {
		if len(batch) > 0 {
			r.last = t
		}
	}
	return r, nil
}

// begin makes the store, for gradients too or for logit gradients only.
func (r *Rewriter) begin(gradients bool) error {
	policy := Policy{}
	if gradients {
		policy.parts = []part{{gradientParts(r.rec.policy), func(int, int) []span {
			var spans []span
			for _, c := range r.rec.Covered() {
				spans = append(spans, span{c[0], c[1]})
			}
			return spans
		}}}
	}
	policy.logitGradients = hasPart(r.rec.policy, logitGradientsName)
	rec := NewRecorder(policy)
	if r.dir != "" {
		rec = Create(policy, r.dir)
	}
	if err := rec.begin(r.print, r.next.Config, r.next.Model, r.next.Steps, r.next.Order); err != nil {
		return err
	}
	if err := rec.putInitial(r.next.Config, r.next.Initial); err != nil {
		rec.OnStop()
		return err
	}
	rec.known = r.known
	r.to = rec
	return nil
}

// gradientParts are the parts of a policy's notation that keep gradients.
func gradientParts(policy string) string {
	var parts []string
	for _, p := range strings.Split(policy, "+") {
		if p == all || strings.HasPrefix(p, "epochs:") || strings.HasPrefix(p, "last:") {
			parts = append(parts, p)
		}
	}
	return strings.Join(parts, "+")
}

func hasPart(policy, name string) bool { return slices.Contains(strings.Split(policy, "+"), name) }

// Wants reports whether step t is to be shown to Watch.
func (r *Rewriter) Wants(t int) bool {
	if r.partial {
		return false
	}
	for _, c := range r.rec.Covered() {
		if c[0] <= t && t < c[1] {
			return true
		}
	}
	return false
}

// Watch is shown step t of the run without U: before it the run stands at w with
// momentum p, and g is the mean gradient there of what is left of the batch. Steps
// come in their order, but for those of which nothing is left. The tensors are
// copied.
func (r *Rewriter) Watch(t int, w, p, g *graph.Tensor) error {
	if !r.Wants(t) {
		return nil
	}
	if r.to == nil {
		// A method that begins later leaves steps as they were, with U in them.
		if slices.Contains(r.print.taken(r.rec.Covered()[0][0], t), true) {
			r.partial = true
			return nil
		}
		if err := r.begin(true); err != nil {
			return err
		}
	}
	at := position{t: t, w: w, p: p}
	if err := r.to.empty(at); err != nil {
		return err
	}
	r.to.next = t + 1
	if t == r.last {
		s, err := r.run.Model.NewStepper(r.run.Config.Momentum, r.run.Config.WeightDecay, w, p)
		if err == nil {
			err = s.Step(g, r.run.Config.LR.Rate(t, r.run.Steps))
		}
		if err != nil {
			return err
		}
		r.momentum = s.P.Clone()
	}
	return r.to.record(t, at, g)
}

// Finish ends the record with the parameters that a method has found, and returns the
// run without U with its record. In a file of parameters, of says whose they are.
//
// An example that is left has weighed 1/|B_t| in its batches, and weighs
// 1/|B_t∖U| in the run without U. Its logit gradients become
//
//	α_i' = α_i · Σ_t ω_t'/|B_t∖U| / Σ_t ω_t/|B_t|,
//
// the sums over its visits, and ω_t and ω_t' the learning rate times what is left of
// the step at the end of the two runs: exactly those of retraining as long as
// the example's probabilities along the run are those that they were, and about 1 + κ
// times α_i.
func (r *Rewriter) Finish(params *graph.Tensor, of string) (*nets.Run, *Record, error) {
	fail := func(err error) (*nets.Run, *Record, error) {
		r.Discard()
		return nil, nil, fmt.Errorf("history: rewrite: %w", err)
	}
	if r.to == nil {
		if err := r.begin(false); err != nil {
			return fail(err)
		}
	}
	run := r.next
	run.Params = params.Clone()
	if !r.partial {
		run.Momentum = r.momentum
	}
	if r.to.policy.logitGradients {
		alpha, _, err := r.rec.LogitGradients()
		if err != nil {
			return fail(err)
		}
		r.to.logits = r.withoutU(alpha)
	}
	r.to.of = of
	if err := r.to.OnEnd(run); err != nil {
		return fail(err)
	}
	r.to.OnStop()
	if err := run.Validate(); err != nil {
		return fail(err)
	}
	return run, r.to.Record(), nil
}

// Discard ends what has been begun without finishing it. A folder is left as it is.
func (r *Rewriter) Discard() {
	if r.to != nil {
		r.to.OnStop()
	}
}

// withoutU returns what Finish says of the logit gradients α [n, K].
func (r *Rewriter) withoutU(alpha *graph.Tensor) *logitGradients {
	run, n, k := r.run, alpha.Shape()[0], alpha.Shape()[1]
	was, is := stepWeights(run, run.Order), stepWeights(run, r.next.Order)
	before, after := make([]float64, n), make([]float64, n)
	for t, batch := range run.Order.Steps(0, run.Steps) {
		stays := len(batch) - r.forget.Count(batch)
		for _, i := range batch {
			if !r.forget.Contains(i) {
				before[i] += was[t] / float64(len(batch))
				after[i] += is[t] / float64(stays)
			}
		}
	}
	l := newLogitGradients(n-r.forget.Len(), k, fadeOf(run.Config, run.Steps))
	for j, i := range r.forget.Retained(n) {
		factor := 1.0
		if before[i] != 0 {
			factor = after[i] / before[i]
		}
		for c := range k {
			l.sum[j*k+c] = factor * alpha.At(i*k+c)
		}
	}
	return l
}

// stepWeights returns ω_t for the steps of a run in an order: the learning rate times
// what is left of the step at the end, see LogitGradients. A step whose batch is empty
// takes nothing off.
func stepWeights(run *nets.Run, order data.Order) []float64 {
	taken := Fingerprint{Order: order}.taken(0, run.Steps)
	weight, left, f := make([]float64, run.Steps), 1.0, fadeOf(run.Config, run.Steps)
	for t := run.Steps - 1; t >= 0; t-- {
		eta := run.Config.LR.Rate(t, run.Steps)
		if weight[t] = eta * left; taken[t] {
			left *= f.left(eta)
		}
	}
	return weight
}
