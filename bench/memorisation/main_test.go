package main

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

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
	set, csv := filepath.Join(t.TempDir(), "most.json"), filepath.Join(t.TempDir(), "all.csv")
	code, out, errs := command(t, "-n", "300", "-net", "mlp:64-32-10", "-epochs", "10", "-seed", "3", "-models", "20", "-top", "0.1", "-out", set, "-estimates", csv)
	require.Zero(t, code, errs)
	require.Contains(t, out, "by 20 models of 0.7 of the 300 examples")
	require.Contains(t, out, "of the same 30 examples, where chance would find 3")
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
	raw, err := os.ReadFile(csv)
	require.NoError(t, err)
	lines := strings.Split(strings.TrimSpace(string(raw)), "\n")
	require.Len(t, lines, 301)
	require.Equal(t, "id,label,memorisation,in,right_in,out,right_out,logit_gradient", lines[0])
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
		"train more models": {"-out", filepath.Join(t.TempDir(), "x"), "-models", "2", "-n", "100", "-epochs", "1"},
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
