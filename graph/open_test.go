package graph_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/miniunlearn/miniunlearn/graph"
)

func TestOpen(t *testing.T) {
	for _, c := range []struct{ name, device, engine, wantErr string }{
		{"", "", "gorgonia/", ""},
		{"gorgonia", "cpu", "gorgonia/", ""},
		{"tape", "", "tape/", ""},
		{"gorgonia", "cuda", "", `engine "gorgonia" runs on the cpu only, not on "cuda"; the engine for CUDA is libtorch`},
		{"tape", "cuda:1", "", `engine "tape" runs on the cpu only`},
		{"jax", "", "", `unknown engine "jax"; this build has gorgonia`},
	} {
		e, err := graph.Open(c.name, c.device)
		if c.wantErr != "" {
			require.ErrorContains(t, err, c.wantErr)
			require.Nil(t, e)
			continue
		}
		require.NoError(t, err)
		require.Contains(t, e.Name(), c.engine)
	}
	_, err := graph.Open("libtorch", "cpu") // this package does not import it
	require.ErrorContains(t, err, "go build -tags libtorch")
	require.ErrorContains(t, err, "graph/libtorch/setup")
}

func open(string) (graph.Engine, error) { return &graph.Walker{}, nil }

func init() { graph.Register("mine", open) } // and not in the test, which may run twice

func TestRegister(t *testing.T) {
	require.PanicsWithValue(t, `graph: Register("none"): there is no function that opens the engine`, func() { graph.Register("none", nil) })
	e, err := graph.Open("mine", "anywhere")
	require.NoError(t, err)
	require.NotNil(t, e)
	require.PanicsWithValue(t, `graph: engine "mine" is registered twice`, func() { graph.Register("mine", open) })
}
