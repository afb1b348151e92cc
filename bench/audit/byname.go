package audit

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/miniunlearn/miniunlearn/unlearning"
)

var controls = []unlearning.Method{NoOp{}, OtherSeed{}, Relabel{}}

// Names lists the notations that ByName reads: the controls, then those of
// unlearning.ByName.
func Names() []string {
	var names []string
	for _, c := range controls {
		names = append(names, c.Name())
	}
	return append(names, unlearning.Names()...)
}

// ByName returns the method of a notation such as "no-op" or "mini:0.1".
func ByName(notation string) (Subject, error) {
	if i := slices.IndexFunc(controls, func(c unlearning.Method) bool { return c.Name() == notation }); i >= 0 {
		return Subject{notation, controls[i]}, nil
	}
	m, err := unlearning.ByName(notation)
	if errors.Is(err, unlearning.ErrUnknownMethod) {
		return Subject{}, fmt.Errorf("audit: %w %q; known are %s", unlearning.ErrUnknownMethod, notation, strings.Join(Names(), ", "))
	}
	if err != nil {
		return Subject{}, fmt.Errorf("audit: %w", err)
	}
	return Subject{notation, m}, nil
}
