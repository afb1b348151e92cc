package ledger_test

import (
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/miniunlearn/miniunlearn/data"
	"github.com/miniunlearn/miniunlearn/nets"
	"github.com/miniunlearn/miniunlearn/unlearning"
	"github.com/miniunlearn/miniunlearn/unlearning/history"
	"github.com/miniunlearn/miniunlearn/unlearning/ledger"
)

// TestFile: of a table that is a file, rows are deleted from the file; what is left
// of it opens as it was, although its columns' means and its shares of test rows are
// others now.
func TestFile(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	lines := []string{"patient,age,weight,site,outcome"}
	for i := range 300 {
		age, weight := r.IntN(80), r.Float64()*60+40
		lines = append(lines, fmt.Sprintf("p-%04d,%d,%.1f,%c,%d", i, age, weight, 'A'+rune(r.IntN(3)), (age+int(weight))/70%2))
	}
	dir := t.TempDir()
	path := filepath.Join(dir, "patients.csv")
	write := func() { require.NoError(t, os.WriteFile(path, []byte(strings.Join(lines, "\n")+"\n"), 0o600)) }
	write()
	spec := "csv:" + path + "?label=outcome&id=patient&validation=0.1"
	ds, err := data.Open(t.Context(), spec)
	require.NoError(t, err)
	run := filepath.Join(dir, "run")
	_, _, err = history.Train(t.Context(), run, history.LogitGradients(), nets.MLP(ds.Train.Features(), 8, 2), ds.Train, nets.Config{Epochs: 5, Batch: 16, Momentum: 0.9})
	require.NoError(t, err)
	l, err := ledger.Create(t.Context(), run, ds.Train, ledger.Options{Key: key, Unseen: ds.Validation})
	require.NoError(t, err)
	gone := []string{ds.Train.Key(3), ds.Train.Key(50), ds.Train.Key(51)}
	_, err = l.Request(gone...)
	require.NoError(t, err)
	_, err = l.Forget(t.Context(), unlearning.Mini{})
	require.NoError(t, err)
	require.NoError(t, l.Close())

	var left []string
	for _, line := range lines {
		if id, _, _ := strings.Cut(line, ","); id != gone[0] && id != gone[1] && id != gone[2] {
			left = append(left, line)
		}
	}
	lines = left
	write()
	anew, err := data.Open(t.Context(), spec)
	require.NoError(t, err)
	_, err = ledger.Open(t.Context(), run, anew.Train, ledger.Options{Key: key})
	require.ErrorIs(t, err, ledger.ErrData)
	require.ErrorContains(t, err, "ledger.OpenData")
	ds, err = ledger.OpenData(t.Context(), run, spec)
	require.NoError(t, err)
	l, err = ledger.Open(t.Context(), run, ds.Train, ledger.Options{Key: key, Unseen: ds.Validation})
	require.NoError(t, err)
	require.NoError(t, l.Close())

	_, err = ledger.OpenData(t.Context(), dir, spec)
	require.ErrorContains(t, err, "ledger.Create makes one")
	digits, _ := trained(t, history.LogitGradients(), nets.Logistic(64, 10), nets.Config{})
	l, err = ledger.Create(t.Context(), digits, people(), options())
	require.NoError(t, err)
	require.NoError(t, l.Close())
	known, err := ledger.OpenData(t.Context(), digits, "digits") // of which nothing was measured
	require.NoError(t, err)
	require.Equal(t, data.Digits().Train.Len(), known.Train.Len())
}
