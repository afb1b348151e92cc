package main

import (
	"bytes"
	"context"
	"regexp"
	"strconv"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestOwnModel(t *testing.T) {
	var out bytes.Buffer
	require.NoError(t, run(t.Context(), &out, nil))
	rows := map[string][2]float64{}
	for _, m := range regexp.MustCompile(`(?m)^(\w+) +([\d.]+)% +([\d.]+)%`).FindAllStringSubmatch(out.String(), -1) {
		test, err := strconv.ParseFloat(m[2], 64)
		require.NoError(t, err)
		wrong, err := strconv.ParseFloat(m[3], 64)
		require.NoError(t, err)
		rows[m[1]] = [2]float64{test, wrong}
	}
	require.Len(t, rows, 3, out.String())
	require.Greater(t, rows["before"][1], 90.0, "the wrong labels are learned")
	for _, m := range []string{"mini", "retrain"} {
		require.Greater(t, rows[m][0], 98.0, m)
		require.Less(t, rows[m][1], 5.0, m)
	}
}

func TestInterrupted(t *testing.T) {
	ctx, stop := context.WithCancel(t.Context())
	stop()
	require.ErrorIs(t, run(ctx, &bytes.Buffer{}, nil), context.Canceled)
}

func TestBadFlags(t *testing.T) {
	require.ErrorContains(t, run(t.Context(), &bytes.Buffer{}, []string{"-device", "cuda"}), "runs on the cpu only")
	require.ErrorContains(t, run(t.Context(), &bytes.Buffer{}, []string{"-engine", "jax"}), `unknown engine "jax"`)
}
