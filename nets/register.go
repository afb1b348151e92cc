package nets

import (
	"fmt"
	"slices"
	"strings"
	"sync"

	"github.com/miniunlearn/miniunlearn/data"
	"github.com/miniunlearn/miniunlearn/internal/nearest"
)

// Maker makes an architecture that classifies a data set. It is given the sizes that
// stand behind the name and a colon in a notation.
type Maker func(sizes string, ds *data.Dataset) (Arch, error)

// entry is a registered architecture.
type entry struct {
	name, sizes string
	make        Maker
}

var (
	registryMu sync.Mutex
	registry   []entry
)

// Register makes an architecture known to Parse, and so to the commands of bench. A
// package that holds one calls it when it is initialised. What has to follow the name
// and a colon is described by sizes, such as "IN-HIDDEN-…-OUT"; where that is "" the
// name stands alone. The name is of lower-case letters, digits and hyphens. It panics
// if the name is another's already, and if there is no Maker.
//
// [Arch.Name] of what is made should be a notation that makes the same again: results
// and folders of runs say that name.
func Register(name, sizes string, make Maker) {
	if name == "" || strings.Trim(name, "abcdefghijklmnopqrstuvwxyz0123456789-") != "" {
		panic(fmt.Sprintf("nets: Register(%q): an architecture's name is of lower-case letters, digits and hyphens", name))
	}
	if make == nil {
		panic(fmt.Sprintf("nets: Register(%q): there is no Maker", name))
	}
	registryMu.Lock()
	defer registryMu.Unlock()
	if slices.ContainsFunc(registry, func(e entry) bool { return e.name == name }) {
		panic(fmt.Sprintf("nets: architecture %q is registered twice", name))
	}
	registry = append(registry, entry{name, sizes, make})
}

// registered returns what there is.
func registered() []entry {
	registryMu.Lock()
	defer registryMu.Unlock()
	return slices.Clone(registry)
}

// Names lists the notations that Parse reads, such as "mlp:IN-HIDDEN-…-OUT", in the
// order in which they were registered.
func Names() []string {
	var names []string
	for _, e := range registered() {
		if e.sizes != "" {
			e.name += ":" + e.sizes
		}
		names = append(names, e.name)
	}
	return names
}

// Parse reads a notation for the data set that the architecture is to
// classify:
//
//	logistic                         Logistic
//	mlp:784-200-10                   MLP(784, 200, 10)
//	mlp:in-200-out                   the same, with the sizes of ds at both ends
//	lenet5                           LeNet5
//	cnn:c16k3p1-m2-c32k3p1-m2-d64    CNN, which describes the grammar
//	resnet8, resnet20                ResNet(8, …), ResNet(20, …)
//
// and what else was given to Register. Letters of the name may be large or small. The
// numbers of classes, and the images of a cnn, are those of ds. Sizes that a notation
// fixes itself are compared with the data by [Arch.Fits].
func Parse(notation string, ds *data.Dataset) (Arch, error) {
	name, sizes, given := strings.Cut(notation, ":")
	name = strings.ToLower(name)
	var names []string
	for _, e := range registered() {
		if e.name != name {
			names = append(names, e.name)
			continue
		}
		if given && e.sizes == "" {
			return Arch{}, fmt.Errorf("nets: %q: %s has no sizes to give, write it without %q", notation, name, ":"+sizes)
		}
		a, err := e.make(sizes, ds)
		if err != nil {
			return Arch{}, fmt.Errorf("nets: %q: %w", notation, err)
		}
		if a.Logits == nil {
			return Arch{}, fmt.Errorf("nets: %q: what was registered for %s made an architecture without Logits", notation, name)
		}
		return a, nil
	}
	all := Names()
	known := all[len(all)-1]
	if len(all) > 1 {
		known = strings.Join(all[:len(all)-1], ", ") + " and " + known
	}
	return Arch{}, fmt.Errorf("nets: unknown architecture %q%s; known are %s", notation, nearest.Hint(name, names), known)
}
