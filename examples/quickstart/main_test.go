package main

import (
	"bytes"
	"context"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/miniunlearn/miniunlearn/bench"
)

func TestQuickstart(t *testing.T) {
	t.Chdir(t.TempDir())
	var out bytes.Buffer
	require.NoError(t, run(t.Context(), &out, nil))
	require.Contains(t, out.String(), "modified entropy")
	require.Contains(t, out.String(), "The table is in quickstart.jsonl")

	rows, err := bench.ReadFile(results)
	require.NoError(t, err)
	var methods []string
	for _, r := range rows {
		methods = append(methods, r.Method)
	}
	require.Equal(t, []string{"before", "mini", "retrain", "retrain-other-seed", "fast-retrain"}, methods)
	before, mini, retrain := rows[0], rows[1], rows[2]
	require.Greater(t, float64(before.TestAcc), 94.0, "the digits are learned")
	require.Greater(t, float64(mini.TestAcc), 90.0, "and not unlearned as a whole")
	require.Less(t, mini.GradEvals, 0.5*retrain.GradEvals)
}

func TestInterrupted(t *testing.T) {
	t.Chdir(t.TempDir())
	ctx, stop := context.WithCancel(t.Context())
	stop()
	require.ErrorIs(t, run(ctx, &bytes.Buffer{}, nil), context.Canceled)
	require.NoFileExists(t, results)
}

func TestBadFlags(t *testing.T) {
	require.ErrorContains(t, run(t.Context(), &bytes.Buffer{}, []string{"-device", "cuda"}), "runs on the cpu only")
	require.ErrorContains(t, run(t.Context(), &bytes.Buffer{}, []string{"-engine", "jax"}), `unknown engine "jax"`)
}
