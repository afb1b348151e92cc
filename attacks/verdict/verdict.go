package verdict

import (
	"context"
	"math"

	"github.com/miniunlearn/miniunlearn/attacks"
)

// Outcome is what an audit concludes of a method, or of a part of its tests.
type Outcome string

// The outcomes.
const (
	// Passed: nothing was found, by tests that would have found what was asked for.
	Passed Outcome = "passed"
	// Failed: a difference was found that retraining does not show.
	Failed Outcome = "failed"
	// Undecided: nothing was found, and too little could have been.
	Undecided Outcome = "undecided"
)

// Models are the answers of an audit's models: those that a method left; retrained
// ones with seeds of their own, one for each of the method's, on the examples that
// this one retains; and the models before unlearning.
type Models struct {
	Method, Reference, Before *Answers
}

// Verdict is what an audit says of one method, in three parts, of which each has a
// third of the error probability.
type Verdict struct {
	Outcome Outcome `json:"outcome"`
	// Finding says how the forgotten examples look beside never-seen ones.
	Finding     attacks.Finding `json:"finding"`
	Level       float64         `json:"level"`
	Models      int             `json:"models"`
	Sensitivity float64         `json:"sensitivity"`
	Loss        float64         `json:"loss"`

	// Privacy: can forgotten examples be told from never-seen ones?
	Privacy Part `json:"privacy"`
	// Closeness: can the method's models be told from retrained ones?
	Closeness Part `json:"closeness"`
	// Utility: are they worse than retrained ones?
	Utility Part `json:"utility"`

	// AUC is the share of pairs, a forgotten and a never-seen answer to one example,
	// in which the forgotten one is higher: ½ if nothing is left. MostMemorised is that
	// of the tenth of the examples with most to forget. MostExposed is that of the tenth
	// that looked most exposed under the shadows, measured under the targets, above ½
	// if these go the same way.
	AUC           Measure `json:"auc"`
	MostMemorised Measure `json:"auc_most_memorised_tenth"`
	MostExposed   Measure `json:"auc_most_exposed_tenth"`
	// W1 is the mean over examples of the distance of forgotten examples' logit gaps
	// from retraining's.
	W1       Measure  `json:"w1"`
	Unseen   Accuracy `json:"accuracy_unseen"`   // on examples that the model never saw
	Retained Accuracy `json:"accuracy_retained"` // on those that it retains
	// Exposures are those of the audited examples, in their order. They say who was
	// forgotten where, and are not written with the rest.
	Exposures []Exposure `json:"-"`

	weight []float64 // of audited examples, for closeness
}

// Measure is a figure beside what it would be if there were nothing to find.
type Measure struct {
	Value attacks.Float `json:"value"`
	// Low and High bound what the test at its level would not have found.
	Low  attacks.Float `json:"low"`
	High attacks.Float `json:"high"`
}

// Accuracy is a method's beside retraining's.
type Accuracy struct {
	Method    attacks.Float `json:"method"`
	Retrained attacks.Float `json:"retrained"`
}

// Part is one of the three questions.
type Part struct {
	Outcome Outcome `json:"outcome"`
	Alpha   float64 `json:"alpha"` // error probability, shared by its tests
	Tests   []Test  `json:"tests"`
	// Detectable is the smallest effect that would be found in 80% of such audits: of
	// privacy and closeness a share of what the model before unlearning shows, of
	// utility a loss of accuracy. It is missing where one was found, and where none
	// can be.
	Detectable attacks.Float `json:"detectable"`
	// ModelsNeeded is about how many models would bring Detectable down to what was
	// asked for, if it is not there.
	ModelsNeeded int `json:"models_needed"`
}

// Test is a set of statistics that share an error probability.
type Test struct {
	Name       string      `json:"name"`
	Alpha      float64     `json:"alpha"`
	P          float64     `json:"p"` // of the whole test
	Found      bool        `json:"found"`
	Statistics []Statistic `json:"statistics"`
}

// Statistic is one of a test's.
type Statistic struct {
	Name  string  `json:"name"`
	P     float64 `json:"p"` // adjusted for all of its test
	Found bool    `json:"found"`
}

// newTest evaluates a family.
func newTest(name string, f *family, alpha float64) (Test, outcome) {
	t := Test{Name: name, Alpha: alpha, P: 1}
	o := f.test(alpha)
	for i, p := range o.adjusted {
		t.Statistics = append(t.Statistics, Statistic{f.names[i], p, p <= alpha})
		t.P = min(t.P, p)
	}
	t.Found = t.P <= alpha
	return t, o
}

// prepare fills in the defaults and checks the design and the answers to it, of which
// those of the reference have a name for errors.
func (c Config) prepare(d *Design, m Models, reference string) (Config, *layout, error) {
	c, err := c.withDefaults()
	if err != nil {
		return c, nil, err
	}
	l, err := d.layout()
	if err != nil {
		return c, nil, err
	}
	for _, a := range []struct {
		name string
		a    *Answers
	}{{"of the method", m.Method}, {reference, m.Reference}, {"before unlearning", m.Before}} {
		if err := l.check(a.name, a.a); err != nil {
			return c, nil, err
		}
		if len(a.a.Logits) != len(m.Method.Logits) {
			return c, nil, &attacks.ShapeError{Op: "verdict", Arg: "queries " + a.name, Got: len(a.a.Logits), Want: len(m.Method.Logits)}
		}
	}
	return c, l, nil
}

// Judge tests one method.
func (c Config) Judge(ctx context.Context, d *Design, m Models) (*Verdict, error) {
	c, l, err := c.prepare(d, m, "of retraining")
	if err != nil {
		return nil, err
	}
	alpha := c.alpha()
	v := &Verdict{Level: c.Level, Models: l.models, Sensitivity: c.Sensitivity, Loss: c.Loss, Finding: attacks.NothingFound}
	if err := v.judgePrivacy(ctx, c, l, m, alpha/3); err != nil {
		return nil, err
	}
	if err := v.judgeCloseness(ctx, c, l, m, alpha/3); err != nil {
		return nil, err
	}
	v.judgeUtility(c, l, m, alpha/3)
	v.Outcome = Passed
	for _, p := range []*Part{&v.Privacy, &v.Closeness, &v.Utility} {
		if p.Outcome == Failed || p.Outcome == Undecided && v.Outcome == Passed {
			v.Outcome = p.Outcome
		}
	}
	return v, nil
}

func (v *Verdict) judgePrivacy(ctx context.Context, c Config, l *layout, m Models, alpha float64) error {
	p, err := newPrivacy(l, c, m.Method)
	if err != nil {
		return err
	}
	if err := p.run(ctx, m.Method); err != nil {
		return err
	}
	played, err := l.newLearned(ctx, c, m.Method)
	if err != nil {
		return err
	}
	// Half of the error probability is direction's, where most leaks show.
	others := alpha / 2
	if len(played.family.names) > 0 {
		others = alpha / 4
	}
	v.MostExposed = Measure{attacks.Missing(), attacks.Missing(), attacks.Missing()}
	part := &v.Privacy
	part.Alpha = alpha
	direction, o := newTest("direction", &p.direction, alpha/2)
	traces, _ := newTest("other traces", &p.traces, others)
	part.Tests = []Test{direction, traces}
	if len(played.family.names) > 0 {
		learned, lo := newTest("learned attacks", &played.family, others)
		part.Tests = append(part.Tests, learned)
		v.MostExposed = played.measure(lo)
	}
	part.decide(p.detectable(m.Method, m.Before, o), c.Sensitivity, l.models)

	v.AUC = p.measure(p.direction.names[0], nil, o)
	v.MostMemorised = p.measure(memorisedTenth, tenth(p.weight), o)
	if part.Outcome == Failed {
		v.Finding = attacks.Distinguishable
		// The statistic of direction that is found most clearly says which way.
		best := 1.0
		for i, s := range direction.Statistics {
			if s.Found && o.raw[i] < best {
				best = o.raw[i]
				if d := p.directionEffects[i]; d.value > d.mean {
					v.Finding = attacks.UnderUnlearned
				} else {
					v.Finding = attacks.OverUnlearned
				}
			}
		}
	}
	v.Exposures = p.exposures()
	v.weight = p.weight
	return nil
}

func (v *Verdict) judgeCloseness(ctx context.Context, c Config, l *layout, m Models, alpha float64) error {
	t := newCloseness(l, c, v.weight, m.Method, m.Reference)
	if err := t.run(ctx); err != nil {
		return err
	}
	part := &v.Closeness
	part.Alpha = alpha
	test, o := newTest("distance from retraining", &t.family, alpha)
	part.Tests = []Test{test}
	part.decide(t.detectable(m.Before, o), c.Sensitivity, l.models)
	half := o.beyond() * t.sdW1
	v.W1 = Measure{attacks.Float(t.meanW1), attacks.Float(t.nullW1 - half), attacks.Float(t.nullW1 + half)}
	t.expose(v.Exposures)
	return nil
}

func (v *Verdict) judgeUtility(c Config, l *layout, m Models, alpha float64) {
	u := l.newUtility(c, m.Method, m.Reference)
	part := &v.Utility
	part.Alpha = alpha
	test, o := newTest("accuracy", &u.family, alpha)
	part.Tests = []Test{test}
	part.decide(u.detectable(o, l.examples, l.models), c.Loss, l.models)
	v.Unseen, v.Retained = Accuracy{attacks.Missing(), attacks.Missing()}, Accuracy{attacks.Missing(), attacks.Missing()}
	for _, a := range u.accuracy {
		to := &v.Unseen
		if a.name == stateNames[attacks.In] {
			to = &v.Retained
		}
		*to = Accuracy{attacks.Float(a.method), attacks.Float(a.reference)}
	}
}

// decide sets the outcome from the tests and from what they could have found, which
// says nothing where they found something.
func (p *Part) decide(detectable, wanted float64, models int) {
	p.Detectable, p.Outcome = attacks.Missing(), Passed
	for _, t := range p.Tests {
		if t.Found {
			p.Outcome = Failed
			return
		}
	}
	if detectable <= wanted {
		p.Detectable = attacks.Float(detectable)
		return
	}
	p.Outcome = Undecided
	// Deviations fall with the square root of the number of models.
	if needed := math.Ceil(float64(models) * (detectable / wanted) * (detectable / wanted)); needed < math.MaxInt32 {
		p.Detectable, p.ModelsNeeded = attacks.Float(detectable), int(needed)
	}
}
