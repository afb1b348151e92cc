package nearest_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/miniunlearn/miniunlearn/internal/nearest"
)

func TestName(t *testing.T) {
	known := []string{"mini", "deltagrad", "rewind", "retrain", "retrain-other-seed"}
	for wrong, want := range map[string]string{
		"mnii": "mini", "min": "mini", "imin": "", // two swaps "MINY": "mini", "delta-grad": "deltagrad", "retrian": "retrain", "retrain-otherseed": "retrain-other-seed",
		"rewinds": "rewind", "magic": "", "": "",
	} {
		require.Equal(t, want, nearest.Name(wrong, known), wrong)
	}
	for want, wrong := range map[string]string{"outcome": "Outcom", "age": "aeg", "": "zzz"} {
		require.Equal(t, want, nearest.Name(wrong, []string{"age", "sex", "outcome"}))
	}
	require.Empty(t, nearest.Name(strings.Repeat("x", 100), []string{strings.Repeat("x", 99)}), "nobody types such names")
	require.Equal(t, "; did you mean mini?", nearest.Hint("min", known))
	require.Empty(t, nearest.Hint("magic", known))
	require.Empty(t, nearest.Name("mini", nil))
}
