package graph

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"

	"github.com/miniunlearn/miniunlearn/internal/nearest"
)

var (
	enginesMu sync.Mutex
	engines   = map[string]func(device string) (Engine, error){
		"gorgonia": func(device string) (Engine, error) { return NewWalker(0), onHost("gorgonia", device) },
		"tape":     func(device string) (Engine, error) { return Tape{}, onHost("tape", device) },
	}
)

// missing says how to get an engine that is not in every build.
var missing = map[string]string{
	"libtorch": `is not in this build; get it in three steps:
	import _ "github.com/miniunlearn/miniunlearn/graph/libtorch"
	eval "$(go run github.com/miniunlearn/miniunlearn/graph/libtorch/setup)"
	go build -tags libtorch …`,
}

// Register makes an engine known to [Open]. A package that holds one calls it
// when it is initialised. It panics if the name is taken.
func Register(name string, open func(device string) (Engine, error)) {
	if open == nil {
		panic(fmt.Sprintf("graph: Register(%q): there is no function that opens the engine", name))
	}
	enginesMu.Lock()
	defer enginesMu.Unlock()
	if engines[name] != nil {
		panic(fmt.Sprintf("graph: engine %q is registered twice", name))
	}
	engines[name] = open
}

// Open returns an engine by name: "gorgonia" or "" is the [Walker] on all
// cores, "tape" is [Tape], and "libtorch" is there in builds with package
// graph/libtorch and the tag libtorch. The device "" is the engine's first
// choice; "cpu" every engine has, "cuda" and "cuda:N" only libtorch. A device
// that is not there is an error: nothing runs elsewhere in silence.
func Open(name, device string) (Engine, error) {
	if name = strings.ToLower(name); name == "" {
		name = "gorgonia"
	}
	enginesMu.Lock()
	open := engines[name]
	known := slices.Sorted(maps.Keys(engines))
	enginesMu.Unlock()
	if open == nil {
		if how, ok := missing[name]; ok {
			return nil, fmt.Errorf("graph: engine %q %s", name, how)
		}
		return nil, fmt.Errorf("graph: unknown engine %q%s; this build has %s", name, nearest.Hint(name, known), strings.Join(known, ", "))
	}
	e, err := open(device)
	if err != nil {
		return nil, fmt.Errorf("graph: open: %w", err)
	}
	return e, nil
}

func onHost(name, device string) error {
	if device == "" || device == "cpu" {
		return nil
	}
	return fmt.Errorf("engine %q runs on the cpu only, not on %q; the engine for CUDA is libtorch", name, device)
}
