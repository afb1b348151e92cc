package bench

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/miniunlearn/miniunlearn/data"
	"github.com/miniunlearn/miniunlearn/unlearning"
	"github.com/miniunlearn/miniunlearn/unlearning/history"
)

// isMemorised reports whether a specification is for the run to resolve.
func isMemorised(spec string) bool {
	kind, _, _ := strings.Cut(spec, ":")
	return strings.EqualFold(kind, "memorised")
}

// memorisedShare reads the share of such a specification.
func memorisedShare(spec string) (float64, error) {
	_, text, _ := strings.Cut(spec, ":")
	share, err := strconv.ParseFloat(text, 64)
	if err != nil || !(share > 0 && share < 1) {
		return 0, fmt.Errorf("bench: forget %q: %q is not a share above 0 and below 1, as in memorised:0.1", spec, text)
	}
	return share, nil
}

// memorised returns the examples of such a specification, by a record of the run.
func memorised(spec string, record *history.Record) (data.ForgetSet, error) {
	share, err := memorisedShare(spec)
	if err != nil {
		return data.ForgetSet{}, err
	}
	f, err := unlearning.MostMemorised(record, share)
	if err != nil {
		return f, err
	}
	if f.Spec = spec; f.Len() == 0 {
		return f, fmt.Errorf("bench: forget %q: %w", spec, data.ErrEmptyForget)
	}
	return f, nil
}
