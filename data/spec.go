package data

import (
	"fmt"
	"net/url"
	"os"
	"slices"
	"sort"
	"strconv"
	"strings"

	"github.com/miniunlearn/miniunlearn/internal/nearest"
)

// Spec says which data to open and how: KIND:PATH?OPTION=VALUE&OPTION=VALUE.
//
// An option may be given several times, or with several values between commas.
// A comma, ampersand or percent sign within a value is written as in a URL:
// %2C, %26, %25. A path is taken as it is, up to the last question mark.
type Spec struct {
	Kind string
	Path string

	options map[string][]string
	used    map[string]bool
	like    *Encoding // as what was opened before, nil for anew
}

// ParseSpec reads a specification. Where it names no kind, the path's ending
// says it: .csv, .tsv, .svm, .npz, .npy, .safetensors, .parquet, .zip, .tar; a
// folder holds images. Letters of a kind may be large or small.
func ParseSpec(text string) (Spec, error) {
	s := Spec{options: map[string][]string{}, used: map[string]bool{}}
	rest, query := text, ""
	if i := strings.LastIndexByte(text, '?'); i >= 0 {
		rest, query = text[:i], text[i+1:]
	}
	for pair := range strings.SplitSeq(query, "&") {
		if pair == "" {
			continue
		}
		name, value, ok := strings.Cut(pair, "=")
		if !ok || name == "" {
			return Spec{}, fmt.Errorf("data: %q: %q is not option=value", text, pair)
		}
		// Two values that differ in a comma are told apart before %2C is one.
		for v := range strings.SplitSeq(value, ",") {
			v, err := url.PathUnescape(v)
			if err != nil {
				return Spec{}, fmt.Errorf("data: %q: %w; write a percent sign as %%25", text, err)
			}
			s.options[name] = append(s.options[name], v)
		}
	}
	kind, path, hasKind := strings.Cut(rest, ":")
	lower := strings.ToLower(kind)
	switch {
	case hasKind && isKind(lower):
		s.Kind, s.Path = lower, path
	case !hasKind && (isKind(rest) || isKind(lower) && !exists(rest)):
		s.Kind = lower
	case hasKind && len(kind) > 1 && !strings.ContainsAny(kind, "/\\. ") && !exists(rest):
		return Spec{}, unknownKind(text, kind)
	default:
		s.Kind, s.Path = kindOfPath(rest), rest
		if s.Kind == "" {
			return Spec{}, unknownKind(text, kind)
		}
	}
	return s, nil
}

func exists(path string) bool {
	_, err := os.Stat(path)
	return err == nil
}

// List returns the values of an option.
func (s Spec) List(name string) []string {
	s.used[name] = true
	return s.options[name]
}

// Text returns the value of an option, "" if it is not given.
func (s Spec) Text(name string) (string, error) {
	v := s.List(name)
	switch len(v) {
	case 0:
		return "", nil
	case 1:
		return v[0], nil
	}
	return "", s.fail("%s has several values, %s; give one (a comma in it is %%2C)", name, strings.Join(v, ", "))
}

// OneOf returns the value of an option that has to be one of these, the first
// if it is not given.
func (s Spec) OneOf(name string, values ...string) (string, error) {
	v, err := s.Text(name)
	switch {
	case err != nil:
		return "", err
	case v == "":
		return values[0], nil
	case !slices.Contains(values, v):
		return "", s.fail("%s=%s; it can be %s", name, v, strings.Join(values, ", "))
	}
	return v, nil
}

// Uint returns the value of an option that is a whole number from 0.
func (s Spec) Uint(name string, otherwise uint64) (uint64, error) {
	v, err := s.Text(name)
	if err != nil || v == "" {
		return otherwise, err
	}
	n, err := strconv.ParseUint(v, 10, 64)
	if err != nil {
		return 0, s.fail("%s=%s is not a whole number from 0", name, v)
	}
	return n, nil
}

// Done returns an error if an option was given that nobody asked for.
func (s Spec) Done() error {
	var known, unknown []string
	for name := range s.used {
		known = append(known, name)
	}
	for name := range s.options {
		if !s.used[name] {
			unknown = append(unknown, name)
		}
	}
	if len(unknown) == 0 {
		return nil
	}
	sort.Strings(known)
	sort.Strings(unknown)
	if near := nearest.Name(unknown[0], known); near != "" {
		return s.fail("no option %s; did you mean %s?", unknown[0], near)
	}
	if len(known) == 0 {
		return s.fail("no option %s; it takes none", unknown[0])
	}
	return s.fail("no option %s; there are %s", unknown[0], strings.Join(known, ", "))
}

func (s Spec) fail(format string, a ...any) error {
	return fmt.Errorf("data: %s: "+format, append([]any{s.name()}, a...)...)
}

// name is how results and errors call the data: without options.
func (s Spec) name() string {
	if s.Path == "" {
		return s.Kind
	}
	return s.Kind + ":" + s.Path
}
