package history

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
)

// tiny returns a data set of six examples, the smallest recorded folder, and its
// architecture.
func tiny(t testing.TB, dir string) (*data.Dataset, nets.Arch) {
	ds := &data.Dataset{Name: "tiny", Shape: []int{2}, Classes: 2, X: []float32{1, 2, 3, 4, 5, 6, 1, 1, 2, 0, 0, 3}, Y: []int32{0, 1, 0, 1, 1, 0}}
	_, _, err := Train(t.Context(), dir, All().And(LogitGradients()), nets.Logistic(2, 2), ds, nets.Config{Epochs: 2, Batch: 2, Seed: 1})
	require.NoError(t, err)
	return ds, nets.Logistic(2, 2)
}

// FuzzFolder: whatever header and manifest say, with checksums that are right, and
// whatever is in the files, reading the folder does not panic, and takes no more
// memory than there are bytes.
func FuzzFolder(f *testing.F) {
	seed := filepath.Join(f.TempDir(), "run")
	ds, arch := tiny(f, seed)
	raw, err := os.ReadFile(filepath.Join(seed, headerName))
	require.NoError(f, err)
	head, _, _ := bytes.Cut(raw, []byte("\n}\n"))
	head = append(head, "\n}"...)
	raw, err = os.ReadFile(filepath.Join(seed, manifestName))
	require.NoError(f, err)
	var objects []string
	for line := range strings.Lines(string(raw)) {
		_, object, _ := strings.Cut(line, "  ")
		objects = append(objects, object)
	}
	manifest := strings.Join(objects, "")
	segment, err := os.ReadFile(filepath.Join(seed, "segment-00000000.safetensors"))
	require.NoError(f, err)
	f.Add(head, manifest, segment)
	for _, change := range [][2]string{
		{`"to":6`, `"to":9223372036854775807`}, {`"from":0`, `"from":-1`}, {`"to":6`, `"to":5`}, {`"bytes":`, `"bytes":9`},
		{`"epochs":2`, `"epochs":3`}, {`"kind":"final"`, `"kind":"state"`}, {`"kind":"end"`, `"kind":"initial"`},
		{`"file":"momentum`, `"file":"../momentum`},
	} {
		f.Add(head, strings.ReplaceAll(manifest, change[0], change[1]), segment)
	}
	for _, change := range [][2]string{
		{`"params": 6`, `"params": 9223372036854775807`}, {`"params": 6`, `"params": 1099511627776`}, {`"steps": 6`, `"steps": 1099511627776`},
		{`"N": 6`, `"N": -6`}, {`"classes": 2`, `"classes": 1099511627776`}, {`"float32"`, `"float64"`},
	} {
		f.Add([]byte(strings.ReplaceAll(string(head), change[0], change[1])), manifest, segment)
	}
	f.Fuzz(func(t *testing.T, head []byte, lines string, segment []byte) {
		dir := filepath.Join(t.TempDir(), "run")
		require.NoError(t, os.CopyFS(dir, os.DirFS(seed)))
		sum := sha256.Sum256(head)
		require.NoError(t, os.WriteFile(filepath.Join(dir, headerName), fmt.Appendf(nil, "%s\n%x\n", head, sum), 0o600))
		var manifest bytes.Buffer
		at := fmt.Sprintf("%x", sum)
		for object := range strings.SplitSeq(strings.TrimSuffix(lines, "\n"), "\n") {
			var line []byte
			line, at = chain.Line(at, []byte(object))
			manifest.Write(line)
		}
		require.NoError(t, os.WriteFile(filepath.Join(dir, manifestName), manifest.Bytes(), 0o600))
		require.NoError(t, os.WriteFile(filepath.Join(dir, "segment-00000000.safetensors"), segment, 0o600))
		readAll(t, dir, arch, ds)
	})
}

// readAll reads what can be read of a folder. Its errors are those of this
// package.
func readAll(t testing.TB, dir string, arch nets.Arch, ds *data.Dataset) {
	check := func(err error) {
		var gap *GapError
		if err == nil || errors.As(err, &gap) {
			return
		}
		for _, known := range []error{ErrDamaged, ErrInterrupted, ErrVersion, ErrMismatch, ErrNoLogitGradients, ErrEngine, nets.ErrCheckpoint} {
			if errors.Is(err, known) {
				return
			}
		}
		if !strings.Contains(err.Error(), "history: ") {
			t.Fatal(err)
		}
	}
	c, err := Inspect(dir)
	check(err)
	if c != nil {
		_ = c.String()
	}
	run, _, err := OpenRun(dir, arch, ds, RunOptions{})
	check(err)
	rec, err := Open(dir)
	if check(err); err != nil {
		return
	}
	_, _, err = rec.LogitGradients()
	check(err)
	for _, at := range rec.Checkpoints() {
		_, _, _, err := rec.Checkpoint(at)
		check(err)
	}
	if run == nil {
		return
	}
	for _, c := range rec.Covered() {
		for _, err := range rec.Steps(run.Model, func(t int) float64 { return 0.1 }, c[0], c[1]) {
			if check(err); err != nil {
				break
			}
		}
	}
}

// FuzzManifest: as it is, any manifest is parsed or refused.
func FuzzManifest(f *testing.F) {
	dir := filepath.Join(f.TempDir(), "run")
	tiny(f, dir)
	raw, err := os.ReadFile(filepath.Join(dir, manifestName))
	require.NoError(f, err)
	f.Add(raw)
	f.Add(raw[:len(raw)-5])
	f.Fuzz(func(t *testing.T, raw []byte) {
		m, err := parseManifest(raw, "00")
		if err == nil && !m.torn {
			require.EqualValues(t, len(raw), m.size)
		}
	})
}
