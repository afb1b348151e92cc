package main

import (
	"bytes"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
)

// TestAgree: every method, and every peer that has it, ends where ours does.
func TestAgree(t *testing.T) {
	if testing.Short() {
		t.Skip("starts PyTorch")
	}
	const peers = ".."
	python := filepath.Join(peers, ".venv", "bin", "python")
	if _, err := os.Stat(python); err != nil || exec.Command(python, "-c", "import torch").Run() != nil {
		t.Skip("no PyTorch; bench/peers/setup.sh installs it")
	}
	rows, err := ask(t.Context(), t.TempDir(), peers)
	require.NoError(t, err)
	seen := map[string]bool{}
	for _, r := range rows {
		t.Run(r.Case+"/"+r.Peer, func(t *testing.T) {
			seen[r.Peer] = true
			if r.Missing != "" {
				t.Skip(r.Missing + "; bench/peers/setup.sh installs the packages")
			}
			require.Less(t, r.Apart, rounding)
		})
	}
	require.Len(t, rows, 38)
	require.Len(t, seen, 3)
}

// TestCases: the cases have what the script needs, and a difference would be seen.
func TestCases(t *testing.T) {
	dir := t.TempDir()
	all, err := cases(t.Context(), dir)
	require.NoError(t, err)
	require.Len(t, all, 30)
	var answers []answer
	for i, k := range all {
		if n := len(k.Batch); n > 0 {
			require.GreaterOrEqual(t, n, compared, k.Name)
			require.Len(t, k.Rates, n)
			require.Positive(t, k.Rate)
			require.GreaterOrEqual(t, k.Steps, compared)
		}
		theirs := k.to.Clone()
		if i%2 == 1 { // one parameter is not the same
			theirs.Set(5, theirs.At(5)+1e-3)
		}
		a := answer{Case: k.Name, Peer: "itself", File: k.Name + ".safetensors"}
		require.NoError(t, k.model.SaveParams(filepath.Join(dir, a.File), theirs))
		answers = append(answers, a)
	}
	answers = append(answers, answer{Case: all[0].Name, Peer: "none", Missing: "no module"})
	write := func(answers []answer) {
		raw, err := json.Marshal(answers)
		require.NoError(t, err)
		require.NoError(t, os.WriteFile(filepath.Join(dir, "answers.json"), raw, 0o644))
	}
	write(answers)
	rows, err := compare(dir, all)
	require.NoError(t, err)
	for i, r := range rows {
		require.Equal(t, i < len(all) && i%2 == 0, r.Apart < rounding, r.Case)
	}
	write([]answer{{Case: "unheard"}})
	_, err = compare(dir, all)
	require.ErrorContains(t, err, `no case is called "unheard"`)
}

// TestNoPython says what to do.
func TestNoPython(t *testing.T) {
	var out bytes.Buffer
	require.ErrorContains(t, report(t.Context(), &out, t.TempDir()), "run bench/peers/setup.sh")
	require.Empty(t, out.String())
}
