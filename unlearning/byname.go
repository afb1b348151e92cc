package unlearning

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
)

// ErrUnknownMethod is wrapped by ByName's error for a name that it does not
// know.
var ErrUnknownMethod = errors.New("unknown method")

// named makes a method from the number behind its name, 0 if there is none.
var named = []struct {
	name, arg string
	make      func(v float64) Method
}{
	{"mini", "COST", func(v float64) Method { return Mini{Cost: v} }},
	{"deltagrad", "T0", func(v float64) Method { return DeltaGrad{T0: int(v)} }},
	{"amnesiac", "", func(float64) Method { return Amnesiac{} }},
	{"rewind", "COST", func(v float64) Method { return Rewind{Cost: v} }},
	{"descent", "COST", func(v float64) Method { return Descent{Cost: v} }},
	{"newton", "ITERATIONS", func(v float64) Method { return Newton{Iterations: int(v)} }},
	{"finetune", "COST", func(v float64) Method { return FineTune(v) }},
	{"shrink-perturb", "COST", func(v float64) Method { return ShrinkPerturb(v) }},
	{"recursion", "", func(float64) Method { return Recursion{} }},
	{"retrain", "", func(float64) Method { return Retrain{} }},
}

// Names lists the notations that ByName reads.
func Names() []string {
	var r []string
	for _, n := range named {
		if n.arg != "" {
			r = append(r, n.name+"[:"+n.arg+"]")
		} else {
			r = append(r, n.name)
		}
	}
	return r
}

// ByName returns the method of a notation such as "mini", "mini:0.1" or
// "deltagrad:10". COST is a share of retraining's gradient evaluations.
func ByName(notation string) (Method, error) {
	name, arg, has := strings.Cut(notation, ":")
	for _, n := range named {
		if n.name != name {
			continue
		}
		if !has {
			return n.make(0), nil
		}
		v, err := strconv.ParseFloat(arg, 64)
		whole := n.arg == "T0" || n.arg == "ITERATIONS"
		if n.arg == "" || err != nil || !(v > 0 && v <= 1e6) || whole && v != float64(int(v)) {
			return nil, fmt.Errorf("unlearning: method %q: write %s", notation, strings.Join(Names(), ", "))
		}
		return n.make(v), nil
	}
	return nil, fmt.Errorf("unlearning: %w %q; known are %s", ErrUnknownMethod, notation, strings.Join(Names(), ", "))
}
