package table

import (
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/miniunlearn/miniunlearn/data/synthetic"
)

// BenchmarkCSV reads tables of the format of HIGGS and Covtype, about 80 MB each:
// read, until rows are numbers; features, until they are standardised float32;
// encoding/csv with strconv.ParseFloat, which makes the same numbers; and
// pandas.read_csv in a Python that MINIUNLEARN_PYTHON names.
//
//	MINIUNLEARN_PYTHON=python3 go test ./data/table -run '^$' -bench CSV -benchtime 3x
func BenchmarkCSV(b *testing.B) {
	for _, tc := range []struct {
		kind string
		rows int
		o    Options
	}{
		{"higgs-like", 110_000, Options{Label: "1", Header: NoHeader}},
		{"covtype-like", 600_000, Options{Label: "-1", Header: NoHeader}},
	} {
		path := filepath.Join(b.TempDir(), tc.kind+".csv")
		k, err := synthetic.ByName(tc.kind)
		require.NoError(b, err)
		f, err := os.Create(path)
		require.NoError(b, err)
		require.NoError(b, k.WriteCSV(f, tc.rows, 1))
		info, err := f.Stat()
		require.NoError(b, err)
		require.NoError(b, f.Close())
		report := func(b *testing.B, seconds float64) {
			b.ReportMetric(float64(info.Size())/1e6/seconds, "MB/s")
			b.ReportMetric(float64(tc.rows*(k.Features+1))/1e6/seconds, "Mfields/s")
		}
		b.Run(tc.kind+"/read", func(b *testing.B) {
			for b.Loop() {
				t, err := Read(b.Context(), path, tc.o)
				require.NoError(b, err)
				t.Close()
			}
			report(b, b.Elapsed().Seconds()/float64(b.N))
		})
		b.Run(tc.kind+"/features", func(b *testing.B) {
			for b.Loop() {
				t, err := Read(b.Context(), path, tc.o)
				require.NoError(b, err)
				columns, err := t.Fit(tc.o, func(i int) bool { return i%5 != 0 })
				require.NoError(b, err)
				x := make([]float32, t.Rows()*k.Features)
				require.NoError(b, t.Encode(columns, func(i int) []float32 { return x[i*k.Features:][:k.Features] }))
				t.Close()
			}
			report(b, b.Elapsed().Seconds()/float64(b.N))
		})
		b.Run(tc.kind+"/encoding-csv", func(b *testing.B) {
			for b.Loop() {
				require.Equal(b, tc.rows*(k.Features+1), standardLibrary(b, path))
			}
			report(b, b.Elapsed().Seconds()/float64(b.N))
		})
		b.Run(tc.kind+"/pandas", func(b *testing.B) {
			python := os.Getenv("MINIUNLEARN_PYTHON")
			if python == "" {
				b.Skip("MINIUNLEARN_PYTHON names no Python with pandas")
			}
			sum := 0.0
			for b.Loop() {
				sum += pandas(b, python, path)
			}
			report(b, sum/float64(b.N))
		})
	}
}

// standardLibrary returns how many numbers it has read.
func standardLibrary(b *testing.B, path string) int {
	f, err := os.Open(path)
	require.NoError(b, err)
	defer f.Close()
	r := csv.NewReader(f)
	r.ReuseRecord = true
	var x []float64
	for {
		record, err := r.Read()
		if errors.Is(err, io.EOF) {
			return len(x)
		}
		require.NoError(b, err)
		for _, field := range record {
			v, err := strconv.ParseFloat(field, 64)
			require.NoError(b, err)
			x = append(x, v)
		}
	}
}

// pandas returns the seconds that read_csv took, the start of Python apart.
func pandas(b *testing.B, python, path string) float64 {
	program := fmt.Sprintf("import time, pandas\nt = time.perf_counter()\npandas.read_csv(%q, header=None)\nprint(time.perf_counter() - t)", path)
	out, err := exec.CommandContext(b.Context(), python, "-c", program).Output()
	require.NoError(b, err)
	seconds, err := strconv.ParseFloat(strings.TrimSpace(string(out)), 64)
	require.NoError(b, err)
	return seconds
}
