package graph_test

import (
	"flag"
	"io"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/miniunlearn/miniunlearn/graph"
)

func TestChoice(t *testing.T) {
	for _, c := range []struct {
		args             []string
		wantName, errHas string
	}{
		{nil, "gorgonia/", ""},
		{[]string{"-engine", "gorgonia", "-device", "cpu"}, "gorgonia/", ""},
		{[]string{"-engine", "tape"}, "tape/", ""},
		{[]string{"-device", "cuda"}, "", "runs on the cpu only"},
		{[]string{"-device", ""}, "gorgonia/", ""},
		{[]string{"-engine", "jax"}, "", `unknown engine "jax"`},
		{[]string{"-engine", "libtorch", "-device", "cuda:1"}, "", "go build -tags libtorch"},
	} {
		var choice graph.Choice
		fs := flag.NewFlagSet("test", flag.ContinueOnError)
		fs.SetOutput(io.Discard)
		choice.Flags(fs)
		require.NoError(t, fs.Parse(c.args))
		e, err := choice.Open()
		if c.errHas != "" {
			require.ErrorContains(t, err, c.errHas)
			continue
		}
		require.NoError(t, err)
		require.Contains(t, e.Name(), c.wantName)
	}
}
