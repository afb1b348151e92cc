package main

import (
	"bytes"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestLarge(t *testing.T) {
	var out bytes.Buffer
	require.NoError(t, run(t.Context(), &out, "higgs-like?n=200000"))
	require.Contains(t, out.String(), "opened 160000 rows of 28 features to train on, 40000 to test")
	require.Contains(t, out.String(), "forgot 1600 rows")
	require.Error(t, run(t.Context(), &out, "higgs-like?n=x"))
}
