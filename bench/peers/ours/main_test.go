package main

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/miniunlearn/miniunlearn/bench/peers/timing"
)

func TestRun(t *testing.T) {
	var out, err bytes.Buffer
	code := run(strings.Fields("-threads 2 -steps 1 -nets mlp,resnet8 -batches 2,3 -size 16 -what step,grad,hvp,gemm -isa native"), &out, &err)
	require.Zero(t, code, err.String())
	var names []string
	dec := json.NewDecoder(&out)
	for dec.More() {
		var r timing.Row
		require.NoError(t, dec.Decode(&r))
		require.Equal(t, 2, r.Threads)
		require.Equal(t, "native", r.ISA)
		require.Positive(t, r.MedianMS)
		names = append(names, r.What+" "+r.Net)
	}
	require.Len(t, names, 2*2*3+4)
	require.Equal(t, []string{"gemm NN", "gemm TN", "gemm NT", "gemm TT"}, names[12:])
}

func TestBadFlags(t *testing.T) {
	for args, want := range map[string]string{
		"-threads 0":   "want at least 1",
		"-seconds NaN": "more than 0",
		"-isa sse":     "want avx2 or native",
		"-nets vgg":    "want some of mlp",
		"-batches 0":   "want positive numbers",
		"-what dance":  "want some of step",
		"mlp":          "unexpected argument",
	} {
		var out, err bytes.Buffer
		require.Equal(t, 2, run(strings.Fields(args), &out, &err), args)
		require.Contains(t, err.String(), want)
	}
}
