package main

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/miniunlearn/miniunlearn/bench/peers/timing"
)

// TestDocs: the tables in the documents are what this program makes of the
// file that stands beside them.
func TestDocs(t *testing.T) {
	f, err := read("../../../docs/evidence/speed.jsonl")
	require.NoError(t, err)
	text, err := os.ReadFile("../../../docs/performance.md")
	require.NoError(t, err)
	want, err := fill(string(text), blocks(f))
	require.NoError(t, err)
	require.Equal(t, want, string(text), "run go run ./bench/peers/compare -from docs/evidence/speed.jsonl -markdown docs/performance.md")
	for name := range blocks(f) {
		require.Contains(t, string(text), "<!-- speed:"+name+" -->", "a table is missing")
	}
}

func TestRatio(t *testing.T) {
	r := over(&row{RoundsMS: []float64{2, 6, 9}}, &row{RoundsMS: []float64{2, 2, 3}})
	require.Equal(t, ratio{3, 1, 3, true}, r)
	require.Equal(t, "3.00 (1.00–3.00)", r.String())
	require.Equal(t, "—", over(nil, &row{}).String())
	for _, c := range []struct {
		asked float64
		most  bool
		want  string
	}{
		{1, false, "yes"}, {2, false, "yes, not in every round"}, {3.5, false, "**no**"},
		{3, true, "yes"}, {2, true, "**no**, but in some rounds"}, {0.5, true, "**no**"},
	} {
		require.Equal(t, c.want, r.at(c.asked, c.most), "%v", c)
	}
	require.Equal(t, "not measured", ratio{}.at(1, false))
}

// sample has the default build twice as fast as PyTorch, on an idle machine.
func sample() *run {
	f := &run{Machine: machine{What: "machine", CPU: "a CPU", Cores: 2, Rounds: 2, Commit: "abc"}}
	for range 2 {
		f.add("default", timing.Row{What: "step", Net: "mlp", Batch: 128, Threads: 1, ISA: "avx2", MedianMS: 2, Allocs: 5})
		f.add("torch", timing.Row{What: "step", Net: "mlp", Batch: 128, Threads: 1, ISA: "avx2", MedianMS: 4})
		f.add("torch", timing.Row{What: "step", Net: "mlp", Batch: 128, Threads: 1, ISA: "native", MedianMS: 1})
	}
	return f
}

func TestAsked(t *testing.T) {
	f := sample()
	require.Contains(t, blocks(f)["asked"], "| default, mlp step, times as fast as PyTorch | 1 | ≥ 0.5 | 2.00 (2.00–2.00) | yes | 0.50 (0.50–0.50) |")
	require.Contains(t, blocks(f)["asked"], "| `openblas`, mlp step, times as fast as PyTorch | 1 | ≥ 1 | — | not measured | — |")
	f.Machine.Others = 0.3
	require.Contains(t, blocks(f)["asked"], "not decided")
	require.Contains(t, blocks(f)["steps"], "Busy machine")
}

func TestRoundTrip(t *testing.T) {
	f := sample()
	f.Audit = &audit{What: "audit", Command: "go run it", WallS: 61, PeakMiB: 100}
	f.Machine.LeftOut = []leftOut{{"openblas", "it is not there"}}
	path := filepath.Join(t.TempDir(), "speed.jsonl")
	require.NoError(t, f.write(path))
	got, err := read(path)
	require.NoError(t, err)
	require.Equal(t, f, got)
	require.Contains(t, blocks(got)["machine"], "LEFT OUT: `openblas`: it is not there")
	require.Contains(t, blocks(got)["audit"], "1m1s")
}

func TestReadErrors(t *testing.T) {
	path := filepath.Join(t.TempDir(), "speed.jsonl")
	for text, want := range map[string]string{
		"":                              "is empty",
		"{":                             "line 1",
		`{"what":"step"}`:               "line 1 is not about the machine",
		`{"what":"machine","colour":1}`: "unknown field",
		"{\"what\":\"machine\",\"rounds\":2}\n{\"what\":\"step\",\"rounds_ms\":[1]}": "1 rounds of 2",
	} {
		require.NoError(t, os.WriteFile(path, []byte(text), 0o600))
		_, err := read(path)
		require.ErrorContains(t, err, want)
	}
}

func TestFill(t *testing.T) {
	of := map[string]string{"a": "new\n"}
	got, err := fill("x\n<!-- speed:a -->\nold\n<!-- /speed -->\ny", of)
	require.NoError(t, err)
	require.Equal(t, "x\n<!-- speed:a -->\nnew\n<!-- /speed -->\ny", got)
	_, err = fill("<!-- speed:b -->\n<!-- /speed -->", of)
	require.ErrorContains(t, err, "speed:b: there is no such block; want one of a")
	_, err = fill("nothing", of)
	require.ErrorContains(t, err, "no marks")
}

// TestTurns: a side that is not there is not run, and what must be compared is
// told the same threads and batches.
func TestTurns(t *testing.T) {
	p := plan{nets: "mlp,resnet8", batches: "32", threads: []int{1, 2}, seconds: 0.5}
	all := p.turns(map[string]string{"default": "ours", "torch": "python", "stock": "stock"})
	var sides []string
	for _, t := range all {
		sides = append(sides, t.side)
	}
	require.Equal(t, "default torch torch stock default torch torch stock default", strings.Join(sides, " "))
	require.Equal(t, "default: -threads 1 -seconds 0.5 -nets mlp,resnet8 -batches 32 -hvp-batches 128 -isa avx2 -what step,grad,hvp,gemm", all[0].String())
	require.Equal(t, "torch: bench/peers/torch_steps.py --avx2 --what step,grad,hvp,gemm --threads 1 --seconds 0.5 --nets mlp,resnet8 --batches 32 --hvp-batches 128", all[1].String())
	require.Equal(t, "stock: -threads 1 -seconds 0.5 -nets mlp -batch 128", all[3].String())
	require.Equal(t, "default: -threads 2 -steps 1 -seconds 0.5 -nets mlp,resnet8 -what many", all[8].String())
}

func TestTake(t *testing.T) {
	f := &run{}
	line := `{"what":"gemm","net":"NN","batch":512,"threads":1,"isa":"avx2","median_ms":2,"min_ms":1,"steps":3,"peer":"p","kernels":"openblas"}`
	fake := turn{"openblas", []string{"OPENBLAS_CORETYPE=Haswell"}, []string{"sh", "-c", `echo "Core: $OPENBLAS_CORETYPE" >&2; echo '` + line + `'`}}
	for range 2 {
		require.NoError(t, fake.take(t.Context(), t.TempDir(), f))
	}
	require.Len(t, f.Rows, 1)
	require.Equal(t, "openblas Haswell", f.Rows[0].Kernels)
	require.Equal(t, []float64{2, 2}, f.Rows[0].RoundsMS)
	require.ErrorContains(t, turn{"stock", nil, []string{"sh", "-c", "echo oh >&2; exit 3"}}.take(t.Context(), t.TempDir(), f), "oh")
	require.ErrorContains(t, turn{"stock", nil, []string{"sh", "-c", "echo oh"}}.take(t.Context(), t.TempDir(), f), "printed no rows")
}

func TestBadFlags(t *testing.T) {
	for args, want := range map[string]string{
		"":                   "give -out FILE",
		"-out a -from b":     "give -out FILE",
		"-out a -rounds 0":   "want at least 1",
		"-out a -threads 0":  "want positive numbers",
		"-out a mlp":         "unexpected argument",
		"-out a -seconds -1": "more than 0",
	} {
		var err bytes.Buffer
		require.Equal(t, 2, compare(t.Context(), strings.Fields(args), &err), args)
		require.Contains(t, err.String(), want)
	}
}
