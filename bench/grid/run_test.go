package grid

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/miniunlearn/miniunlearn/bench"
	"github.com/miniunlearn/miniunlearn/graph"
	"github.com/miniunlearn/miniunlearn/nets"
	_ "github.com/miniunlearn/miniunlearn/unlearning/baselines"
)

// little is an experiment of a second: two forget sets, two seeds, five methods.
func little() Spec {
	return Spec{Grid: Grid{
		N: List[int]{200}, Net: List[string]{"mlp:64-12-10"}, Train: List[Train]{{Epochs: List[int]{2}, Batch: List[int]{32}}},
		Forget: List[string]{"random:0.2", "class:3"}, Methods: List[string]{"before", "mini", "rewind:0.5", "retrain", "fast-retrain"}, Seeds: Seeds{1, 2},
	}}
}

// one is little with one request.
func one() Spec {
	s := little()
	s.Forget, s.Seeds = List[string]{"class:3"}, Seeds{1}
	return s
}

func planned(t *testing.T, s Spec) *Plan {
	t.Helper()
	p, err := s.Plan(t.Context(), PlanConfig{Engine: graph.NewWalker(1)})
	require.NoError(t, err)
	return p
}

// options are for a run of one worker, with a cache.
func options(t *testing.T) Options {
	dir := t.TempDir()
	return Options{
		Folder: Folder(filepath.Join(dir, "cells")), Engines: []graph.Engine{graph.NewWalker(1)},
		Cache: &Cache{Dir: filepath.Join(dir, "cache"), Limit: 1 << 30, Say: func(s string) { t.Error(s) }},
		Say:   func(s string) { t.Error(s) },
	}
}

var times = regexp.MustCompile(`,"seconds":[^}]*}`)

// lines are the results without their times.
func lines(t *testing.T, results []bench.Result) string {
	t.Helper()
	var b bytes.Buffer
	require.NoError(t, bench.WriteJSONL(&b, results))
	return times.ReplaceAllString(b.String(), "}")
}

// whole is all of an outcome's rows as text, in which missing values are equal.
func whole(t *testing.T, o *Outcome) string {
	t.Helper()
	text, err := json.Marshal(o.Rows)
	require.NoError(t, err)
	return string(text)
}

// TestRun: the rows are those of the experiments alone, in the order of the grid,
// and the second time they are read.
func TestRun(t *testing.T) {
	p := planned(t, little())
	require.Len(t, p.Cells, 20)
	var want []bench.Result
	for _, r := range p.requests {
		rows, err := r.Run(t.Context())
		require.NoError(t, err)
		want = append(want, rows...)
	}
	o := options(t)
	var events []Event
	o.Progress = func(e Event) { events = append(events, e) }
	out, err := p.Run(t.Context(), o)
	require.NoError(t, err)
	require.Zero(t, out.Missing()+out.Failed())
	require.Equal(t, 20, out.Computed)
	require.Equal(t, lines(t, want), lines(t, out.Results()))
	last := events[len(events)-1]
	require.Equal(t, Event{Done: 20, Computed: 20, Total: 20}, last)
	require.True(t, slices.ContainsFunc(events, func(e Event) bool { return strings.HasSuffix(e.Text, "retraining with other seeds, 1 of 5") }))
	require.Len(t, out.Rows[0].Trace.Losses, 2)

	again, err := p.Run(t.Context(), o)
	require.NoError(t, err)
	require.Zero(t, again.Computed)
	require.Equal(t, whole(t, out), whole(t, again), "traces and times too")
	require.Equal(t, lines(t, want), lines(t, again.Results()))

	// Without a cache, and side by side without times.
	o = options(t)
	o.Cache, o.Engines = nil, []graph.Engine{graph.NewWalker(1), graph.NewWalker(1), graph.NewWalker(1)}
	out, err = p.Run(t.Context(), o)
	require.NoError(t, err)
	require.Equal(t, lines(t, want), lines(t, out.Results()))
	for _, r := range out.Results() {
		require.False(t, r.Seconds.Exists() || r.RetrainSeconds.Exists())
	}
}

// TestAdd: what is added is computed, with the runs and references of before.
func TestAdd(t *testing.T) {
	s := little()
	s.Methods = List[string]{"before", "retrain"}
	o := options(t)
	_, err := planned(t, s).Run(t.Context(), o)
	require.NoError(t, err)
	entries, err := os.ReadDir(filepath.Join(o.Cache.Dir, "runs"))
	require.NoError(t, err)
	require.Len(t, entries, 2, "one run a seed, for both forget sets")
	entries, err = os.ReadDir(filepath.Join(o.Cache.Dir, "retrained"))
	require.NoError(t, err)
	require.Len(t, entries, 4)

	s.Methods = List[string]{"before", "finetune:0.2", "retrain"}
	var texts []string
	o.Progress = func(e Event) { texts = append(texts, e.Text) }
	out, err := planned(t, s).Run(t.Context(), o)
	require.NoError(t, err)
	require.Equal(t, 4, out.Computed)
	require.NotContains(t, strings.Join(texts, "\n"), "retraining", "nothing was retrained again")
	require.Contains(t, strings.Join(texts, "\n"), "finetune:0.2")

	s.Seeds = Seeds{1, 2, 3}
	out, err = planned(t, s).Run(t.Context(), o)
	require.NoError(t, err)
	require.Equal(t, 6, out.Computed)
}

// TestUse: what cells are for stands in their results, and decides nothing.
func TestUse(t *testing.T) {
	s := one()
	s.Methods, s.WrongLabels = List[string]{"before"}, List[float64]{0, 0.3}
	o := options(t)
	for i, use := range []string{"", UseTuning, UseJudgement} {
		s.Use = use
		out, err := planned(t, s).Run(t.Context(), o)
		require.NoError(t, err)
		if i > 0 {
			require.Zero(t, out.Computed)
		}
		for j, r := range out.Results() {
			require.Equal(t, use, r.Use)
			require.Equal(t, s.WrongLabels[j], r.WrongLabels)
		}
		require.Greater(t, out.Rows[0].TestAcc, out.Rows[1].TestAcc)
	}
}

// TestKnown: every cell is told of once, and an error of whoever is told ends the
// run.
func TestKnown(t *testing.T) {
	p := planned(t, one())
	o := options(t)
	told := map[int]int{}
	o.Known = func(i int, row bench.Row) error {
		told[i]++
		require.Equal(t, p.Cells[i].Method, row.Method)
		if len(told) == 3 {
			return errors.New("a broken pipe")
		}
		return nil
	}
	out, err := p.Run(t.Context(), o)
	require.ErrorContains(t, err, "a broken pipe")
	require.Equal(t, 3, out.Computed)
	require.Empty(t, out.Lost)
	clear(told)
	told[-1]++ // so that there are more than three before the last
	o.Known = func(i int, _ bench.Row) error { told[i]++; return nil }
	_, err = p.Run(t.Context(), o)
	require.NoError(t, err)
	require.Equal(t, map[int]int{-1: 1, 0: 1, 1: 1, 2: 1, 3: 1, 4: 1}, told)
	require.True(t, p.In(0, Shard{1, 2}))
	require.False(t, p.In(0, Shard{2, 2}))

	// Without a folder nothing is kept but what is told.
	clear(told)
	o.Folder = ""
	out, err = p.Run(t.Context(), o)
	require.NoError(t, err)
	require.Equal(t, 5, out.Computed)
	require.Len(t, told, 5)
	out, err = p.State(o)
	require.NoError(t, err)
	require.Equal(t, 5, out.Missing())
}

// TestShards: parts make the whole.
func TestShards(t *testing.T) {
	p := planned(t, little())
	o := options(t)
	total := 0
	for i := range 3 {
		o.Shard = Shard{i + 1, 3}
		out, err := p.Run(t.Context(), o)
		require.NoError(t, err)
		total += out.Computed
		require.Equal(t, 20-total, out.Missing())
	}
	require.Equal(t, 20, total)
	got, err := p.State(o)
	require.NoError(t, err)
	o = options(t)
	want, err := p.Run(t.Context(), o)
	require.NoError(t, err)
	require.Equal(t, lines(t, want.Results()), lines(t, got.Results()))
}

// TestInterrupted: whatever is done is kept, also of a reference, and the next run
// does the rest, to the same bytes.
func TestInterrupted(t *testing.T) {
	p := planned(t, little())
	o := options(t)
	computed := 0
	for stopAt := 5; ; stopAt += 7 {
		ctx, stop := context.WithCancel(t.Context())
		calls := 0
		o.Progress = func(Event) {
			if calls++; calls == stopAt {
				stop()
			}
		}
		out, err := p.Run(ctx, o)
		computed += out.Computed
		if err == nil {
			break
		}
		require.ErrorIs(t, err, context.Canceled)
		require.Empty(t, out.Lost)
	}
	require.Equal(t, 20, computed, "no cell twice")
	got, err := p.State(o)
	require.NoError(t, err)
	want, err := p.Run(t.Context(), options(t))
	require.NoError(t, err)
	require.Equal(t, lines(t, want.Results()), lines(t, got.Results()))
}

// TestDamaged: a damaged cell, and damaged entries of the cache, are made again and
// said.
func TestDamaged(t *testing.T) {
	p := planned(t, one())
	o := options(t)
	want, err := p.Run(t.Context(), o)
	require.NoError(t, err)
	var said []string
	o.Say = func(s string) { said = append(said, s) }
	o.Cache.Say = o.Say

	damage := func(path string) {
		raw, err := os.ReadFile(path)
		require.NoError(t, err)
		raw[len(raw)/2] ^= 1
		require.NoError(t, os.WriteFile(path, raw, 0o600))
	}
	cells, err := filepath.Glob(filepath.Join(string(o.Folder), "*.json"))
	require.NoError(t, err)
	require.Len(t, cells, 5)
	damage(cells[0])
	require.NoError(t, os.WriteFile(cells[1], nil, 0o600)) // as a power cut leaves files elsewhere
	out, err := p.Run(t.Context(), o)
	require.NoError(t, err)
	require.Equal(t, 2, out.Computed)
	require.Len(t, said, 2)
	require.Contains(t, said[0], "the file of a cell is damaged")
	require.Contains(t, said[0], "; it is computed again")
	require.Equal(t, lines(t, want.Results()), lines(t, out.Results()))

	said = nil
	for _, pattern := range []string{"runs/*/*/final.safetensors", "retrained/*/params.safetensors"} {
		files, err := filepath.Glob(filepath.Join(o.Cache.Dir, pattern))
		require.NoError(t, err)
		require.NotEmpty(t, files)
		for _, f := range files {
			damage(f)
		}
	}
	o.Fresh = true
	out, err = p.Run(t.Context(), o)
	require.NoError(t, err)
	require.Equal(t, 5, out.Computed)
	text := strings.Join(said, "\n")
	require.Contains(t, text, "an entry of the cache cannot be used, and is made anew: history: ")
	require.Contains(t, text, "is damaged, and is made anew: nets: load ")
	require.Equal(t, lines(t, want.Results()), lines(t, out.Results()))
}

// TestBuilds: another program's cells and runs are not taken for this one's, unless
// asked for.
func TestBuilds(t *testing.T) {
	s := one()
	s.Methods = List[string]{"before", "finetune:0.2"}
	p := planned(t, s)
	o := options(t)
	out, err := p.Run(t.Context(), o)
	require.NoError(t, err)
	var said []string
	o.Say = func(s string) { said = append(said, s) }

	build := Build
	defer func() { Build = build }()
	Build = func() string { return "another" }
	now, err := p.State(o)
	require.NoError(t, err)
	require.Equal(t, 2, now.Missing())
	require.Equal(t, []string{"2 cells are there from another build of the program, and are not taken for those of this program and engine " + p.engine + "; -other-builds all takes those of other builds"}, said)

	for text, want := range map[string]int{"": 2, "runs": 2, "all": 0, "before": 1, "Finetune, mini": 1, "finetune:0.2": 1, "finetune:0.3": 2} {
		o.Reuse = ParseReuse(text)
		now, err = p.State(o)
		require.NoError(t, err)
		require.Equal(t, want, now.Missing(), text)
	}
	o.Reuse = ParseReuse("all")
	now, err = p.State(o)
	require.NoError(t, err)
	require.Equal(t, whole(t, out), whole(t, now))

	// Nothing is trained where the runs of the other build are taken.
	var texts []string
	o.Reuse, o.Progress = ParseReuse("runs"), func(e Event) { texts = append(texts, e.Text) }
	trained := 0
	o.Hooks = func(string) []nets.Hook {
		return []nets.Hook{nets.StepFunc(func(nets.Step) error { trained++; return nil })}
	}
	o.Cache.AnyBuild = o.Reuse.Runs
	out, err = p.Run(t.Context(), o)
	require.NoError(t, err)
	require.Equal(t, 2, out.Computed)
	require.Zero(t, trained)
	require.NotContains(t, strings.Join(texts, "\n"), "retraining")
	o.Cache.AnyBuild, o.Fresh = false, true
	_, err = p.Run(t.Context(), o)
	require.NoError(t, err)
	require.Positive(t, trained)

	o.Reuse, o.Fresh, o.Engines = ParseReuse("all"), false, nil
	build = func() string { return "a third" }
	other, err := s.Plan(t.Context(), PlanConfig{Engine: graph.Tape{}})
	require.NoError(t, err)
	now, err = other.State(o)
	require.NoError(t, err)
	require.Equal(t, 2, now.Missing(), "another engine's are never taken")
}

// TestFailures: a method that cannot run is a cell too, which -retry computes
// again.
func TestFailures(t *testing.T) {
	s := little()
	s.Methods, s.Forget, s.Seeds = List[string]{"before", "mini:0.0001"}, List[string]{"class:3"}, Seeds{1}
	p := planned(t, s)
	o := options(t)
	for _, c := range []struct {
		retry    bool
		computed int
	}{{false, 2}, {false, 0}, {true, 1}} {
		o.Retry = c.retry
		var last Event
		o.Progress = func(e Event) { last = e }
		out, err := p.Run(t.Context(), o)
		require.NoError(t, err)
		require.Equal(t, c.computed, out.Computed)
		require.Equal(t, 1, out.Failed())
		if c.computed > 0 {
			require.Equal(t, 1, last.Failed)
		}
		require.Contains(t, out.Rows[1].Error, "the budget is less than one step")
	}
}

// TestLost: a cell that cannot be kept is in the outcome, and ends the run.
func TestLost(t *testing.T) {
	p := planned(t, one())
	o := options(t)
	o.Progress = func(e Event) {
		if e.Computed == 3 { // a file where the folder was: nothing can be written there
			require.NoError(t, os.RemoveAll(string(o.Folder)))
			require.NoError(t, os.WriteFile(string(o.Folder), nil, 0o600))
		}
	}
	out, err := p.Run(t.Context(), o)
	require.ErrorContains(t, err, "grid: cell: ")
	require.Equal(t, 4, out.Computed)
	require.Equal(t, []int{3}, out.Lost)
	require.Equal(t, "retrain", out.Rows[3].Method)

	o = options(t)
	require.NoError(t, os.WriteFile(string(o.Folder), nil, 0o600))
	_, err = p.Run(t.Context(), o)
	require.Error(t, err, "before the work")
	_, err = p.Run(t.Context(), Options{})
	require.ErrorContains(t, err, "no engine")
	o.Engines = []graph.Engine{graph.Tape{}}
	_, err = p.Run(t.Context(), o)
	require.ErrorContains(t, err, "the plan was made for")
}
