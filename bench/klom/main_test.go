package main

import (
	"bytes"
	"testing"

	"github.com/stretchr/testify/require"
	"gonum.org/v1/gonum/mathext"

	"github.com/miniunlearn/miniunlearn/attacks/easydub"
)

// TestRun scores quantiles of N(6,1) against N(4,2), of which EasyDUB's own code says
// 0.8275 (see attacks.TestKLOMAsPublished).
func TestRun(t *testing.T) {
	dir := t.TempDir()
	for m := range 100 {
		z := mathext.NormalQuantile((float64(m) + .5) / 100)
		for _, s := range easydub.Splits() {
			require.NoError(t, easydub.Layout{}.Write(dir, easydub.Pretrain, s, 2, m, []float64{6 + z}))
			require.NoError(t, easydub.Layout{}.Write(dir, easydub.Oracle, s, 2, m, []float64{4 + 2*z}))
		}
	}
	var stdout, stderr bytes.Buffer
	require.Zero(t, run([]string{"-root", dir, "-forget-set", "2"}, &stdout, &stderr), &stderr)
	require.Regexp(t, `(?m)^ +forget +1 +0\.8275 +0\.8275 +2\.8182`, stdout.String())
	require.NotContains(t, stdout.String(), "Beware")
	stdout.Reset()
	require.Zero(t, run([]string{"-root", dir, "-forget-set", "2", "-models", "10"}, &stdout, &stderr))
	require.Contains(t, stdout.String(), "Beware: KLOM of 10 models is mostly bias; 100 of each kind would do.")
	for _, c := range []struct {
		args []string
		code int
		want string
	}{
		{[]string{"-h"}, 0, "-forget-set"},
		{[]string{"-models", "x"}, 2, "models"},
		{[]string{"-models", "1"}, 2, "klom: -models 1 must be at least 2\n"},
		{[]string{"-forget-set", "-3"}, 2, "-forget-set -3 must not be negative"},
		{[]string{"-epoch", "0"}, 2, "-epoch 0 must be at least 1"},
		{[]string{"more"}, 2, `klom: unexpected argument "more"`},
		{[]string{"-root", dir, "-forget-set", "2", "-models", "200"}, 1, "100 models are there, 200 were asked for"},
		{[]string{"-root", dir, "-forget-set", "3"}, 1, "forget_3"},
	} {
		stdout.Reset()
		stderr.Reset()
		require.Equal(t, c.code, run(c.args, &stdout, &stderr))
		require.Contains(t, stderr.String(), c.want)
		require.Empty(t, stdout.String())
	}
}
