package history_test

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/miniunlearn/miniunlearn/data"
	"github.com/miniunlearn/miniunlearn/graph"
	"github.com/miniunlearn/miniunlearn/internal/folderlock"
	"github.com/miniunlearn/miniunlearn/nets"
	"github.com/miniunlearn/miniunlearn/unlearning/history"
)

// seen keeps every step of a run.
type seen struct{ w, p, g []*graph.Tensor }

func (s *seen) hook() nets.Hook {
	return nets.StepFunc(func(st nets.Step) error {
		s.w = append(s.w, st.Params.Clone())
		s.p = append(s.p, st.Momentum.Clone())
		s.g = append(s.g, st.Grad.Clone())
		return nil
	})
}

// train runs 5 epochs of 13 steps, the last batch of each smaller.
func train(t *testing.T, r *history.Recorder) (*nets.Run, *seen) {
	t.Helper()
	var s seen
	run, err := nets.Train(t.Context(), nets.MLP(64, 8, 10), data.Digits().Train, nets.Config{
		Epochs: 5, Batch: 100, Momentum: 0.9, WeightDecay: 1e-3, LR: nets.Cosine(0.1), Seed: 3, Hooks: []nets.Hook{s.hook(), r},
	})
	require.NoError(t, err)
	require.Equal(t, 65, run.Steps)
	return run, &s
}

func rate(run *nets.Run) func(int) float64 {
	return func(t int) float64 { return run.Config.LR.Rate(t, run.Steps) }
}

// TestPolicies: what a policy keeps, in memory and on disk, is what the
// trainer had, bit for bit, whether stored or replayed.
func TestPolicies(t *testing.T) {
	for _, tc := range []struct {
		policy      history.Policy
		checkpoints []int // the first of them, long spans being cut
		covered     [][2]int
	}{
		{history.All(), []int{0, 64}, [][2]int{{0, 65}}},
		{history.Last(20), []int{45}, [][2]int{{45, 65}}},
		{history.Last(1000), []int{0, 64}, [][2]int{{0, 65}}},
		{history.EveryEpochs(2), []int{0, 26, 52}, [][2]int{{0, 13}, {26, 39}, {52, 65}}},
		{history.Spaced(4), []int{13, 26, 39, 52}, nil},
		{history.At(0.8, 0, 0.5), []int{0, 33, 52}, nil},
		{history.Halving(3), []int{8, 16, 32}, nil},
		{history.Halving(9), []int{1, 2, 4, 8, 16, 32}, nil},
		{history.Policy{}, nil, nil},
		{history.All().And(history.At(0.5)), []int{0, 64}, [][2]int{{0, 65}}},
		{history.At(0.1, 0.2).And(history.EveryEpochs(4)), []int{0, 13, 52}, [][2]int{{0, 13}, {52, 65}}}, // after 7 and 13 steps
		{history.Last(15).And(history.EveryEpochs(2)).And(history.Spaced(4)), []int{0, 13, 26, 39, 50}, [][2]int{{0, 13}, {26, 39}, {50, 65}}},
	} {
		t.Run(tc.policy.String(), func(t *testing.T) {
			dir := filepath.Join(t.TempDir(), "record")
			for _, rec := range []*history.Recorder{history.NewRecorder(tc.policy), history.Create(tc.policy, dir)} {
				run, s := train(t, rec)
				r := rec.Record()
				if _, err := os.Stat(dir); err == nil {
					var err error
					r, err = history.Open(dir)
					require.NoError(t, err)
				}
				require.NoError(t, r.Check(run))
				require.Equal(t, tc.policy.String(), r.Policy())
				require.Equal(t, tc.checkpoints, r.Checkpoints())
				require.Equal(t, tc.covered, r.Covered())
				numbers := int64(0)
				for _, c := range tc.checkpoints {
					w, p, read, err := r.Checkpoint(c)
					require.NoError(t, err)
					require.Equal(t, s.w[c].Float32s(), w.Float32s())
					require.Equal(t, s.p[c].Float32s(), p.Float32s())
					require.Equal(t, int64(8*w.Len()), read)
					numbers += int64(2 * w.Len())
				}
				for _, span := range tc.covered {
					at := span[0]
					for st, err := range r.Steps(run.Model, rate(run), span[0], span[1]) {
						require.NoError(t, err)
						require.Equal(t, at, st.T)
						require.Equal(t, s.w[at].Float32s(), st.W.Float32s(), "step %d", at)
						require.Equal(t, s.p[at].Float32s(), st.P.Float32s(), "step %d", at)
						require.Equal(t, s.g[at].Float32s(), st.G.Float32s(), "step %d", at)
						at++
					}
					require.Equal(t, span[1], at)
					numbers += int64((span[1] - span[0]) * run.Model.Size())
				}
				want := 4 * numbers
				if files, err := os.ReadDir(dir); err == nil {
					want = 0
					for _, f := range files {
						if name := f.Name(); name == "final.safetensors" || name == "momentum.safetensors" {
							continue // the run's
						}
						info, err := f.Info()
						require.NoError(t, err)
						want += info.Size()
					}
					require.Less(t, want, 4*numbers+int64(2000+1000*len(tc.checkpoints)), "headers and manifest are small")
				}
				require.Equal(t, want, r.Bytes())
			}
		})
	}
}

// TestAnd: how policies are called together.
func TestAnd(t *testing.T) {
	at, logits := history.At(0.5), history.LogitGradients()
	for _, c := range []struct {
		p    history.Policy
		want string
	}{
		{history.Policy{}, "none"},
		{history.Policy{}.And(at), "at:0.5"},
		{at.And(history.Policy{}), "at:0.5"},
		{at.And(at), "at:0.5"},
		{at.And(logits).And(history.Last(3)), "at:0.5+last:3+logit-gradients"},
		{logits.And(logits), "logit-gradients"},
		{at.And(history.All()).And(logits), "all+logit-gradients"},
	} {
		require.Equal(t, c.want, c.p.String())
		require.Equal(t, c.want == "none", c.p.Empty())
	}
	require.Equal(t, "at:0.5", at.String(), "And changed its receiver")
}

func TestGap(t *testing.T) {
	rec := history.NewRecorder(history.EveryEpochs(2))
	run, _ := train(t, rec)
	r := rec.Record()
	var gap *history.GapError
	_, _, _, err := r.Checkpoint(13)
	require.ErrorAs(t, err, &gap)
	steps := 0
	for _, err := range r.Steps(run.Model, rate(run), 0, 20) {
		require.ErrorAs(t, err, &gap)
		steps++
	}
	require.Equal(t, 1, steps)
	require.EqualError(t, gap, "history: steps 0 to 19 are not all recorded; the record's policy was epochs:2, record with history.All")
}

func TestMismatch(t *testing.T) {
	rec := history.NewRecorder(history.Spaced(1))
	run, _ := train(t, rec)
	r := rec.Record()
	for name, change := range map[string]func(*nets.Run){
		"batch order":    func(r *nets.Run) { r.Order.Seed++; r.Config.Seed++ },
		"steps":          func(r *nets.Run) { r.Steps--; r.Config.Steps = r.Steps },
		"weight decay":   func(r *nets.Run) { r.Config.WeightDecay = 0 },
		"learning rates": func(r *nets.Run) { r.Config.LR = nets.ConstantRate(1) },
		"augmentation": func(r *nets.Run) {
			images := *r.Data
			images.Shape = []int{1, 8, 8}
			r.Data, r.Config.Augment.Flip = &images, true
		},
		"loss": func(r *nets.Run) {
			arch := r.Model.Arch()
			arch.Loss = func(z, y *graph.Node) *graph.Node { return graph.Scale(2, graph.CrossEntropy(z, y)) }
			var err error
			r.Model, err = nets.NewModel(arch, nil, graph.Float32)
			require.NoError(t, err)
		},
		"initial parameters": func(r *nets.Run) { r.Initial = r.Params },
		"final parameters":   func(r *nets.Run) { r.Params = r.Initial },
		"data": func(r *nets.Run) {
			ds := *r.Data
			ds.Y = append([]int32{(ds.Y[0] + 1) % 10}, ds.Y[1:]...)
			r.Data = &ds
		},
	} {
		other := *run
		change(&other)
		err := r.Check(&other)
		require.ErrorIs(t, err, history.ErrMismatch, name)
		require.ErrorContains(t, err, name)
	}
}

// TestDamage: any flipped bit or cut of any file of a record is an error, and
// so is a run that was killed.
func TestDamage(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "record")
	rec := history.Create(history.EveryEpochs(4), dir)
	run, _ := train(t, rec)
	use := func() error {
		r, err := history.Open(dir)
		if err != nil {
			return err
		}
		if _, _, err := history.OpenRun(dir, run.Model.Arch(), run.Data, history.RunOptions{}); err != nil {
			return err
		}
		if _, err := history.Inspect(dir); err != nil {
			return err
		}
		for _, c := range r.Checkpoints() {
			if _, _, _, err := r.Checkpoint(c); err != nil {
				return err
			}
		}
		return nil
	}
	require.NoError(t, use())
	found := func(err error, format string, args ...any) {
		if !errors.Is(err, history.ErrInterrupted) { // a manifest that ends in half a line
			require.ErrorIs(t, err, history.ErrDamaged, fmt.Sprintf(format, args...))
		}
	}
	files, err := filepath.Glob(filepath.Join(dir, "[^.]*"))
	require.NoError(t, err)
	require.Len(t, files, 6)
	for _, f := range files {
		raw, err := os.ReadFile(f)
		require.NoError(t, err)
		for i := 0; i < len(raw); i += 1 + len(raw)/97 {
			bad := append([]byte(nil), raw...)
			bad[i] ^= 1 << (i % 8)
			require.NoError(t, os.WriteFile(f, bad, 0o644))
			found(use(), "%s, bit %d of byte %d", f, i%8, i)
		}
		require.NoError(t, os.WriteFile(f, raw[:len(raw)/2], 0o644))
		found(use(), "half of %s", f)
		require.NoError(t, os.Remove(f))
		require.Error(t, use())
		require.NoError(t, os.WriteFile(f, raw, 0o644))
		require.NoError(t, use())
	}
}

// TestVersion: a record of another format is refused as such, not as damaged.
func TestVersion(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "record")
	train(t, history.Create(history.Spaced(1), dir))
	path := filepath.Join(dir, "run.json")
	raw, err := os.ReadFile(path)
	require.NoError(t, err)
	body, _, _ := strings.Cut(string(raw), "\n}\n")
	for version, want := range map[int]string{1: "it is 1, and 8 is read here; train and record again", 9: "it is 9, and 8 is read here; use the newer program"} {
		other := strings.Replace(body+"\n}", `"version": 8`, fmt.Sprintf(`"version": %d`, version), 1)
		sum := sha256.Sum256([]byte(other))
		require.NoError(t, os.WriteFile(path, []byte(other+"\n"+hex.EncodeToString(sum[:])+"\n"), 0o644))
		_, err = history.Open(dir)
		require.ErrorIs(t, err, history.ErrVersion)
		require.NotErrorIs(t, err, history.ErrDamaged)
		require.ErrorContains(t, err, want)
	}
}

// TestTwoRecorders: while one records into a folder another is refused, and told
// why, also in the same process; whatever becomes of the first, the folder is free
// afterwards. A reader is told that it is too early.
func TestTwoRecorders(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "record")
	stop := errors.New("stop")
	ds := data.Digits().Train
	_, err := nets.Train(t.Context(), nets.Logistic(64, 10), ds, nets.Config{Hooks: []nets.Hook{history.Create(history.Spaced(1), dir), nets.StepFunc(func(s nets.Step) error {
		if s.T < 3 {
			return nil
		}
		_, err := nets.Train(t.Context(), nets.Logistic(64, 10), ds, nets.Config{Hooks: []nets.Hook{history.Create(history.Spaced(1), dir)}})
		require.ErrorIs(t, err, folderlock.ErrHeld)
		require.ErrorContains(t, err, dir)
		_, err = history.Open(dir)
		require.ErrorIs(t, err, history.ErrInterrupted)
		require.ErrorContains(t, err, "it is being recorded")
		return stop
	})}})
	require.ErrorIs(t, err, stop)
	lock, err := folderlock.Acquire(dir)
	require.NoError(t, err, "an interrupted run holds no lock")
	require.NoError(t, lock.Release())
	_, err = nets.Train(t.Context(), nets.Logistic(64, 10), ds, nets.Config{Hooks: []nets.Hook{history.Create(history.Spaced(1), dir)}})
	require.ErrorContains(t, err, "is not empty")
	_, err = history.Open(dir)
	require.ErrorContains(t, err, "history.Train goes on with it")
}

func TestInterrupted(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "record")
	stop := errors.New("stop")
	_, err := nets.Train(t.Context(), nets.MLP(64, 8, 10), data.Digits().Train, nets.Config{
		Epochs: 3, Batch: 100, Hooks: []nets.Hook{history.Create(history.All(), dir), nets.StepFunc(func(s nets.Step) error {
			if s.T == 30 {
				return stop
			}
			return nil
		})},
	})
	require.ErrorIs(t, err, stop)
	_, err = history.Open(dir)
	require.ErrorIs(t, err, history.ErrInterrupted)
	_, err = nets.Train(t.Context(), nets.MLP(64, 8, 10), data.Digits().Train, nets.Config{Hooks: []nets.Hook{history.Create(history.All(), dir)}})
	require.ErrorContains(t, err, "is not empty")
	_, err = history.Open(filepath.Join(dir, "missing"))
	require.ErrorIs(t, err, os.ErrNotExist)
}

// TestFolderOfOthers: a folder with other things is refused, is named with what is in
// it, and stays as it is; so does the present one where none is named.
func TestFolderOfOthers(t *testing.T) {
	t.Chdir(t.TempDir())
	require.NoError(t, os.WriteFile("thesis.tex", nil, 0o600))
	for dir, want := range map[string]string{".": "is not empty, it holds thesis.tex; name a new folder", "": "no folder is named"} {
		_, _, err := history.Train(t.Context(), dir, history.LogitGradients(), nets.Logistic(64, 10), data.Digits().Train, nets.Config{})
		require.ErrorContains(t, err, want)
	}
	there, err := os.ReadDir(".")
	require.NoError(t, err)
	require.Len(t, there, 1)
}

func TestRecorderRefuses(t *testing.T) {
	ds := data.Digits().Train
	_, err := nets.Train(t.Context(), nets.MLP(64, 8, 10), ds, nets.Config{Drop: data.RandomForget(ds, 0.1, 1), Hooks: []nets.Hook{history.NewRecorder(history.All())}})
	require.ErrorContains(t, err, "leaves examples out")
	rec := history.NewRecorder(history.Spaced(1))
	train(t, rec)
	_, err = nets.Train(t.Context(), nets.MLP(64, 8, 10), ds, nets.Config{Hooks: []nets.Hook{rec}})
	require.ErrorContains(t, err, "serves one run")
	require.Panics(t, func() { history.NewRecorder(history.All()).Record() })
	require.Panics(t, func() { history.Last(0) })
}

func ExampleRecorder() {
	rec := history.NewRecorder(history.Spaced(4))
	run, err := nets.Train(context.Background(), nets.MLP(64, 16, 10), data.Digits().Train, nets.Config{Epochs: 5, Hooks: []nets.Hook{rec}})
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println("steps:", run.Steps)
	fmt.Println("checkpoints before steps:", rec.Record().Checkpoints())
	fmt.Println("bytes:", rec.Record().Bytes())
	// Output:
	// steps: 100
	// checkpoints before steps: [20 40 60 80]
	// bytes: 38720
}
