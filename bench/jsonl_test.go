package bench

import (
	"bytes"
	"math"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/miniunlearn/miniunlearn/attacks"
	"github.com/miniunlearn/miniunlearn/unlearning"
)

func sample(method string, seed uint64, acc float64) Result {
	return Result{
		Dataset: "digits", Net: "mlp:64-128-10", Seed: seed, Method: method, Forget: "random:0.2", N: 1257, NForget: 251,
		Epochs: 8, Batch: 64, LR: 0.05, Momentum: 0.9, Schedule: "cosine", WeightDecay: 5e-4, Engine: "gorgonia/own",
		TestAcc: Float(acc), RetainAcc: 99, ForgetAcc: 95, MIAAUC: 0.5, MarginExcess: 0.1, ExcessRemoved: attacks.Missing(),
		KSForget: 0.1, KLForget: 0.02, KLTest: 0.03, Dist: 2, RelDist: 0.5,
		GradEvals: 1006, RetrainGradEvals: 5030, HistoryBytesKept: 4e5, HistoryBytesRead: 1e5, Seconds: 0.25, RetrainSeconds: 1,
	}
}

// fieldOrder is the contract with every reader of these files.
const fieldOrder = "dataset net seed method forget n n_forget epochs batch lr momentum schedule weight_decay augment dtype engine test_acc retain_acc forget_acc " +
	"mia_auc margin_excess excess_removed ks_forget kl_forget kl_test dist rel_dist grad_evals retrain_grad_evals train_extra_evals " +
	"history_bytes_kept history_bytes_read route route_reason guards error seconds retrain_seconds"

func TestFieldOrder(t *testing.T) {
	var buf bytes.Buffer
	row := sample("mini", 1, 97)
	row.Augment, row.DType = "flip", "float64"
	row.Route, row.RouteReason = unlearning.RouteDistilled, "a network"
	row.Guards = map[unlearning.Guard]int{"pair rejected": 3}
	row.Error = "a reason"
	require.NoError(t, WriteJSONL(&buf, []Result{row}))
	require.Contains(t, buf.String(), `,"guards":{"pair rejected":3},`)
	var names []string
	for _, m := range regexp.MustCompile(`"(\w+)":`).FindAllStringSubmatch(buf.String(), -1) {
		names = append(names, m[1])
	}
	require.Equal(t, fieldOrder, strings.Join(names, " "))
	require.Contains(t, buf.String(), `"excess_removed":null`)
	require.Contains(t, buf.String(), `"epochs":8,`)
}

func TestJSONL(t *testing.T) {
	path := filepath.Join(t.TempDir(), "new", "r.jsonl")
	want := []Result{sample("before", 1, 97.5), sample("mini", 1, 96)}
	want[1].Guards = map[unlearning.Guard]int{"coherent": 1}
	want[0].Error = "out of budget"
	require.NoError(t, WriteFile(path, want))
	got, err := ReadFile(path)
	require.NoError(t, err)
	require.Len(t, got, 2)
	require.False(t, got[0].ExcessRemoved.Exists())
	for i := range got {
		got[i].ExcessRemoved, want[i].ExcessRemoved = 0, 0 // NaN differs from itself
	}
	require.Equal(t, want, got)

	bad := sample("mini", 1, 96)
	bad.Dist = Float(math.Inf(1))
	require.ErrorContains(t, WriteFile(path, []Result{bad}), "dist of mini with seed 1 is +Inf")
	bad = sample("mini", 1, 96)
	bad.Epochs = math.NaN()
	require.ErrorContains(t, WriteFile(path, []Result{bad}), "epochs of mini")
	again, err := ReadFile(path)
	require.NoError(t, err, "the old file stays")
	require.Len(t, again, 2)
}

func TestReadJSONLBadInput(t *testing.T) {
	var buf bytes.Buffer
	require.NoError(t, WriteJSONL(&buf, []Result{sample("mini", 1, 97)}))
	good := buf.String()
	for _, c := range []struct{ name, in, want string }{
		{"not JSON", good + "oops\n", "r: line 2: want one JSON object"},
		{"missing field", strings.Replace(good, `"dist":2,`, "", 1), `line 1: no field "dist"`},
		{"unknown field", strings.Replace(good, `"dist":2,`, `"dist":2,"extra":1,`, 1), `unknown field "extra"; a result of another version? read it with the program that wrote it`},
		{"null work", strings.Replace(good, `"grad_evals":1006`, `"grad_evals":null`, 1), `field "grad_evals" is null`},
		{"wrong type", strings.Replace(good, `"n":1257`, `"n":"many"`, 1), "line 1"},
		{"infinite", strings.Replace(good, `"dist":2,`, `"dist":"+Inf",`, 1), "dist of mini"},
		{"truncated", good[:len(good)/2], "line 1: want one JSON object"},
		{"long line", "\n" + strings.Repeat(" ", maxLine+1), "line 2 is longer"},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, err := ReadJSONL(strings.NewReader(c.in), "r")
			require.ErrorContains(t, err, c.want)
		})
	}
	got, err := ReadJSONL(strings.NewReader("\n"+good+"\n"), "r")
	require.NoError(t, err)
	require.Len(t, got, 1)
	require.Equal(t, "gorgonia/own", got[0].Engine)
	old := strings.Replace(good, `"engine":"gorgonia/own",`, "", 1) // as before engines had names there
	require.NotEqual(t, good, old)
	got, err = ReadJSONL(strings.NewReader(old), "r")
	require.NoError(t, err)
	require.Empty(t, got[0].Engine)
	shared := strings.Replace(good, `"seconds":0.25`, `"seconds":null`, 1) // cores were shared
	got, err = ReadJSONL(strings.NewReader(shared), "r")
	require.NoError(t, err)
	require.False(t, got[0].Seconds.Exists())
	var again bytes.Buffer
	require.NoError(t, WriteJSONL(&again, got))
	require.Equal(t, shared, again.String())
	_, err = ReadFile(filepath.Join(t.TempDir(), "none"))
	require.ErrorIs(t, err, os.ErrNotExist)
}

func FuzzReadJSONL(f *testing.F) {
	var buf bytes.Buffer
	require.NoError(f, WriteJSONL(&buf, []Result{sample("mini", 1, 97)}))
	f.Add(buf.Bytes())
	f.Add([]byte("{}\n"))
	f.Add([]byte("null"))
	f.Fuzz(func(t *testing.T, in []byte) {
		results, err := ReadJSONL(bytes.NewReader(in), "fuzz")
		if err != nil {
			return
		}
		// What was read can be written, and reads as the same again.
		var one, two bytes.Buffer
		require.NoError(t, WriteJSONL(&one, results))
		again, err := ReadJSONL(bytes.NewReader(one.Bytes()), "again")
		require.NoError(t, err)
		require.NoError(t, WriteJSONL(&two, again))
		require.Equal(t, one.String(), two.String())
	})
}
