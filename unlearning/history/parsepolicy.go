package history

import (
	"fmt"
	"strconv"
	"strings"
)

// ParsePolicy reads the notation of a policy that String gives, such as
// "at:0.5+logit-gradients".
func ParsePolicy(s string) (Policy, error) {
	var p Policy
	if s == (Policy{}).String() {
		return p, nil
	}
	for _, part := range strings.Split(s, "+") {
		q, ok := parsePart(part)
		if !ok {
			return Policy{}, fmt.Errorf("history: %q of the policy %q is none of all, last:STEPS, epochs:EVERY, spaced:NUMBER, halving:NUMBER, at:SHARE:… and %s", part, s, logitGradientsName)
		}
		p = p.And(q)
	}
	return p, nil
}

func parsePart(s string) (Policy, bool) {
	name, arg, given := strings.Cut(s, ":")
	if !given {
		switch name {
		case all:
			return All(), true
		case logitGradientsName:
			return LogitGradients(), true
		}
		return Policy{}, false
	}
	if name == "at" {
		var shares []float64
		for _, a := range strings.Split(arg, ":") {
			v, err := strconv.ParseFloat(a, 64)
			if err != nil || !(v >= 0 && v < 1) {
				return Policy{}, false
			}
			shares = append(shares, v)
		}
		return At(shares...), true
	}
	n, err := strconv.Atoi(arg)
	if err != nil || n < 1 {
		return Policy{}, false
	}
	switch name {
	case "last":
		return Last(n), true
	case "epochs":
		return EveryEpochs(n), true
	case "spaced":
		return Spaced(n), true
	case "halving":
		return Halving(n), true
	}
	return Policy{}, false
}
