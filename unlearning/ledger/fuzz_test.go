package ledger

import (
	"bytes"
	"crypto/sha256"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/miniunlearn/miniunlearn/data"
	"github.com/miniunlearn/miniunlearn/internal/chain"
	"github.com/miniunlearn/miniunlearn/nets"
	"github.com/miniunlearn/miniunlearn/unlearning"
	"github.com/miniunlearn/miniunlearn/unlearning/history"
)

// FuzzLedger: whatever header, journal, queue and table say, with checksums that are
// right, opening and verifying the folder ends in an error of this package or not at
// all.
func FuzzLedger(f *testing.F) {
	ctx, key := f.Context(), Key("sixteen bytes and more")
	seed := filepath.Join(f.TempDir(), "run")
	ds := &data.Dataset{Name: "tiny", Shape: []int{2}, Classes: 2, X: []float32{1, 2, 3, 4, 5, 6, 1, 1, 2, 0, 0, 3}, Y: []int32{0, 1, 0, 1, 1, 0}, IDs: []int{10, 11, 12, 13, 14, 15}}
	_, _, err := history.Train(ctx, seed, history.LogitGradients(), nets.Logistic(2, 2), ds, nets.Config{Epochs: 2, Batch: 2, Seed: 1})
	require.NoError(f, err)
	l, err := Create(ctx, seed, ds, Options{Key: key})
	require.NoError(f, err)
	_, err = l.Request("12")
	require.NoError(f, err)
	_, err = l.Forget(ctx, unlearning.Retrain{})
	require.NoError(f, err)
	_, err = l.Request("14")
	require.NoError(f, err)
	require.NoError(f, l.Close())
	left := ds.Subset([]int{0, 1, 3, 4, 5})

	body := func(name string) []byte {
		raw, err := os.ReadFile(filepath.Join(seed, name))
		require.NoError(f, err)
		b, _, err := parseSummed(raw)
		require.NoError(f, err)
		return b
	}
	raw, err := os.ReadFile(filepath.Join(seed, journalName))
	require.NoError(f, err)
	var objects string
	for line := range strings.Lines(string(raw)) {
		_, object, _ := strings.Cut(line, "  ")
		objects += object
	}
	table, err := os.ReadFile(filepath.Join(seed, fmt.Sprintf(tableName, 1)))
	require.NoError(f, err)
	f.Add(body(headerName), objects, body(queueName), table, "")
	for _, change := range [][2]string{
		{`"left":6`, `"left":-1`}, {`"left":6`, `"left":9223372036854775807`}, {`"folder":"`, `"folder":"../`}, {`"folder":"retraining`, `"folder":"x`},
		{`"number":1`, `"number":0`}, {`"kind":"created"`, `"kind":"audited"`}, {`"since":{`, `"since":null,"x":{`}, {`"kind":"retrained"`, `"kind":"audited"`},
	} {
		f.Add(body(headerName), strings.ReplaceAll(objects, change[0], change[1]), body(queueName), table, "")
	}
	f.Add(body(headerName), objects, []byte(`{"next":1,"requests":[{"id":"r","ids":null}]}`), table[:40], "0  {}\n")
	f.Fuzz(func(t *testing.T, head []byte, objects string, queue, table []byte, pending string) {
		dir := filepath.Join(t.TempDir(), "run")
		require.NoError(t, os.CopyFS(dir, os.DirFS(seed)))
		put := func(name string, raw []byte) { require.NoError(t, os.WriteFile(filepath.Join(dir, name), raw, 0o600)) }
		put(headerName, fmt.Appendf(nil, "%s\n%x\n", head, sha256.Sum256(head)))
		put(queueName, fmt.Appendf(nil, "%s\n%x\n", queue, sha256.Sum256(queue)))
		put(fmt.Sprintf(tableName, 1), table)
		if pending != "" {
			put(pendingName, []byte(pending))
		}
		var journal bytes.Buffer
		at := fmt.Sprintf("%x", sha256.Sum256(head))
		for object := range strings.SplitSeq(strings.TrimSuffix(objects, "\n"), "\n") {
			var line []byte
			line, at = chain.Line(at, []byte(object))
			journal.Write(line)
		}
		put(journalName, journal.Bytes())
		known := func(err error) {
			if err != nil && !errors.Is(err, ErrDamaged) && !strings.Contains(err.Error(), "ledger: ") {
				t.Fatal(err)
			}
		}
		_, err := Verify(dir)
		known(err)
		l, err := Open(t.Context(), dir, left, Options{Key: key})
		known(err)
		if err == nil {
			_ = l.Due()
			_, err := l.Request("11")
			known(err)
			require.NoError(t, l.Close())
		}
	})
}
