package palette_test

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	_ "github.com/miniunlearn/miniunlearn/bench/audit" // registers its controls
	"github.com/miniunlearn/miniunlearn/internal/palette"
	"github.com/miniunlearn/miniunlearn/unlearning"
)

// TestApart: without colour, two methods differ in their mark or their dashes.
func TestApart(t *testing.T) {
	seen := map[string]string{}
	for kind, s := range palette.Known {
		if kind == "retrained" { // the same rows under the name that audits use
			require.Equal(t, palette.Known["retrain"], s)
			continue
		}
		look := fmt.Sprint(s.Mark, s.Dashes)
		require.Empty(t, seen[look], "%s looks like %s in grey", kind, seen[look])
		seen[look] = kind
	}
}

// TestMethods: every method of the module has a look of its own.
func TestMethods(t *testing.T) {
	for _, name := range unlearning.Names() {
		kind := palette.Kind(name)
		if i := len(kind) - 1; kind[i] == '[' {
			kind = kind[:i]
		}
		require.Contains(t, palette.Known, kind)
	}
}

// TestUnknown: a method of somebody else looks the same everywhere, by its name.
func TestUnknown(t *testing.T) {
	require.Equal(t, palette.Of("scrub:0.1"), palette.Of("scrub"))
	looks := map[string]bool{}
	for _, name := range []string{"scrub", "salun", "sfron", "bad-teacher", "ssd", "msg", "ct", "neggrad"} {
		looks[fmt.Sprint(palette.Of(name))] = true
	}
	require.GreaterOrEqual(t, len(looks), 7, "of 8; there are 42")
	require.Equal(t, "#d55e00", palette.Of("mini:0.2").Hex())
}
