package leaks_test

import (
	"fmt"

	"github.com/miniunlearn/miniunlearn/bench/audit/leaks"
)

func Example() {
	for _, l := range leaks.Leaks()[:3] {
		fmt.Printf("%s: %s\n", l.Name(), l.Does)
	}
	// Output:
	// leak:trained: the trained model
	// leak:bias-negated: the trained model with its last bias negated
	// leak:noise: the trained model with N(0, 0.1²) on every parameter
}
