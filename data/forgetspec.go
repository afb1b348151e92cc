package data

import (
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"

	"github.com/miniunlearn/miniunlearn/data/files"
	"github.com/miniunlearn/miniunlearn/internal/purpose"
)

// ParseForget returns the forget set that a specification selects from ds:
//
//	random:0.2       a fifth of the examples, chosen uniformly by the seed
//	class:3          all examples with label 3, or what the data call the class
//	part:0.5:3       half of them, chosen by the seed
//	first:100        the first hundred
//	where:sex=F      those of a table with this value in this column
//	ids:FILE         the examples with the ids in a file, see [ParseIDs]
//	set:FILE         the set in a file of [WriteForget]
//	positions:FILE   those at the positions in a file, see [ParsePositions]
//
// [ParseScenario] has more, which change the data. An id names the same example in every subset of the data; a position is that
// in ds. Errors match [ErrForgetSpec] where the specification is wrong and
// [ErrEmptyForget] where it selects nothing; those of a file are the parsers'.
func ParseForget(spec string, ds *Dataset, seed uint64) (ForgetSet, error) {
	f, err := parseForget(spec, ds, seed)
	if err != nil {
		return ForgetSet{}, fmt.Errorf("data: forget %q: %w", spec, err)
	}
	if f.Len() == 0 {
		return ForgetSet{}, fmt.Errorf("data: forget %q: %w: choose at least one of the %d training examples", spec, ErrEmptyForget, ds.Len())
	}
	f.Spec = spec
	return f, nil
}

// SplitForgets cuts a list of specifications, for [ParseForget], at the commas
// behind which one begins, so that paths and values may have commas in them.
func SplitForgets(list string) ([]string, error) {
	kinds := []string{"random", "class", "part", "first", "where", "ids", "positions", "set", "memorised"}
	for kind := range spoilers {
		kinds = append(kinds, kind)
	}
	var specs []string
	for i, item := range strings.Split(list, ",") {
		kind, _, colon := strings.Cut(strings.TrimSpace(item), ":")
		switch {
		case i == 0 || colon && slices.Contains(kinds, kind):
			specs = append(specs, strings.TrimSpace(item))
		default:
			specs[len(specs)-1] += "," + item
		}
	}
	for _, s := range specs {
		if s == "" || strings.HasSuffix(s, ",") {
			return nil, fmt.Errorf("%q has an empty item", list)
		}
	}
	return specs, nil
}

func parseForget(spec string, ds *Dataset, seed uint64) (ForgetSet, error) {
	kind, arg, _ := strings.Cut(spec, ":")
	kind = strings.ToLower(kind)
	n := ds.Len()
	switch kind {
	case "random":
		share, err := strconv.ParseFloat(arg, 64)
		if err != nil || !(share > 0 && share <= 1) {
			return ForgetSet{}, fmt.Errorf("%q is not a share above 0 and up to 1: %w", arg, ErrForgetSpec)
		}
		return RandomForget(ds, share, seed), nil
	case "class":
		class, ok := ds.Encoding.classOrNumber(arg, ds.Classes)
		if !ok {
			return ForgetSet{}, fmt.Errorf("%q is not a label%s: %w", arg, ds.labelHint(arg), ErrForgetSpec)
		}
		var at []int
		for i, y := range ds.Y {
			if int(y) == class {
				at = append(at, i)
			}
		}
		return ForgetPositions(n, at)
	case "part":
		text, label, _ := strings.Cut(arg, ":")
		share, err := strconv.ParseFloat(text, 64)
		if err != nil || !(share > 0 && share <= 1) {
			return ForgetSet{}, fmt.Errorf("%q is not a share above 0 and up to 1: %w", text, ErrForgetSpec)
		}
		class, ok := ds.Encoding.classOrNumber(label, ds.Classes)
		if !ok {
			return ForgetSet{}, fmt.Errorf("%q is not a label%s: %w", label, ds.labelHint(label), ErrForgetSpec)
		}
		var at []int
		for _, i := range purpose.Rand(seed, purpose.ClassPart, 0).Perm(n) {
			if int(ds.Y[i]) == class {
				at = append(at, i)
			}
		}
		return ForgetPositions(n, at[:int(math.Round(share*float64(len(at))))])
	case "first":
		count, err := strconv.Atoi(arg)
		if err != nil || count < 0 || count > n {
			return ForgetSet{}, fmt.Errorf("%q is not a count from 1 to %d, the size of the training set: %w", arg, n, ErrForgetSpec)
		}
		at := make([]int, count)
		countUp(at)
		return ForgetPositions(n, at)
	case "where":
		at, err := ds.where(arg)
		if err != nil {
			return ForgetSet{}, fmt.Errorf("%w: %w", err, ErrForgetSpec)
		}
		return ForgetPositions(n, at)
	case "ids", "positions", "set":
		if arg == "" {
			return ForgetSet{}, fmt.Errorf("no file named: %w", ErrForgetSpec)
		}
		file, err := files.Regular(arg)
		if err != nil {
			if kind == "set" {
				return ForgetSet{}, fmt.Errorf("cannot read the set; name a file that WriteForget wrote: %w", err)
			}
			return ForgetSet{}, fmt.Errorf("cannot read the %s; name a file with one a line: %w", kind, err)
		}
		defer file.Close()
		switch kind {
		case "ids":
			return ParseIDs(file, arg, ds)
		case "set":
			return ReadForget(file, arg, ds)
		}
		return ParsePositions(file, arg, n)
	}
	if _, is := spoilers[kind]; is {
		return ForgetSet{}, fmt.Errorf("%s examples are made before they are trained on, which is not done here: %w", kind, ErrForgetSpec)
	}
	return ForgetSet{}, fmt.Errorf("unknown kind %q: %w", kind, ErrForgetSpec)
}

// abridge keeps an error message readable when a whole binary file is quoted.
func abridge(s string) string {
	const limit = 40
	if len(s) <= limit {
		return s
	}
	return s[:limit] + "…"
}
