package attacks

import "fmt"

// State says what a shadow model did with an example.
type State uint8

// The states.
const (
	Out       State = iota // never trained on it
	In                     // trained on it
	Forgotten              // trained on it, then asked to forget it
)

// String returns "out", "in" or "forgotten".
func (s State) String() string {
	switch s {
	case Out:
		return "out"
	case In:
		return "in"
	case Forgotten:
		return "forgotten"
	}
	return fmt.Sprintf("State(%d)", uint8(s))
}

// Shadows holds one signal of many models on the same examples.
type Shadows struct {
	Models, Examples int
	Augs             int       // augmentations per example; 0 means 1
	Signal           []float64 // row-major [Models, Examples, Augs], larger = member, finite
	State            []State   // row-major [Models, Examples]
	// Group[m] is shared by models of one training run, such as a model and
	// the models unlearned from it; nil means each model is its own. Groups
	// are split together and are the clusters of intervals over models.
	Group []int

	// What some attacks want besides; nil where there is none.
	Labels  []int32   // [Examples], in [0, Classes)
	Classes int       // of Labels and Logits
	Logits  []float32 // row-major [Models, Examples, Augs, Classes], finite
}

func (s *Shadows) augs() int { return orDefault(s.Augs, 1) }

func (s *Shadows) group(m int) int {
	if s.Group == nil {
		return m
	}
	return s.Group[m]
}

// row returns the signals of model m, [Examples, Augs].
func (s *Shadows) row(m int) []float64 {
	w := s.Examples * s.augs()
	return s.Signal[m*w : (m+1)*w]
}

func (s *Shadows) state(m, e int) State { return s.State[m*s.Examples+e] }

// Validate checks shapes, states and that every signal is finite; a bad signal
// is named by its index in Signal.
func (s *Shadows) Validate() error {
	const op = "Shadows"
	if s == nil || s.Models < 1 || s.Examples < 1 {
		return failf(op, ErrEmpty, "no models or no examples")
	}
	if s.Augs < 0 {
		return failf(op, ErrRange, "Augs is %d", s.Augs)
	}
	if want := s.Models * s.Examples * s.augs(); len(s.Signal) != want {
		return &ShapeError{Op: op, Arg: "Signal", Got: len(s.Signal), Want: want}
	}
	if want := s.Models * s.Examples; len(s.State) != want {
		return &ShapeError{Op: op, Arg: "State", Got: len(s.State), Want: want}
	}
	if s.Group != nil && len(s.Group) != s.Models {
		return &ShapeError{Op: op, Arg: "Group", Got: len(s.Group), Want: s.Models}
	}
	for i, st := range s.State {
		if st > Forgotten {
			return &ValueError{Op: op, Arg: "State", Index: i, Value: float64(st), Err: ErrRange}
		}
	}
	if s.Labels != nil {
		if len(s.Labels) != s.Examples {
			return &ShapeError{Op: op, Arg: "Labels", Got: len(s.Labels), Want: s.Examples}
		}
		for i, y := range s.Labels {
			if y < 0 || int(y) >= s.Classes {
				return &ValueError{Op: op, Arg: "Labels", Index: i, Value: float64(y), Err: ErrLabel}
			}
		}
	}
	if s.Logits != nil {
		if want := s.Models * s.Examples * s.augs() * s.Classes; len(s.Logits) != want {
			return &ShapeError{Op: op, Arg: "Logits", Got: len(s.Logits), Want: want}
		}
		for i, z := range s.Logits {
			if z-z != 0 {
				return &ValueError{Op: op, Arg: "Logits", Index: i, Value: float64(z), Err: ErrNotFinite}
			}
		}
	}
	return checkFinite(op, "Signal", s.Signal)
}

// checkTarget validates one model's signals against the shadows' shape.
func (s *Shadows) checkTarget(op string, target []float64) error {
	if want := s.Examples * s.augs(); len(target) != want {
		return &ShapeError{Op: op, Arg: "target", Got: len(target), Want: want}
	}
	return checkFinite(op, "target", target)
}

// moments are running mean and sum of squared deviations per (example, aug)
// over the models in one state.
type moments struct {
	n        []int // per example
	mean, m2 []float64
	pooled   float64 // Σ m2 / Σ (n−1) over examples with n ≥ 1; 0 without degrees of freedom
	dof      int
}

// momentsOf accumulates the models of one state.
func (s *Shadows) momentsOf(st State) *moments {
	a := s.augs()
	f := &moments{n: make([]int, s.Examples), mean: make([]float64, s.Examples*a), m2: make([]float64, s.Examples*a)}
	for m := range s.Models {
		row := s.row(m)
		for e := range s.Examples {
			if s.state(m, e) != st {
				continue
			}
			f.n[e]++
			for j := e * a; j < (e+1)*a; j++ {
				d := row[j] - f.mean[j]
				f.mean[j] += d / float64(f.n[e])
				f.m2[j] += d * (row[j] - f.mean[j])
			}
		}
	}
	for _, n := range f.n {
		f.dof += max(n-1, 0) * a
	}
	if f.dof > 0 {
		// Summed in sorted order: the order of examples must not change a bit.
		f.pooled = sum(sorted(f.m2)) / float64(f.dof)
	}
	return f
}

// require names the first example with fewer than least models in a state.
func (f *moments) require(op string, st State, least int) error {
	for e, n := range f.n {
		if n < least {
			if n == 0 {
				return failf(op, ErrTooFewShadows, "example %d is never %q among the models used; %d needed", e, st, least)
			}
			return failf(op, ErrTooFewShadows, "example %d is %q in %d of the models used; %d needed", e, st, n, least)
		}
	}
	return nil
}
