package main

import (
	"bytes"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestOwnImages(t *testing.T) {
	var out bytes.Buffer
	require.NoError(t, prepare(t.Context(), &out, nil))
	require.Contains(t, out.String(), "1 to forget")
	require.Contains(t, out.String(), "retrain")
	require.ErrorContains(t, prepare(t.Context(), &out, []string{"folder"}), "name the folder and then the images")
	require.ErrorContains(t, prepare(t.Context(), &out, []string{t.TempDir(), "a/1.png"}), "no images")
}
