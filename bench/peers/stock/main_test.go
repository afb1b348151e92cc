package main

import (
	"bytes"
	"encoding/json"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/miniunlearn/miniunlearn/bench/peers/timing"
)

func TestMeasure(t *testing.T) {
	for name := range builders {
		var out bytes.Buffer
		require.NoError(t, measure(&out, name, 4, 1, timing.Plan{Steps: 2, Seconds: 1}))
		var got timing.Row
		require.NoError(t, json.Unmarshal(out.Bytes(), &got))
		require.Equal(t, name, got.Net)
		require.Equal(t, 4, got.Batch)
		require.Positive(t, got.MinMS)
		require.GreaterOrEqual(t, got.MedianMS, got.MinMS)
	}
}

func TestMeasureErrors(t *testing.T) {
	require.ErrorContains(t, measure(nil, "resnet8", 4, 1, timing.Plan{Steps: 2, Seconds: 1}), "want mlp or lenet5")
	require.ErrorContains(t, measure(nil, "mlp", 0, 1, timing.Plan{Steps: 2, Seconds: 1}), "want at least 1")
}
