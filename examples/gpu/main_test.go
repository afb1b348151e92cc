package main

import (
	"bytes"
	"context"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/miniunlearn/miniunlearn/graph"
)

func TestRun(t *testing.T) {
	engines := map[string]string{"gorgonia": "gorgonia/"}
	if _, err := graph.Open("libtorch", "cpu"); err == nil {
		engines["libtorch"] = "libtorch/2.1.0-cpu"
	} else {
		require.ErrorContains(t, run(t.Context(), &bytes.Buffer{}, []string{"-engine", "libtorch"}), "-tags libtorch")
	}
	for name, want := range engines {
		var out bytes.Buffer
		require.NoError(t, run(t.Context(), &out, []string{"-engine", name, "-channels", "2", "-epochs", "1"}))
		require.Contains(t, out.String(), "engine  "+want)
		require.Contains(t, out.String(), "forgot")
	}
}

func TestBadFlags(t *testing.T) {
	err := run(t.Context(), &bytes.Buffer{}, []string{"-device", "cuda"})
	require.ErrorContains(t, err, "runs on the cpu only")
	require.ErrorContains(t, run(t.Context(), &bytes.Buffer{}, []string{"-channels", "0"}), "c0")
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	require.ErrorIs(t, run(ctx, &bytes.Buffer{}, nil), context.Canceled)
}
