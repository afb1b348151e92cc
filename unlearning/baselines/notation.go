package baselines

import (
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"

	"github.com/miniunlearn/miniunlearn/unlearning"
)

// setting is a hyperparameter that a notation may name: "alpha=0.9".
type setting struct {
	name string
	set  func(text string) error
}

func number(name string, at *float64) setting {
	return setting{name, func(text string) error {
		v, err := strconv.ParseFloat(text, 64)
		if err != nil || math.IsNaN(v) {
			return fmt.Errorf("%q is no number", text)
		}
		*at = v
		return nil
	}}
}

func count(name string, at *int) setting {
	return setting{name, func(text string) error {
		v, err := strconv.Atoi(text)
		if err != nil || v < 1 {
			return fmt.Errorf("%q is no number from 1", text)
		}
		*at = v
		return nil
	}}
}

func seed(at *uint64) setting {
	return setting{"seed", func(text string) error {
		v, err := strconv.ParseUint(text, 10, 64)
		if err != nil || v == 0 {
			return fmt.Errorf("%q is no seed from 1", text)
		}
		*at = v
		return nil
	}}
}

// settings are those that all methods have that take steps.
func (s *Steps) settings() []setting {
	return []setting{number("rate", &s.Rate), count("batch", &s.Batch), seed(&s.Seed)}
}

// register makes a method known by names. Its notation is
//
//	name:COST:alpha=0.9:rate=0.1
//
// with the cost and the settings that of returns, in any order, or some of them.
func register[M unlearning.Method](of func(m *M) (cost *float64, settings []setting), names ...string) {
	_, settings := of(new(M))
	arg := "COST"
	for _, s := range settings {
		if slices.ContainsFunc((&Steps{}).settings(), func(o setting) bool { return o.name == s.name }) {
			continue // those of all methods go without saying
		}
		arg += ":" + s.name + "=" + strings.ToUpper(s.name[:1])
	}
	for _, name := range names {
		unlearning.Register(name, arg, func(arg string) (unlearning.Method, error) {
			var m M
			cost, settings := of(&m)
			if arg == "" {
				return m, nil
			}
			seen := map[string]bool{}
			for _, item := range strings.Split(arg, ":") {
				key, value, named := strings.Cut(item, "=")
				if !named {
					key, value = "", item
				}
				if seen[key] {
					return nil, fmt.Errorf("%q is set twice", item)
				}
				if seen[key] = true; !named {
					v, err := strconv.ParseFloat(item, 64)
					if err != nil || !(v > 0 && v <= unlearning.MaxCost) {
						return nil, fmt.Errorf("%q is no cost; write a share of retraining's above 0 and up to %g, such as 0.2", item, float64(unlearning.MaxCost))
					}
					*cost = v
					continue
				}
				if err := set(settings, key, value); err != nil {
					return nil, err
				}
			}
			return m, nil
		})
	}
}

// set gives a setting its value.
func set(settings []setting, name, value string) error {
	var known []string
	for _, s := range settings {
		if s.name == name {
			if err := s.set(value); err != nil {
				return fmt.Errorf("%s: %w", name, err)
			}
			return nil
		}
		known = append(known, s.name)
	}
	return fmt.Errorf("no setting %q; there are %s", name, strings.Join(known, ", "))
}
