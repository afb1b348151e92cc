package main

import (
	"bytes"
	"context"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// small is an audit of a fraction of a second.
func small(out string, more ...string) []string {
	return append([]string{"-net", "mlp:64-16-10", "-n", "150", "-epochs", "5", "-batch", "16", "-share", "0.4",
		"-shadows", "8", "-targets", "4", "-methods", "mini:0.5,no-op", "-deals", "299", "-out", out}, more...)
}

func TestRun(t *testing.T) {
	out := filepath.Join(t.TempDir(), "new", "audit")
	var stdout, stderr bytes.Buffer
	require.Zero(t, run(t.Context(), small(out), &stdout, &stderr), &stderr)
	require.Contains(t, stdout.String(), "mini:0.5")
	require.Contains(t, stdout.String(), "The reports are in "+out)
	require.Empty(t, stderr.String(), "no progress where there is no terminal")
	for _, name := range []string{"results.json", "table.md", "private-memorised.txt", "mini-0.5/private-exposed.csv", "mini-0.5/report.md", "no-op/roc.png", "signals/SHA256SUMS"} {
		require.FileExists(t, filepath.Join(out, name))
	}
	var again bytes.Buffer
	require.Zero(t, run(t.Context(), small(out, "-workers", "1"), &again, &stderr), &stderr)
	require.Equal(t, stdout.String(), again.String())
	kept, err := filepath.Glob(filepath.Join(out, "signals", "runs", "runs", "*"))
	require.NoError(t, err)
	require.Len(t, kept, 12, "trained models stay for more methods")
	var more bytes.Buffer
	require.Zero(t, run(t.Context(), small(out, "-methods", "mini:0.5,no-op,relabel"), &more, &stderr), &stderr)
	require.Contains(t, more.String(), "relabel")
	none := filepath.Join(t.TempDir(), "none")
	require.Zero(t, run(t.Context(), small(none, "-keep-runs", "0"), &again, &stderr), &stderr)
	require.NoDirExists(t, filepath.Join(none, "signals", "runs"))
}

func TestProbes(t *testing.T) {
	out := t.TempDir()
	for probe, want := range map[string]string{
		"poison:1": "of fresh noise", "reconstruct": "example found", "relearn:1": "epochs until back", "canaries:mislabelled": "label only",
	} {
		var stdout, stderr bytes.Buffer
		args := small(out, "-candidates", "random:0.4", "-probe", probe)
		if probe == "reconstruct" {
			args[1] = "logistic"
		}
		require.Zero(t, run(t.Context(), args, &stdout, &stderr), &stderr)
		require.Contains(t, stdout.String(), want)
		require.Contains(t, stdout.String(), "mini:0.5")
		name, _, _ := strings.Cut(probe, ":")
		require.FileExists(t, filepath.Join(out, "probe-"+name+".json"))
	}
}

func TestBadInput(t *testing.T) {
	for _, c := range []struct {
		name string
		args []string
		code int
		want string
	}{
		{"unknown flag", []string{"-depth", "3"}, 2, "-depth"},
		{"argument", []string{"extra"}, 2, `unexpected argument "extra"`},
		{"help", []string{"-h"}, 0, "models to attack"},
		{"unknown set", []string{"-dataset", "cats"}, 1, "cats"},
		{"too many", []string{"-n", "5000"}, 1, "5000"},
		{"unknown net", []string{"-net", "brain"}, 1, "known are logistic"},
		{"unknown method", []string{"-methods", "magic"}, 1, `unknown method "magic"; known are amnesiac`},
		{"bad cost", []string{"-methods", "mini:x"}, 1, `method "mini:x"`},
		{"unknown fit", []string{"-fit", "tight"}, 1, `unknown fit "tight"; known are per-example`},
		{"bad candidates", []string{"-candidates", "class:11"}, 1, "class"},
		{"too few", []string{"-shadows", "2"}, 1, "use more models"},
		{"no CUDA here", []string{"-device", "cuda"}, 1, "runs on the cpu only"},
		{"momentum", []string{"-momentum", "1"}, 2, "-momentum 1 is outside [0, 1)"},
		{"no epochs", []string{"-epochs", "0"}, 2, "-epochs 0 and -batch 16"},
		{"no batch", []string{"-batch", "0"}, 2, "-batch 0"},
		{"no shadows", []string{"-shadows", "0"}, 2, "-shadows 0"},
		{"no targets", []string{"-targets", "0"}, 2, "-targets 0"},
		{"workers", []string{"-workers", "-1"}, 2, "-workers -1"},
		{"negative", []string{"-n", "-5"}, 2, "-n -5"},
		{"no rate", []string{"-lr", "0"}, 2, "-lr 0 must be above 0"},
		{"negative rate", []string{"-lr", "-1"}, 2, "-lr -1 must be above 0"},
		{"infinite rate", []string{"-lr", "Inf"}, 2, "-lr +Inf must be above 0"},
		{"no number", []string{"-lr", "NaN"}, 2, "-lr NaN must be above 0"},
		{"weight decay", []string{"-weight-decay", "-1"}, 2, "-weight-decay -1"},
		{"no share", []string{"-share", "0"}, 2, "-share 0 is outside (0, 1]"},
		{"sensitivity", []string{"-sensitivity", "0"}, 2, "-sensitivity 0 must be in"},
		{"loss", []string{"-loss", "2"}, 2, "-loss 2 in (0, 1)"},
		{"deals", []string{"-deals", "0"}, 2, "-deals 0"},
		{"few deals", []string{"-deals", "50"}, 1, "50 deals cannot reach the level 0.95; 239 would do"},
		{"unknown attack", []string{"-attacks", "magic"}, 1, `unknown attack "magic"; known are class-threshold`},
		{"attack twice", []string{"-attacks", "lira,rmia,LiRA"}, 1, `attack "LiRA" twice`},
		{"unknown query", []string{"-queries", "blur:3"}, 1, `unknown query "blur:3"; known are noise:SCALE`},
		{"query for images", []string{"-queries", "mirror"}, 1, "query mirror needs images"},
		{"unknown leak", []string{"-methods", "leak:none"}, 1, `unknown flaw "none"; known are trained`},
		{"unknown probe", []string{"-probe", "brain"}, 2, `unknown probe "brain"; known are poison:SCALE`},
		{"no noise", []string{"-probe", "poison:-1"}, 2, `unknown probe "poison:-1"`},
		{"no canaries", []string{"-probe", "canaries"}, 1, "set Candidates to some"},
		{"no size", []string{"-keep-runs", "much"}, 2, `"much" is no size`},
		{"no level", []string{"-level", "0"}, 2, "-level 0 is outside (0, 1)"},
	} {
		t.Run(c.name, func(t *testing.T) {
			var stdout, stderr bytes.Buffer
			out := filepath.Join(t.TempDir(), "out")
			require.Equal(t, c.code, run(t.Context(), small(out, c.args...), &stdout, &stderr), &stderr)
			require.Contains(t, stderr.String(), c.want)
			require.Empty(t, stdout.String())
			require.NoDirExists(t, out)
		})
	}
	ctx, stop := context.WithCancel(t.Context())
	stop()
	var stdout, stderr bytes.Buffer
	require.Equal(t, 1, run(ctx, small(t.TempDir()), &stdout, &stderr))
	require.Contains(t, stderr.String(), "the next run goes on from there")
}
