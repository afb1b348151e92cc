package main

import (
	"bytes"
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// TestOwnMethod: the method is swept and audited beside Mini, from a program of less
// than 80 lines.
func TestOwnMethod(t *testing.T) {
	var out bytes.Buffer
	require.NoError(t, run(t.Context(), &out, t.TempDir()))
	swept, audited, ok := strings.Cut(out.String(), "verdict")
	require.True(t, ok)
	for _, part := range []string{swept, audited} {
		require.Contains(t, part, "climb:10")
		require.Contains(t, part, "mini")
	}
	require.Contains(t, audited, "climb:10: failed")
	source, err := os.ReadFile("main.go")
	require.NoError(t, err)
	require.Less(t, strings.Count(string(source), "\n"), 80)
}
