package unlearning

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"sync"

	"github.com/miniunlearn/miniunlearn/internal/nearest"
)

// ErrUnknownMethod is wrapped by ByName's error for a name that nobody
// registered.
var ErrUnknownMethod = errors.New("unknown method")

// entry is a registered method.
type entry struct {
	arg  string
	make func(arg string) (Method, error)
}

var (
	registryMu sync.Mutex
	registry   = map[string]entry{}
)

// Register makes a method known to ByName, and so to the commands of bench. A
// package that holds one calls it when it is initialised. The argument that may
// follow the name and a colon is described by arg, such as "COST", and handed to
// make, which is given "" where there is none; where arg is "" the method takes
// none. The name is of lower-case letters, digits and hyphens. It panics if the
// name is another's already.
func Register(name, arg string, make func(arg string) (Method, error)) {
	if name == "" || strings.Trim(name, "abcdefghijklmnopqrstuvwxyz0123456789-") != "" {
		panic(fmt.Sprintf("unlearning: Register(%q): a method's name is of lower-case letters, digits and hyphens", name))
	}
	if make == nil {
		panic(fmt.Sprintf("unlearning: Register(%q): there is no function that makes the method", name))
	}
	registryMu.Lock()
	defer registryMu.Unlock()
	if _, taken := registry[name]; taken {
		panic(fmt.Sprintf("unlearning: method %q is registered twice", name))
	}
	registry[name] = entry{arg, make}
}

// Names lists the notations that ByName reads, such as "mini[:COST]", sorted.
// COST is a share of retraining's gradient evaluations.
func Names() []string {
	registryMu.Lock()
	defer registryMu.Unlock()
	var names []string
	for _, name := range slices.Sorted(maps.Keys(registry)) {
		if arg := registry[name].arg; arg != "" {
			name += "[:" + arg + "]"
		}
		names = append(names, name)
	}
	return names
}

// ByName returns the method of a notation such as "mini", "Mini:0.1" or
// "deltagrad:10".
func ByName(notation string) (Method, error) {
	name, arg, has := strings.Cut(notation, ":")
	name = strings.ToLower(name)
	registryMu.Lock()
	e, ok := registry[name]
	known := slices.Sorted(maps.Keys(registry))
	registryMu.Unlock()
	if !ok {
		return nil, fmt.Errorf("unlearning: %w %q%s; known are %s", ErrUnknownMethod, notation, nearest.Hint(name, known), strings.Join(Names(), ", "))
	}
	if has && (e.arg == "" || arg == "") {
		if e.arg == "" {
			return nil, fmt.Errorf("unlearning: method %q: %s takes no argument", notation, name)
		}
		return nil, fmt.Errorf("unlearning: method %q: write %s or %s:%s", notation, name, name, e.arg)
	}
	m, err := e.make(arg)
	if err != nil {
		return nil, fmt.Errorf("unlearning: method %q: %w", notation, err)
	}
	if m == nil {
		return nil, fmt.Errorf("unlearning: method %q: what was registered for %s made nil", notation, name)
	}
	return m, nil
}

// Named is a method and what it is called in results, where two settings of one
// method may stand side by side.
type Named struct {
	// Name is "mini:0.1", or another that tells it from others; "" means
	// Method.Name().
	Name   string
	Method Method
}

// Parse returns the methods of notations, each under its notation in lower
// case.
func Parse(notations ...string) ([]Named, error) {
	var methods []Named
	for _, notation := range notations {
		notation = strings.TrimSpace(notation)
		m, err := ByName(notation)
		if err != nil {
			return nil, err
		}
		name, arg, has := strings.Cut(notation, ":")
		if name = strings.ToLower(name); has {
			name += ":" + arg
		}
		if slices.ContainsFunc(methods, func(n Named) bool { return n.Name == name }) {
			return nil, fmt.Errorf("unlearning: method %q is named twice", name)
		}
		methods = append(methods, Named{name, m})
	}
	return methods, nil
}

// maxArgument keeps what is computed from arguments within whole numbers.
const maxArgument = 1e6

// ByCost returns a constructor, for Register, of a method from a share of retraining's cost, 0
// where none is given.
func ByCost(make func(cost float64) Method) func(string) (Method, error) {
	return func(arg string) (Method, error) {
		if arg == "" {
			return make(0), nil
		}
		v, err := strconv.ParseFloat(arg, 64)
		if err != nil || !(v > 0 && v <= maxArgument) {
			return nil, fmt.Errorf("%q is no cost; write a share of retraining's above 0 and up to %g, such as 0.2", arg, float64(maxArgument))
		}
		return make(v), nil
	}
}

// ByCount returns a constructor, for Register, of a method from a number of something, 0 where
// none is given.
func ByCount(make func(n int) Method) func(string) (Method, error) {
	return func(arg string) (Method, error) {
		if arg == "" {
			return make(0), nil
		}
		n, err := strconv.Atoi(arg)
		if err != nil || n < 1 || n > maxArgument {
			return nil, fmt.Errorf("%q is no number from 1 to %g", arg, float64(maxArgument))
		}
		return make(n), nil
	}
}

// Plain returns the constructor, for Register, of a method without an argument.
func Plain(m Method) func(string) (Method, error) {
	return func(string) (Method, error) { return m, nil }
}

func init() {
	Register("mini", "COST", ByCost(func(c float64) Method { return Mini{Cost: c} }))
	Register("recursion", "", Plain(Recursion{}))
	Register("retrain", "", Plain(Retrain{}))
	Register("retrain-other-seed", "", Plain(Retrain{Other: 1}))
	Register("in-parts", "REQUESTS:METHOD", inParts)
	Register("fast-retrain", "COST", ByCost(func(c float64) Method { return FastRetrain{Short: Short{Cost: c}} }))
}
