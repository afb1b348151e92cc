package verdict

import (
	"fmt"

	"github.com/miniunlearn/miniunlearn/attacks"
)

// Design says what each model of an audit did with each example. The states must
// have been dealt at random: of the models that keep an example out of what they
// learn from in the end, which never saw it and which forgot it, anew for each
// example, in numbers that are the same whatever comes out.
type Design struct {
	Classes int
	Labels  []int32         // [examples]
	State   []attacks.State // row-major [models, examples]
	// Pool numbers the pool of each model, 0 for shadows, which attacks learn from,
	// and 1 for targets, which they attack; states were dealt in each of the two. nil
	// means that all are shadows, and no attack is played.
	Pool []int
	// Audited are the positions of the examples that may be forgotten, ascending; nil
	// means all.
	Audited []int
	// Near[i] are the positions of the examples most like Audited[i]; nil leaves out
	// the test of what forgotten examples leave in their neighbourhood.
	Near [][]int32
}

// Answers are what models of one kind answered, models in the Design's order.
type Answers struct {
	// Logits[0] are those to the examples themselves, row-major [models, examples,
	// classes]. Each further element holds those to one transformed copy of each
	// audited example, [models, audited, classes].
	Logits [][]float32
}

// layout is a Design with what follows from it.
type layout struct {
	*Design
	models, examples int
	audited          []int
	at               []int // position in audited, or −1
}

func (d *Design) layout() (*layout, error) {
	l := &layout{Design: d, examples: len(d.Labels), audited: d.Audited}
	if l.examples == 0 || len(d.State) == 0 || len(d.State)%l.examples != 0 {
		return nil, fmt.Errorf("verdict: %d states are not a row of %d examples for each model: %w", len(d.State), l.examples, attacks.ErrShape)
	}
	l.models = len(d.State) / l.examples
	if d.Classes < 2 {
		return nil, fmt.Errorf("verdict: %d classes, want at least 2: %w", d.Classes, attacks.ErrRange)
	}
	for i, y := range d.Labels {
		if y < 0 || int(y) >= d.Classes {
			return nil, &attacks.ValueError{Op: "verdict", Arg: "Labels", Index: i, Value: float64(y), Err: attacks.ErrLabel}
		}
	}
	if d.Pool != nil && len(d.Pool) != l.models {
		return nil, &attacks.ShapeError{Op: "verdict", Arg: "Pool", Got: len(d.Pool), Want: l.models}
	}
	for i, p := range d.Pool {
		if p != 0 && p != 1 {
			return nil, &attacks.ValueError{Op: "verdict", Arg: "Pool", Index: i, Value: float64(p), Err: attacks.ErrRange}
		}
	}
	if l.audited == nil {
		l.audited = make([]int, l.examples)
		for i := range l.audited {
			l.audited[i] = i
		}
	}
	l.at = make([]int, l.examples)
	for i := range l.at {
		l.at[i] = -1
	}
	for i, e := range l.audited {
		if e < 0 || e >= l.examples || i > 0 && e <= l.audited[i-1] {
			return nil, &attacks.ValueError{Op: "verdict", Arg: "Audited", Index: i, Value: float64(e), Err: attacks.ErrRange}
		}
		l.at[e] = i
	}
	if d.Near != nil && len(d.Near) != len(l.audited) {
		return nil, &attacks.ShapeError{Op: "verdict", Arg: "Near", Got: len(d.Near), Want: len(l.audited)}
	}
	for i, near := range d.Near {
		for _, e := range near {
			if e < 0 || int(e) >= l.examples {
				return nil, &attacks.ValueError{Op: "verdict", Arg: "Near", Index: i, Value: float64(e), Err: attacks.ErrRange}
			}
		}
	}
	return l, l.enough()
}

// enough refuses a design in which nothing could be found.
func (l *layout) enough() error {
	if l.models < 6 {
		return fmt.Errorf("verdict: %d models cannot be told apart at any level; 6 are the least, some dozens would do: %w", l.models, attacks.ErrTooFewShadows)
	}
	forgotten := 0
	for i, st := range l.State {
		if st > attacks.Forgotten {
			return &attacks.ValueError{Op: "verdict", Arg: "State", Index: i, Value: float64(st), Err: attacks.ErrRange}
		}
		if st != attacks.Forgotten {
			continue
		}
		if l.at[i%l.examples] < 0 {
			return fmt.Errorf("verdict: model %d forgot example %d, which is not audited: %w", i/l.examples, i%l.examples, attacks.ErrRange)
		}
		forgotten++
	}
	if forgotten == 0 {
		return fmt.Errorf("verdict: no model forgot an audited example: %w", attacks.ErrEmpty)
	}
	return nil
}

func (l *layout) state(m, e int) attacks.State { return l.State[m*l.examples+e] }

func (l *layout) pool(m int) int {
	if l.Pool == nil {
		return 0
	}
	return l.Pool[m]
}

// hasTargets says whether attacks can be played.
func (l *layout) hasTargets() bool {
	for _, p := range l.Pool {
		if p == 1 {
			return true
		}
	}
	return false
}

// check refuses answers of another layout.
func (l *layout) check(name string, a *Answers) error {
	if a == nil || len(a.Logits) == 0 {
		return fmt.Errorf("verdict: the answers %s are missing: %w", name, attacks.ErrEmpty)
	}
	for q, z := range a.Logits {
		examples := l.examples
		if q > 0 {
			examples = len(l.audited)
		}
		if want := l.models * examples * l.Classes; len(z) != want {
			return &attacks.ShapeError{Op: "verdict", Arg: fmt.Sprintf("%s: Logits[%d] of %d models, %d examples, %d classes", name, q, l.models, examples, l.Classes), Got: len(z), Want: want}
		}
		for i, v := range z {
			if v-v != 0 { // NaN and ±Inf
				per := examples * l.Classes
				return fmt.Errorf("verdict: %s, query %d, model %d, example %d: the logit of class %d is %v: %w",
					name, q, i/per, i%per/l.Classes, i%l.Classes, v, attacks.ErrNotFinite)
			}
		}
	}
	return nil
}

// row returns the logits of model m for query q and the example at position e, an
// audited one if q > 0.
func (l *layout) row(a *Answers, q, m, e int) []float32 {
	n := l.examples
	if q > 0 {
		n, e = len(l.audited), l.at[e]
	}
	at := (m*n + e) * l.Classes
	return a.Logits[q][at : at+l.Classes]
}
