package grid

import (
	"fmt"
	"math"
	"strconv"
	"strings"

	"github.com/miniunlearn/miniunlearn/graph"
	"github.com/miniunlearn/miniunlearn/internal/nearest"
	"github.com/miniunlearn/miniunlearn/nets"
)

// unknown is the error of a name that is none of those known.
func unknown(what, name string, known ...string) error {
	return fmt.Errorf("unknown %s %q%s; known are %s", what, name, nearest.Hint(name, known), strings.Join(known, ", "))
}

// newRate returns a schedule of learning rates.
func newRate(lr float64, schedule string, warmup float64) (nets.LRSchedule, error) {
	if !(lr > 0) || math.IsInf(lr, 0) {
		return nil, fmt.Errorf("lr %g must be above 0 and finite", lr)
	}
	if !(warmup >= 0 && warmup < 1) {
		return nil, fmt.Errorf("warmup %g is outside [0, 1)", warmup)
	}
	switch strings.ToLower(schedule) {
	case "constant":
		if warmup > 0 {
			return nil, fmt.Errorf("warmup %g is of the schedule cosine, not of constant", warmup)
		}
		return nets.ConstantRate(lr), nil
	case "cosine":
		return nets.CosineRate{Peak: lr, Warmup: warmup}, nil
	}
	return nil, unknown("schedule", schedule, "constant", "cosine")
}

// parseAugment reads what nets.Augment.String writes.
func parseAugment(text string) (a nets.Augment, err error) {
	if text == "none" {
		return a, nil
	}
	for part := range strings.SplitSeq(text, ",") {
		pixels, isCrop := strings.CutPrefix(part, "crop:")
		switch {
		case part == "flip" && !a.Flip:
			a.Flip = true
			continue
		case isCrop && a.Crop == 0:
			if a.Crop, err = strconv.Atoi(pixels); err == nil && a.Crop > 0 {
				continue
			}
		}
		return nets.Augment{}, fmt.Errorf("is no augmentation; write none, crop:PIXELS, flip, or crop:PIXELS,flip")
	}
	return a, nil
}

// parseDType reads the name of a number type.
func parseDType(text string) (graph.DType, error) {
	switch strings.ToLower(text) {
	case "float32":
		return graph.Float32, nil
	case "float64":
		return graph.Float64, nil
	}
	return 0, unknown("number type", text, "float32", "float64")
}
