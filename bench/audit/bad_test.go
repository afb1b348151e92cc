package audit

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"runtime/debug"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/miniunlearn/miniunlearn/attacks"
	"github.com/miniunlearn/miniunlearn/data"
	"github.com/miniunlearn/miniunlearn/graph"
	"github.com/miniunlearn/miniunlearn/internal/folderlock"
	"github.com/miniunlearn/miniunlearn/nets"
	"github.com/miniunlearn/miniunlearn/unlearning/baselines"
)

func TestBadConfig(t *testing.T) {
	all, err := data.ForgetPositions(7, []int{1})
	require.NoError(t, err)
	for _, c := range []struct {
		name   string
		change func(c *Config)
		want   string
	}{
		{"no data", func(c *Config) { c.Data = nil }, "Data is nil"},
		{"no arch", func(c *Config) { c.Arch = nets.Arch{} }, "Arch is empty"},
		{"arch that does not fit", func(c *Config) { c.Arch = nets.MLP(784, 10) }, "takes 784 features"},
		{"no methods", func(c *Config) { c.Methods = nil }, "no methods"},
		{"nil method", func(c *Config) { c.Methods[1].Method = nil }, "method 1 is nil"},
		{"ensemble", func(c *Config) { c.Methods[1].Method = baselines.SISA{} }, "method 1, sisa: its answer is several models"},
		{"name twice", func(c *Config) { c.Methods[1].Name = "mini" }, `"mini" is taken`},
		{"name of a row", func(c *Config) { c.Methods[1].Name = "retrained" }, `"retrained" is taken`},
		{"name that is no folder", func(c *Config) { c.Methods[1].Name = ".." }, `the name ".."`},
		{"share", func(c *Config) { c.Share = 1.5 }, "Share 1.5 is outside (0, 1]"},
		{"level", func(c *Config) { c.Level = 95 }, "Level 95 is outside (0, 1)"},
		{"negative", func(c *Config) { c.Shadows = -4 }, "Shadows -4"},
		{"no folder", func(c *Config) { c.Dir = "" }, "name the folder"},
		{"hooks", func(c *Config) { c.Train.Hooks = []nets.Hook{nets.StepFunc(nil)} }, "Train sets Drop, Only, From or Hooks"},
		{"momentum", func(c *Config) { c.Train.Momentum = 1.5 }, "momentum 1.5 is outside [0, 1)"},
		{"weight decay", func(c *Config) { c.Train.WeightDecay = -1 }, "weight decay -1"},
		{"learning rate", func(c *Config) { c.Train.LR = nets.ConstantRate(-1) }, "learning rate -1"},
		{"epochs", func(c *Config) { c.Train.Epochs = -2 }, "epochs -2"},
		{"augmentation", func(c *Config) { c.Train.Augment.Crop = 99 }, "augment crop:99 needs images"},
		{"candidates of other data", func(c *Config) { c.Candidates = all }, "Candidates"},
		{"never forgotten", func(c *Config) { c.Share = 0.05 }, `each example is "forgotten" in 0 of them, and 2 are needed; use more models; 60 would do`},
		{"never forgotten by any", func(c *Config) { c.Share = 1e-9 }, `and 2 are needed; take a share further from 0 and 1`},
		{"never in", func(c *Config) { c.Share = 0.99 }, `"in" in 0 of them`},
		{"too few shadows", func(c *Config) { c.Shadows = 2 }, "2 shadow models and share 0.4 each example is \"out\" in 1 of them, and 2 are needed; use more models; 8 would do"},
		{"never out", func(c *Config) { c.Shadows = 1 }, `"out" in 1 of them`},
		{"too few targets", func(c *Config) { c.Targets = 1 }, "1 target models"},
		{"nothing left", func(c *Config) { c.Share = 1 }, "would forget"},
		{"not a number", func(c *Config) {
			c.Data = c.Data.Subset([]int{0, 1, 2})
			c.Data.X[5] = float32(math.NaN())
		}, "example 0"},
	} {
		t.Run(c.name, func(t *testing.T) {
			cfg := small(t)
			c.change(&cfg)
			_, err := Run(t.Context(), cfg)
			require.ErrorIs(t, err, ErrConfig)
			require.ErrorContains(t, err, c.want)
			if cfg.Dir != "" {
				require.NoDirExists(t, cfg.Dir, "a refused audit left something")
			}
		})
	}
	cfg := small(t)
	cfg.Shadows = 2
	require.ErrorIs(t, Train(t.Context(), cfg), attacks.ErrTooFewShadows)
	cfg = small(t)
	cfg.Train.Engine = graph.Tape{}
	require.ErrorContains(t, Train(t.Context(), cfg), "a graph.Sharer")
}

func TestBadFolder(t *testing.T) {
	c := small(t)
	want, err := Run(t.Context(), c)
	require.NoError(t, err)
	file := filepath.Join(c.Dir, "target-0002.npy")
	whole, err := os.ReadFile(file)
	require.NoError(t, err)
	sums, err := os.ReadFile(filepath.Join(c.Dir, sumsFile))
	require.NoError(t, err)
	// list replaces the file and its checksum: a file that was never whole.
	list := func(content []byte) {
		old, sum := sha256.Sum256(whole), sha256.Sum256(content)
		text := strings.Replace(string(sums), hex.EncodeToString(old[:]), hex.EncodeToString(sum[:]), 1)
		require.NoError(t, os.WriteFile(filepath.Join(c.Dir, sumsFile), []byte(text), 0o600))
		require.NoError(t, os.WriteFile(file, content, 0o600))
	}
	var none bytes.Buffer
	one := encode([]float32{1}, 1)
	for _, b := range []struct {
		name   string
		damage func()
		is     error
		want   string
	}{
		{"a flipped bit", func() {
			b := bytes.Clone(whole)
			b[len(b)-3] ^= 4
			require.NoError(t, os.WriteFile(file, b, 0o600))
		}, ErrDamaged, file + " is not the file that SHA256SUMS lists; delete it to train that model again"},
		{"cut", func() { require.NoError(t, os.WriteFile(file, whole[:40], 0o600)) }, ErrDamaged, "delete it"},
		{"another shape", func() { list(one) }, ErrDamaged, "want [6 360 10]"},
		{"empty", func() { list(none.Bytes()) }, ErrDamaged, file},
		{"bad list", func() {
			require.NoError(t, os.WriteFile(filepath.Join(c.Dir, sumsFile), []byte("? file\n"), 0o600))
		}, ErrDamaged, "line 1 is not a checksum"},
		{"another seed", func() { c.Train.Seed++ }, ErrOther, `"seed" is 3, not 4; choose another folder`},
		{"another cost", func() { c.Methods[1].Method = NoOp{} }, ErrOther, `"settings" is`},
		{"edited setup", func() { require.NoError(t, os.WriteFile(filepath.Join(c.Dir, setupFile), []byte("{"), 0o600)) }, ErrDamaged, "delete the folder"},
	} {
		t.Run(b.name, func(t *testing.T) {
			old := c
			old.Methods = append([]Subject(nil), c.Methods...)
			setup, err := os.ReadFile(filepath.Join(c.Dir, setupFile))
			require.NoError(t, err)
			b.damage()
			for _, f := range []func() error{
				func() error { return Train(t.Context(), c) },
				func() error { _, err := Analyse(t.Context(), c); return err },
			} {
				if err := f(); err != nil {
					require.ErrorIs(t, err, b.is)
					require.ErrorContains(t, err, b.want)
				} else {
					require.Contains(t, []string{"another shape", "empty"}, b.name, "Train looks at checksums only")
				}
			}
			c = old
			require.NoError(t, os.WriteFile(file, whole, 0o600))
			require.NoError(t, os.WriteFile(filepath.Join(c.Dir, sumsFile), sums, 0o600))
			require.NoError(t, os.WriteFile(filepath.Join(c.Dir, setupFile), setup, 0o600))
		})
	}
	// As the message says: without the damaged file its model is made again.
	require.NoError(t, os.Remove(file))
	got, err := Run(t.Context(), c)
	require.NoError(t, err)
	require.Equal(t, want.String(), got.String())

	plain := filepath.Join(t.TempDir(), "file")
	require.NoError(t, os.WriteFile(plain, nil, 0o600))
	c.Dir = filepath.Join(plain, "signals")
	require.ErrorContains(t, Train(t.Context(), c), "choose another")
	c.Dir = filepath.Dir(plain)
	require.ErrorContains(t, Train(t.Context(), c), "holds other files and no audit.json")
	require.ErrorContains(t, want.Save(plain), "choose another folder")
	if os.Geteuid() != 0 {
		c.Dir = filepath.Join(t.TempDir(), "locked")
		require.NoError(t, os.Mkdir(c.Dir, 0o500))
		require.ErrorIs(t, Train(t.Context(), c), os.ErrPermission)
	}
}

// TestRefusedAndCorrected: a refused Config is in nobody's way.
func TestRefusedAndCorrected(t *testing.T) {
	c := small(t)
	c.Train.Momentum = -1
	require.ErrorIs(t, Train(t.Context(), c), ErrConfig)
	c.Train.Momentum = 0.9
	_, err := Run(t.Context(), c)
	require.NoError(t, err)
}

// TestRevision: another revision of the program adds nothing to a folder, and
// may analyse a whole one, whose results name the revision that made it.
func TestRevision(t *testing.T) {
	defer func(old string) { revision = old }(revision)
	c := small(t)
	revision = "abc+dirty"
	want, err := Run(t.Context(), c)
	require.NoError(t, err)
	require.Equal(t, "abc+dirty", want.Setup.Revision)
	for _, revision = range []string{"abd", ""} {
		got, err := Run(t.Context(), c)
		require.NoError(t, err)
		require.Equal(t, want.Setup, got.Setup)
	}
	file := filepath.Join(c.Dir, "target-0002.npy")
	require.NoError(t, os.Remove(file))
	for _, revision = range []string{"abd", "", "abc"} {
		err = Train(t.Context(), c)
		require.ErrorIs(t, err, ErrOther)
		require.ErrorContains(t, err, fmt.Sprintf(`was made by revision "abc+dirty" of the program, this is %q`, revision))
		require.NoFileExists(t, file)
	}
	revision = "abc+dirty"
	got, err := Run(t.Context(), c)
	require.NoError(t, err)
	require.Equal(t, want.String(), got.String())
}

func TestRevisionOf(t *testing.T) {
	for _, c := range []struct{ revision, modified, want string }{
		{"", "", ""}, {"abc", "", "abc"}, {"abc", "false", "abc"}, {"abc", "true", "abc+dirty"}, {"", "true", ""},
	} {
		require.Equal(t, c.want, revisionOf([]debug.BuildSetting{{Key: "vcs", Value: "git"}, {Key: "vcs.revision", Value: c.revision}, {Key: "vcs.modified", Value: c.modified}}))
	}
}

// TestOneWriter: while one audit has the folder another is refused, and finds it as
// it was afterwards.
func TestOneWriter(t *testing.T) {
	c := small(t)
	c.Methods = c.Methods[2:]
	second := c
	c.Progress = func(done, _ int) {
		if done == 3 {
			for _, f := range []func() error{
				func() error { return Train(t.Context(), second) },
				func() error { _, err := Analyse(t.Context(), second); return err },
			} {
				err := f()
				require.ErrorIs(t, err, folderlock.ErrHeld)
				require.ErrorContains(t, err, c.Dir)
			}
		}
	}
	want, err := Run(t.Context(), c)
	require.NoError(t, err)
	got, err := Run(t.Context(), second)
	require.NoError(t, err)
	require.Equal(t, want.String(), got.String())
}

// TestSetupIsSealed: no digit of audit.json can change unseen, whatever field it is
// in, and the folder is for its owner alone.
func TestSetupIsSealed(t *testing.T) {
	defer func(old string) { revision = old }(revision)
	revision = "0123abc"
	c := small(t)
	c.Methods = c.Methods[2:]
	require.NoError(t, Train(t.Context(), c))
	path := filepath.Join(c.Dir, setupFile)
	whole, err := os.ReadFile(path)
	require.NoError(t, err)
	require.Contains(t, string(whole), "0123abc")
	edited := bytes.Replace(whole, []byte("0123abc"), []byte("0124abc"), 1)
	require.NoError(t, os.WriteFile(path, edited, 0o600))
	_, err = Analyse(t.Context(), c)
	require.ErrorIs(t, err, ErrDamaged)
	require.ErrorContains(t, err, path+" is not the file that SHA256SUMS lists")
	require.NoError(t, os.WriteFile(path, whole, 0o600))
	_, err = Analyse(t.Context(), c)
	require.NoError(t, err)
	info, err := os.Stat(c.Dir)
	require.NoError(t, err)
	require.Equal(t, os.FileMode(0o700), info.Mode().Perm())
	entries, err := os.ReadDir(c.Dir)
	require.NoError(t, err)
	for _, e := range entries {
		info, err := e.Info()
		require.NoError(t, err)
		require.Equal(t, os.FileMode(0o600), info.Mode().Perm(), e.Name())
	}
	// Killed before there was anything but the setup: the next audit starts.
	c.Dir = filepath.Join(t.TempDir(), "killed")
	require.NoError(t, os.Mkdir(c.Dir, 0o700))
	require.NoError(t, os.WriteFile(filepath.Join(c.Dir, setupFile), edited[:30], 0o600))
	require.NoError(t, Train(t.Context(), c))
}

// counting is an attack that counts how often it learns, and may be killed then.
type counting struct {
	learned int
	kill    map[int]func()
}

func (*counting) Name() string { return "counting" }

func (c *counting) Learn(ctx context.Context, s *attacks.Shadows, game attacks.Game) (attacks.Scorer, error) {
	c.learned++
	if kill := c.kill[c.learned]; kill != nil {
		kill()
	}
	return attacks.Threshold{}.Learn(ctx, s, game)
}

// TestAnalysisGoesOn: an analysis that is killed in each variant but the first ends
// at last, and finds what one that is not killed finds; other settings find
// everything anew.
func TestAnalysisGoesOn(t *testing.T) {
	c := small(t)
	attack := &counting{}
	c.Attacks = []attacks.Attack{attack}
	require.NoError(t, Train(t.Context(), c))
	variants := len(c.variantsOf(t))
	for range variants - 1 {
		ctx, kill := context.WithCancel(t.Context())
		attack.kill = map[int]func(){attack.learned + 2: kill}
		before := attack.learned
		_, err := Analyse(ctx, c)
		require.ErrorIs(t, err, context.Canceled)
		require.Equal(t, before+2, attack.learned, "one variant is done, and the next was begun")
	}
	attack.kill = nil
	got, err := Analyse(t.Context(), c)
	require.NoError(t, err)
	require.Equal(t, 2*(variants-1)+1, attack.learned)
	again, err := Analyse(t.Context(), c)
	require.NoError(t, err)
	require.Equal(t, 2*(variants-1)+1, attack.learned)
	require.Equal(t, got.String(), again.String())
	c.Methods = append(c.Methods, Subject{Name: "one more", Method: NoOp{}})
	_, err = Run(t.Context(), c)
	require.NoError(t, err)
	require.Equal(t, 2*variants, attack.learned, "what is judged is not judged again for another method")
	c.Level = .9
	_, err = Analyse(t.Context(), c)
	require.NoError(t, err)
	require.Equal(t, 3*variants+1, attack.learned)
}

func (c Config) variantsOf(t *testing.T) []string {
	t.Helper()
	d, err := c.withDefaults()
	require.NoError(t, err)
	return d.variants()
}

// TestDamagedList: a list that names a file elsewhere is refused.
func TestDamagedList(t *testing.T) {
	f := &folder{dir: t.TempDir(), sums: map[string]string{}}
	require.NoError(t, os.WriteFile(f.path(sumsFile), fmt.Appendf(nil, "%064x  ../else\n", 1), 0o600))
	require.ErrorIs(t, f.readSums(), ErrDamaged)
}
