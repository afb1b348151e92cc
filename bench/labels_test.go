package bench_test

import (
	"bytes"
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/miniunlearn/miniunlearn/bench"
	"github.com/miniunlearn/miniunlearn/data"
	"github.com/miniunlearn/miniunlearn/nets"
	"github.com/miniunlearn/miniunlearn/unlearning"
)

// TestLabels: what the data call their classes is kept in results and printed
// beneath tables, and so is a batch above n; a byte order mark does no harm.
func TestLabels(t *testing.T) {
	path := filepath.Join(t.TempDir(), "a.csv")
	require.NoError(t, os.WriteFile(path, []byte("x,y\n"+strings.Repeat("1,ill\n2,well\n3,ill\n5,well\n", 10)), 0o600))
	s, err := data.Open(t.Context(), path+"?label=y")
	require.NoError(t, err)
	run, err := nets.Train(t.Context(), nets.Logistic(1, 2), s.Train, nets.Config{Batch: 64})
	require.NoError(t, err)
	p := unlearning.Problem{Run: run, Forget: data.RandomForget(s.Train, 0.1, 1)}
	res, err := unlearning.Retrain{}.Unlearn(context.Background(), p)
	require.NoError(t, err)
	table, err := bench.Evaluate(t.Context(), p, s.Test, res)
	require.NoError(t, err)
	require.Contains(t, table.String(), "Classes: 0 is ill, 1 is well.")
	require.Contains(t, table.String(), "batch 64 (above n: each step takes all examples)")
	var b bytes.Buffer
	require.NoError(t, bench.WriteJSONL(&b, table.Results))
	again, err := bench.ReadJSONL(strings.NewReader("\ufeff"+b.String()), "f")
	require.NoError(t, err)
	require.Equal(t, []string{"ill", "well"}, again[0].Labels)
}
