package main

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/miniunlearn/miniunlearn/data"
	"github.com/miniunlearn/miniunlearn/unlearning/ledger"
)

// asProgram makes the test binary the example, for the processes that it starts.
const asProgram = "REQUESTS_TEST_AS_PROGRAM"

func TestMain(m *testing.M) {
	if os.Getenv(asProgram) != "" {
		main()
		os.Exit(0)
	}
	os.Exit(m.Run())
}

// TestRequests: whatever the kill has interrupted, in the end ten requests have been
// served, their rows are gone from the table, and the journal can be replayed to the
// last bit from the table as it was.
func TestRequests(t *testing.T) {
	t.Setenv(asProgram, "1")
	f, original := folder(t.TempDir()), folder(t.TempDir())
	var out bytes.Buffer
	require.NoError(t, show(t.Context(), &out, f), out.String())
	for _, want := range []string{"customer-003 was not trained on", "forgetting r-000006, r-000007", "serves: 9", "There is no bound", "0 requests wait"} {
		require.Contains(t, out.String(), want)
	}
	entries, err := ledger.ReadJournal(f.run())
	require.NoError(t, err)
	served := 0
	for _, e := range entries {
		served += len(e.Requests)
	}
	require.Equal(t, 10, served)
	table, err := os.ReadFile(f.table())
	require.NoError(t, err)
	for _, c := range customers {
		require.NotContains(t, string(table), c+",")
	}
	require.NoError(t, original.makeTable())
	all, err := os.ReadFile(original.table())
	require.NoError(t, err)
	require.Equal(t, 9*len(customers), strings.Count(string(all), "\n")-strings.Count(string(table), "\n"), "no other rows are gone")

	// An auditor's replay.
	asked, err := f.readAsked()
	require.NoError(t, err)
	require.Len(t, asked, 10)
	key, err := ledger.KeyFile(f.key())
	require.NoError(t, err)
	ds, err := data.Open(t.Context(), original.spec())
	require.NoError(t, err)
	replayed, err := ledger.Replay(t.Context(), entries, ds.Train, ledger.Replaying{Key: key, Requests: asked, Dir: filepath.Join(t.TempDir(), "replay")})
	require.NoError(t, err)
	require.Len(t, replayed, len(entries))
	for _, r := range replayed {
		require.True(t, r.Same, "entry %d", r.Entry.Number)
	}

	// Asked again, and twice, nothing happens.
	customers := append(customers, customers...)
	out.Reset()
	require.NoError(t, run(t.Context(), &out, append([]string{"serve", string(f)}, customers...)))
	require.Equal(t, 1, strings.Count(out.String(), "\n"), out.String())
	require.ErrorContains(t, run(t.Context(), &out, []string{"train"}), "usage")
}
