package audit

import (
	"fmt"

	"github.com/miniunlearn/miniunlearn/unlearning"
)

// Parse returns the subjects of notations such as "no-op" or "mini:0.1", those of
// unlearning.Parse with this package's controls among them.
func Parse(notations ...string) ([]Subject, error) {
	subjects, err := unlearning.Parse(notations...)
	if err != nil {
		return nil, fmt.Errorf("audit: %w", err)
	}
	for i := range subjects {
		if subjects[i].Name == (OtherSeed{}).Name() {
			subjects[i].Method = OtherSeed{} // of a seed that no model of the audit has
		}
	}
	return subjects, nil
}
