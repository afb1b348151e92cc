package audit

import (
	"context"
	"log/slog"
	"maps"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/miniunlearn/miniunlearn/unlearning"
	"github.com/miniunlearn/miniunlearn/unlearning/history"
)

// TestGrows: an audit that gets one more method makes that method's answers, and no
// other's again, and ends with the bytes of one that had it from the start; also after
// a kill in between.
func TestGrows(t *testing.T) {
	all := small(t)
	want := bytesOf(t, all)
	few := all
	few.Dir = filepath.Join(t.TempDir(), "signals")
	few.Methods = all.Methods[:2]
	_, err := Run(t.Context(), few)
	require.NoError(t, err)
	more := few
	more.Methods = all.Methods
	_, err = Analyse(t.Context(), more)
	require.ErrorIs(t, err, ErrIncomplete)
	require.ErrorContains(t, err, "has no answers of no-op yet; run Train")
	ctx, kill := context.WithCancel(t.Context())
	more.Progress = func(done, total int) {
		if done == 3 {
			kill()
		}
	}
	require.ErrorIs(t, Train(ctx, more), context.Canceled)
	_, err = Analyse(t.Context(), more)
	require.ErrorIs(t, err, ErrIncomplete)
	done := 0
	more.Progress = func(int, int) { done++ }
	same(t, want, bytesOf(t, more), "grown")
	require.LessOrEqual(t, done, few.Shadows+few.Targets-3, "a model twice")

	// What is put before the others, or taken away, is another audit.
	other := more
	other.Methods = []Subject{all.Methods[2], all.Methods[0]}
	_, err = Run(t.Context(), other)
	require.ErrorIs(t, err, ErrOther)
	_, err = Run(t.Context(), few)
	require.ErrorIs(t, err, ErrOther)
}

// TestGrowsUnderItsRecord: an audit does not grow where the methods that it has would
// work on another record.
func TestGrowsUnderItsRecord(t *testing.T) {
	all, last := history.All().And(history.LogitGradients()), history.Last(3).And(history.LogitGradients())
	mini, noOp := Subject{Method: unlearning.Mini{}}, Subject{Method: NoOp{}}
	for _, c := range []struct {
		name        string
		first       Subject
		had, wanted *history.Policy
		grows       bool
	}{
		{"a record of each method's own", mini, nil, nil, true},
		{"the same for all", mini, &all, &all, true},
		{"no record", noOp, nil, nil, true},
		{"another for all", mini, &all, &last, false},
		{"for all, then its own", mini, &all, nil, false},
		{"its own, then for all", mini, nil, &all, false},
		{"none, then one for all", noOp, nil, &all, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			few := small(t)
			few.Train.Epochs, few.Methods, few.History = 2, []Subject{c.first}, c.had
			require.NoError(t, Train(t.Context(), few))
			more := few
			more.History = c.wanted
			more.Methods = []Subject{c.first, {Name: "half", Method: unlearning.Mini{Cost: 0.5}}, {Name: "more", Method: NoOp{}}}
			err := Train(t.Context(), more)
			if c.grows {
				require.NoError(t, err)
				return
			}
			require.ErrorIs(t, err, ErrOther)
			require.NoError(t, Train(t.Context(), few), "what was there is lost")
		})
	}
}

// withoutRuns returns what there is apart from models that were kept.
func withoutRuns(files map[string]string) map[string]string {
	files = maps.Clone(files)
	maps.DeleteFunc(files, func(name, _ string) bool { return strings.HasPrefix(name, "runs/") })
	return files
}

// TestKeptRuns: where trained models are kept, a method that an audit gets later trains
// no model again, unless it asks for another record, there was no room for all, or one
// is damaged; and the bytes are the same.
func TestKeptRuns(t *testing.T) {
	all := small(t)
	all.Methods = []Subject{{Method: NoOp{}}, {Name: "again", Method: NoOp{}}, {Method: unlearning.Mini{}}}
	want := bytesOf(t, all)
	models := all.Shadows + all.Targets
	// grow makes an audit of the first methods, does something to its folder, and lets
	// it grow to the others. It returns how many models were trained for these, and
	// what was said.
	grow := func(first, then int, keep int64, between func(dir string)) (trained int, said []string) {
		t.Helper()
		c := all
		c.Dir, c.KeepRuns, c.Methods = filepath.Join(t.TempDir(), "signals"), keep, all.Methods[:first]
		_, err := Run(t.Context(), c)
		require.NoError(t, err)
		if between != nil {
			between(c.Dir)
		}
		count := &lines{}
		c.Methods, c.Train.Logger = all.Methods[:then], slog.New(slog.NewTextHandler(count, nil))
		c.Say = func(text string) { said = append(said, text) }
		got := bytesOf(t, c)
		if then == len(all.Methods) {
			same(t, want, withoutRuns(got), "grown")
		}
		n := int(count.n.Load())
		require.Zero(t, n%c.Train.Epochs)
		return n / c.Train.Epochs, said
	}
	trained, _ := grow(1, 2, 1e9, nil)
	require.Zero(t, trained)
	trained, _ = grow(1, 2, 0, nil)
	require.Equal(t, models, trained, "nothing is kept")
	trained, _ = grow(2, 3, 1e9, nil)
	require.Equal(t, models, trained, "mini wants a record")
	full, said := grow(1, 2, 20_000, nil)
	require.Empty(t, said)
	trained = full
	require.Greater(t, trained, 0)
	require.Less(t, trained, models, "those that there was room for are there")
	trained, said = grow(1, 2, 20_000, func(dir string) {
		finals, err := filepath.Glob(filepath.Join(dir, "runs", "runs", "*", "*", "final*"))
		require.NoError(t, err)
		require.NoError(t, os.WriteFile(finals[0], []byte("damaged"), 0o600))
		require.NoError(t, os.WriteFile(filepath.Join(dir, "runs", "runs", "filler"), make([]byte, 20_000), 0o600))
	})
	require.Equal(t, full+1, trained)
	require.Len(t, said, 1)
	require.Contains(t, said[0], "an entry of the cache cannot be used: ")
	trained, said = grow(1, 2, 1e9, func(dir string) {
		finals, err := filepath.Glob(filepath.Join(dir, "runs", "runs", "*", "*", "final*"))
		require.NoError(t, err)
		require.Len(t, finals, models)
		require.NoError(t, os.WriteFile(finals[3], []byte("damaged"), 0o600))
	})
	require.Equal(t, 1, trained)
	require.Len(t, said, 1)
	require.Contains(t, said[0], "is made anew")
}
