package main

import (
	"bytes"
	"encoding/csv"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/miniunlearn/miniunlearn/bench"
	"github.com/miniunlearn/miniunlearn/data"
)

func command(t *testing.T, args ...string) (code int, stdout, stderr string) {
	var out, errs bytes.Buffer
	code = run(t.Context(), args, &out, &errs)
	return code, out.String(), errs.String()
}

// TestRun: the set is read as one to forget by the same data alone, and the estimates
// are those of all examples.
func TestRun(t *testing.T) {
	set, estimates := filepath.Join(t.TempDir(), "most.json"), filepath.Join(t.TempDir(), "all.csv")
	code, out, errs := command(t, "-n", "300", "-net", "mlp:64-32-10", "-epochs", "10", "-seed", "3", "-models", "20", "-top", "0.1", "-out", set, "-estimates", estimates)
	require.Zero(t, code, errs)
	require.Contains(t, out, "by 20 models of 0.7 of the 300 examples")
	require.Contains(t, out, "the 30 most memorised")
	require.Contains(t, out, "where chance would find 3")
	require.Contains(t, errs, "model 20 of 20")
	ds, err := data.Stratified(data.Digits().Train, 300, 3)
	require.NoError(t, err)
	f, err := data.ParseForget("set:"+set, ds, 3)
	require.NoError(t, err)
	require.Equal(t, 30, f.Len())
	other, err := data.Stratified(data.Digits().Train, 300, 4)
	require.NoError(t, err)
	_, err = data.ParseForget("set:"+set, other, 3)
	require.ErrorIs(t, err, data.ErrOtherData)
	raw, err := os.ReadFile(estimates)
	require.NoError(t, err)
	lines := strings.Split(strings.TrimSpace(string(raw)), "\n")
	require.Len(t, lines, 301)
	require.Equal(t, "id,label,memorisation,in,right_in,out,right_out,logit_gradient", lines[0])
}

// TestEstimatesFirst: the estimates are there though the set cannot be written, and
// without a set none is made of so few examples.
func TestEstimatesFirst(t *testing.T) {
	dir := t.TempDir()
	args := []string{"-n", "100", "-epochs", "1", "-models", "4", "-estimates", filepath.Join(dir, "all.csv")}
	code, _, errs := command(t, append(args, "-out", filepath.Join(dir, "all.csv", "most.json"))...)
	require.Equal(t, 1, code)
	require.Contains(t, errs, "most.json")
	require.FileExists(t, filepath.Join(dir, "all.csv"))
	code, out, errs := command(t, append(args, "-top", "0.001")...)
	require.Zero(t, code, errs)
	require.NotContains(t, out, "most memorised")
}

// TestWriteEstimates: an id with a comma and a quote is read back as it is.
func TestWriteEstimates(t *testing.T) {
	ds := &data.Dataset{Keys: []string{`Doe, "J."`, "b"}, Y: []int32{1, 0}}
	e := &bench.LeftOut{In: []int{2, 1}, RightIn: []int{2, 1}, Out: []int{2, 3}, RightOut: []int{1, 3}}
	var b bytes.Buffer
	require.NoError(t, writeEstimates(&b, ds, e, []float64{0.25, 1e-9}))
	rows, err := csv.NewReader(&b).ReadAll()
	require.NoError(t, err)
	require.Equal(t, [][]string{{`Doe, "J."`, "1", "0.5", "2", "2", "2", "1", "0.25"}, {"b", "0", "0", "1", "1", "3", "3", "1e-09"}}, rows[1:])
}

func TestErrors(t *testing.T) {
	for want, args := range map[string][]string{
		"nothing would be written":   {"-n", "100"},
		"one architecture at a time": {"-out", "x", "-net", "logistic,lenet5"},
		"-top 1 is not a share":      {"-out", "x", "-top", "1"},
		"-epochs 0":                  {"-out", "x", "-epochs", "0"},
	} {
		code, _, errs := command(t, args...)
		require.Equal(t, 2, code)
		require.Contains(t, errs, want)
	}
	for want, args := range map[string][]string{
		"two are the least": {"-out", "x", "-models", "1"},
		"some must be in":   {"-out", "x", "-share", "1"},
		"4 models would do": {"-out", filepath.Join(t.TempDir(), "x"), "-models", "3", "-n", "100", "-epochs", "1"},
		"is none":           {"-out", filepath.Join(t.TempDir(), "x"), "-top", "0.001", "-n", "100", "-epochs", "1"},
		"unknown":           {"-out", "x", "-net", "nothing"},
	} {
		code, _, errs := command(t, args...)
		require.Equal(t, 1, code)
		require.Contains(t, errs, want)
	}
	require.NoFileExists(t, "x")
}

func TestRanks(t *testing.T) {
	require.Equal(t, []float64{2, 0.5, 3, 0.5}, ranks([]float64{2, 1, 5, 1}))
}
