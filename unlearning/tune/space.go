package tune

import (
	"fmt"
	"math"
	"strconv"
	"strings"
	"sync"
)

// Range is what a setting of a method's notation may be.
type Range struct {
	Name      string
	Low, High float64
	Log       bool // drawn evenly in the logarithm
	Whole     bool // a whole number
}

// at returns "name=value" for a place of the range from 0 to 1, to three digits.
func (r Range) at(place float64) string {
	low, high := r.Low, r.High
	if r.Whole {
		return fmt.Sprintf("%s=%d", r.Name, min(int(high), int(low+(high+1-low)*place))) // each number as likely
	}
	v := low + (high-low)*place
	if r.Log {
		v = math.Exp(math.Log(low) + (math.Log(high)-math.Log(low))*place)
	}
	return r.Name + "=" + strconv.FormatFloat(v, 'g', 3, 64)
}

var (
	spacesMu sync.Mutex
	spaces   = map[string][]Range{}
)

// Register says between what the settings of a method are tuned, by the name that it is
// registered by: none for one that has nothing to tune. It panics if the name has ranges
// already, or a range is empty.
func Register(name string, ranges ...Range) {
	spacesMu.Lock()
	defer spacesMu.Unlock()
	if _, taken := spaces[name]; taken {
		panic(fmt.Sprintf("tune: the ranges of %q are registered twice", name))
	}
	for _, r := range ranges {
		if !(r.Low < r.High) || r.Log && r.Low <= 0 {
			panic(fmt.Sprintf("tune: %s: the range of %q is from %g to %g", name, r.Name, r.Low, r.High))
		}
	}
	spaces[name] = ranges
}

// Space returns the ranges of a method by its notation, and whether there are some that
// the notation does not set.
func Space(notation string) (ranges []Range, known bool) {
	name, arg, _ := strings.Cut(strings.ToLower(notation), ":")
	spacesMu.Lock()
	defer spacesMu.Unlock()
	all, known := spaces[name]
	for _, r := range all {
		if !strings.Contains(":"+arg, ":"+r.Name+"=") {
			ranges = append(ranges, r)
		}
	}
	return ranges, known
}

// The ranges of the methods of package baselines. That of rates, over the rate of the
// run, is the same for all and holds every published one but gradient ascent's, which
// is far lower; shares and weights are tuned over all that they can be, others a
// factor of ten and more around what is published.
func init() {
	rate := Range{Name: "rate", Low: 0.01, High: 3, Log: true}
	Register("neggrad", Range{Name: "rate", Low: 1e-4, High: 1, Log: true}, Range{Name: "epochs", Low: 1, High: 10, Whole: true})
	Register("neggradplus", rate, Range{Name: "alpha", Low: 0.5, High: 1})
	Register("random-labels", rate)
	Register("salun", rate, Range{Name: "share", Low: 0.1, High: 1})
	scrub := []Range{
		rate, {Name: "alpha", Low: 1e-3, High: 1, Log: true}, {Name: "gamma", Low: 0.1, High: 3, Log: true},
		{Name: "temperature", Low: 1, High: 5}, {Name: "rounds", Low: 1, High: 5, Whole: true}, {Name: "climbs", Low: 1, High: 3, Whole: true},
	}
	Register("scrub", scrub...)
	Register("scrub-rewind", scrub...)
	Register("bad-teacher", rate, Range{Name: "temperature", Low: 0.5, High: 5, Log: true}, Range{Name: "share", Low: 0.1, High: 1})
	Register("l1-sparse", rate, Range{Name: "alpha", Low: 1e-6, High: 1e-2, Log: true})
	Register("cf-k", rate, Range{Name: "k", Low: 1, High: 2, Whole: true})
	Register("eu-k", rate, Range{Name: "k", Low: 1, High: 2, Whole: true})
	Register("ct", rate)
	Register("msg", rate, Range{Name: "share", Low: 0.05, High: 0.95}, Range{Name: "slow", Low: 0.01, High: 1, Log: true})
	Register("sfr-on", rate, Range{Name: "alpha", Low: 0.1, High: 100, Log: true}, Range{Name: "every", Low: 1, High: 10, Whole: true}, Range{Name: "gamma", Low: 0.1, High: 10, Log: true})
	Register("ssd", Range{Name: "alpha", Low: 0.5, High: 100, Log: true}, Range{Name: "lambda", Low: 0.1, High: 3, Log: true})
	Register("influence", Range{Name: "damping", Low: 1e-3, High: 10, Log: true}, Range{Name: "iterations", Low: 2, High: 20, Whole: true})
	for _, name := range []string{"mini", "finetune", "shrink-perturb", "fast-retrain", "rewind", "rum"} {
		Register(name) // nothing but their cost
	}
}
