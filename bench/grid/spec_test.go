package grid

import (
	"encoding/json"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"
	"github.com/stretchr/testify/require"
	"github.com/tidwall/jsonc"

	"github.com/miniunlearn/miniunlearn/graph"
	"github.com/miniunlearn/miniunlearn/nets"
)

// full has every field, in the forms that each may have.
const full = `{
	// An experiment with everything.
	"$schema": "experiment.schema.json",
	"title": "Everything", /* a title */
	"data": ["digits"],
	"folder": "",
	"n": [300, 0],
	"wrong_labels": [0, 0.1],
	"net": ["mlp:64-16-10", "logistic"],
	"train": [
		{"epochs": 2, "batch": [32, 64], "lr": 0.1, "schedule": ["constant"], "momentum": 0},
		{"steps": 20, "warmup": 0.1, "weight_decay": [0, 5e-4], "augment": "none", "dtype": "float64"},
	],
	"forget": ["random:0.1", "class:3"],
	"methods": ["before", "mini:{cost}", "deltagrad", "retrain"],
	"costs": [0.1, 0.25],
	"seeds": "1-3,7",
	"use": "tuning",
	"engine": "gorgonia",
	"device": "cpu",
}`

func TestParse(t *testing.T) {
	s, err := Parse([]byte(full), "full")
	require.NoError(t, err)
	require.Equal(t, Seeds{1, 2, 3, 7}, s.Seeds)
	require.Equal(t, List[int]{300, 0}, s.N)
	require.Equal(t, List[string]{"digits"}, s.Data)
	require.Len(t, s.Train, 2)
	require.Equal(t, List[float64]{0.1}, s.Train[0].LR)
	again, err := Parse([]byte(s.String()), "again")
	require.NoError(t, err)
	require.Equal(t, s, again)
	require.Contains(t, s.String(), `"seeds": "1-3,7"`)

	p := planned(t, s)
	// 2 sizes × 2 networks × (2 + 2) ways × 2 shares of wrong labels × 2 forget sets × 4 seeds × 5 methods
	require.Len(t, p.Cells, 2*2*4*2*2*4*5)
	require.Len(t, p.requests, 2*2*4*2*2*4)
	require.Equal(t, "before", p.Cells[0].Method)
	require.Equal(t, "mini:0.1", p.Cells[1].Method)
	require.Equal(t, "mini:0.25", p.Cells[2].Method)
	require.EqualValues(t, 2, p.Cells[5].Seed)
	require.Equal(t, graph.Float64, p.requests[32].Config.DType)
	require.Equal(t, nets.CosineRate{Peak: 0.05, Warmup: 0.1}, p.requests[32].Config.LR)
	require.Equal(t, 20, p.requests[32].Config.Steps)
	require.Zero(t, p.requests[7].WrongLabels)
	require.Equal(t, 0.1, p.requests[8].WrongLabels)
	require.Equal(t, 5e-4, p.requests[48].Config.WeightDecay)

	path := filepath.Join(t.TempDir(), "e.json")
	require.NoError(t, os.WriteFile(path, []byte("{}"), 0o600))
	s, err = Read(path)
	require.NoError(t, err)
	require.Len(t, planned(t, s).Cells, 5, "the defaults")
	_, err = Read(path + "x")
	require.ErrorIs(t, err, os.ErrNotExist)
}

// grids is an experiment of cells that differ in one thing.
const grids = `{
	"net": "mlp:64-16-10", "n": 300, "train": {"epochs": 2, "batch": 32}, "methods": ["before", "mini:{cost}"], "costs": 0.2, "seeds": "1-2",
	"grids": [
		{"forget": ["random:0.1", "class:3"]},
		{"train": [{"batch": 16}, {"steps": 9}]},
		{"net": ["mlp:64-16-10", "logistic"], "methods": "before"},
		{"forget": "class:3", "methods": ["retrain", "mini:{cost}"], "costs": [0.2, 0.3], "seeds": 2},
	],
}`

// TestGrids: each grid takes what it lacks from the experiment, and a cell of two is
// there once.
func TestGrids(t *testing.T) {
	s, err := Parse([]byte(grids), "grids")
	require.NoError(t, err)
	again, err := Parse([]byte(s.String()), "again")
	require.NoError(t, err)
	require.Equal(t, s, again)
	p := planned(t, s)
	var got []string
	for _, c := range p.Cells {
		r := p.requests[c.request]
		got = append(got, fmt.Sprintf("%s %d/%d/%d %s %d %s", r.Arch.Name, r.Config.Epochs, r.Config.Steps, r.Config.Batch, r.Forget, c.Seed, c.Method))
	}
	require.Equal(t, []string{
		"mlp:64-16-10 2/0/32 random:0.1 1 before", "mlp:64-16-10 2/0/32 random:0.1 1 mini:0.2",
		"mlp:64-16-10 2/0/32 random:0.1 2 before", "mlp:64-16-10 2/0/32 random:0.1 2 mini:0.2",
		"mlp:64-16-10 2/0/32 class:3 1 before", "mlp:64-16-10 2/0/32 class:3 1 mini:0.2",
		"mlp:64-16-10 2/0/32 class:3 2 before", "mlp:64-16-10 2/0/32 class:3 2 mini:0.2",
		"mlp:64-16-10 2/0/16 random:0.2 1 before", "mlp:64-16-10 2/0/16 random:0.2 1 mini:0.2",
		"mlp:64-16-10 2/0/16 random:0.2 2 before", "mlp:64-16-10 2/0/16 random:0.2 2 mini:0.2",
		"mlp:64-16-10 0/9/32 random:0.2 1 before", "mlp:64-16-10 0/9/32 random:0.2 1 mini:0.2",
		"mlp:64-16-10 0/9/32 random:0.2 2 before", "mlp:64-16-10 0/9/32 random:0.2 2 mini:0.2",
		"mlp:64-16-10 2/0/32 random:0.2 1 before", "mlp:64-16-10 2/0/32 random:0.2 2 before",
		"logistic 2/0/32 random:0.2 1 before", "logistic 2/0/32 random:0.2 2 before",
		"mlp:64-16-10 2/0/32 class:3 2 retrain", "mlp:64-16-10 2/0/32 class:3 2 mini:0.3",
	}, got)
}

func TestParseBadInput(t *testing.T) {
	for _, c := range []struct{ name, in, want string }{
		{"empty", "", "e: line 1: unexpected end"},
		{"no object", "[1]", "e: line 1: want an object, fields in braces"},
		{"null", "null", "want an object"},
		{"cut", "{\n\"seeds\": [1,\n", "e: line 3: unexpected end"},
		{"unknown", "{\n\n\"sedes\": 1}", `e: line 3: unknown field "sedes"; did you mean seeds?; known are $schema, title, data`},
		{"unknown inside", "{\"train\":\n[{\"epochs\": 1},\n{\"learning_rate\": 1}]}", `e: line 3: unknown field "train.learning_rate"; known are epochs`},
		{"unknown inside one", "{\"train\":\n{\"momentun\": 1}}", `e: line 2: unknown field "train.momentun"; did you mean momentum?`},
		{"twice", "{\"seeds\": 1,\n\"seeds\": 2}", `e: line 2: field "seeds" is there twice`},
		{"text for a number", "{\n\"n\": \"many\"}", `e: line 2: field "n": want a whole number, or a list of it`},
		{"fraction", `{"n": 1.5}`, `field "n": want a whole number`},
		{"list of lists", `{"n": [[1]]}`, `field "n": want a whole number`},
		{"number for text", `{"net": 3}`, `field "net": want text, or a list of it`},
		{"number for the title", `{"title": 3}`, `field "title": want text, not a number`},
		{"null field", `{"net": null}`, `field "net": `},
		{"null title", `{"title": null}`, "null stands for nothing"},
		{"no object inside", `{"train": 3}`, `field "train": want an object`},
		{"seed", `{"seeds": "1-x"}`, `field "seeds": "1-x" is not a seed, a whole number from 0, and not a range such as 1-10`},
		{"seeds backwards", `{"seeds": "5-1"}`, `the range "5-1" goes backwards`},
		{"seeds twice", `{"seeds": "1-3,2"}`, "seed 2 is named twice"},
		{"seeds twice in a list", `{"seeds": [4, 4]}`, "seed 4 is named twice"},
		{"too many seeds", `{"seeds": "1-99999999999"}`, "more than 1000000 seeds"},
		{"seeds null", `{"seeds": null}`, `field "seeds"`},
		{"seeds of something else", `{"seeds": {}}`, `want a seed, a list of seeds, or text with ranges`},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, err := Parse([]byte(c.in), "e")
			require.ErrorContains(t, err, c.want)
		})
	}
}

func TestPlanBadInput(t *testing.T) {
	for _, c := range []struct{ name, in, want string }{
		{"cost without a method", `{"costs": 0.1}`, `no method that takes them; write one as "mini:{cost}"`},
		{"method without costs", `{"methods": "mini:{cost}"}`, `method "mini:{cost}" asks for costs`},
		{"bad cost", `{"methods": "mini:{cost}", "costs": 0}`, "cost 0 must be above 0"},
		{"epochs and steps", `{"train": {"epochs": 1, "steps": 3}}`, "train: there are epochs and steps; give one"},
		{"no epochs", `{"train": {"epochs": 0}}`, "train: epochs 0 must be at least 1"},
		{"no batch", `{"train": {"batch": 0}}`, "train: batch 0 must be at least 1"},
		{"no rate", `{"train": {"lr": 0}}`, "train: lr 0 must be above 0"},
		{"schedule", `{"train": {"schedule": "cosin"}}`, `unknown schedule "cosin"; did you mean cosine?; known are constant, cosine`},
		{"warmup of constant", `{"train": {"schedule": "constant", "warmup": 0.1}}`, "is of the schedule cosine"},
		{"warmup", `{"train": {"warmup": 1}}`, "warmup 1 is outside [0, 1)"},
		{"momentum", `{"train": {"momentum": 1}}`, "momentum 1 is outside [0, 1)"},
		{"decay", `{"train": {"weight_decay": -1}}`, "weight_decay -1 must be finite and not negative"},
		{"augmentation", `{"train": {"augment": "spin"}}`, "augment spin is no augmentation; write none, crop:PIXELS, flip"},
		{"number type", `{"train": {"dtype": "float16"}}`, `unknown number type "float16"; did you mean float32?`},
		{"data twice", `{"data": ["digits", "digits"]}`, "data digits is named twice"},
		{"net twice", `{"net": ["logistic", "logistic"]}`, "net logistic is named twice"},
		{"n twice", `{"n": [5, 5]}`, "n 5 is named twice"},
		{"wrong labels twice", `{"wrong_labels": [0.1, 0.1]}`, "wrong_labels 0.1 is named twice"},
		{"all labels wrong", `{"wrong_labels": 1}`, "a share of 1 wrong labels is outside [0, 1)"},
		{"use", `{"use": "judgment"}`, `unknown use "judgment"; did you mean judgement?; known are tuning, judgement`},
		{"forget twice", `{"forget": ["class:1", "class:1"]}`, "forget class:1 is named twice"},
		{"training twice", `{"train": [{"lr": 0.1}, {"lr": 0.1}]}`, "stands there twice; two entries of a list are the same"},
		{"method twice", `{"methods": ["mini", "mini"]}`, `method "mini" is named twice`},
		{"unknown method", `{"methods": ["minu"]}`, `unknown method "minu"; did you mean mini?`},
		{"unknown data", `{"data": "digitz"}`, `did you mean "digits"?`},
		{"folder of many", `{"data": ["digits", "mnist"], "folder": "/tmp"}`, "the folder /tmp is of one data set"},
		{"unknown net", `{"net": "brain"}`, `unknown architecture "brain"`},
		{"net that does not fit", `{"net": "mlp:784-10"}`, "takes 784 features"},
		{"augmented digits", `{"data": "digits", "train": {"augment": "crop:9"}}`, "crop:9 needs images of [C, H, W]"},
		{"too many examples", `{"n": 5000}`, "not 5000"},
		{"forget nothing", `{"forget": "first:0"}`, "the forget set is empty"},
		{"fast-retrain alone", `{"methods": "fast-retrain"}`, "add mini, or name a share"},
		{"too many cells", `{"seeds": "1-200000", "methods": ["before", "mini", "rewind", "descent", "retrain"]}`,
			"1000000 cells are more than 10000; make the grid smaller, or ask for so many with -max-cells: 1 data sets × 1 sizes × 1 shares of wrong labels × 1 networks × 1 ways to train × 1 forget sets × 200000 seeds × 5 methods"},
		{"bad grid", `{"grids": [{}, {"train": {"lr": 0}}]}`, "train: lr 0 must be above 0 and finite (in grid 2 of 2)"},
		{"bad data of a grid", `{"grids": [{}, {"net": "mlp:784-10"}]}`, "(in grid 2 of 2)"},
		{"several trains", `{"train": [{"lr": 0.1}, {"lr": 0.2}], "grids": {"train": {"epochs": 1}}}`, "a grid has a train of its own, and the experiment has several"},
		{"twice within a grid", `{"grids": {"train": [{"lr": 0.1}, {"lr": 0.1}]}}`, "stands there twice"},
	} {
		t.Run(c.name, func(t *testing.T) {
			s, err := Parse([]byte(c.in), "e")
			require.NoError(t, err)
			_, err = s.Plan(t.Context(), PlanConfig{Engine: graph.NewWalker(1)})
			require.ErrorContains(t, err, c.want)
		})
	}
	_, err := Spec{Grid: Grid{Methods: List[string]{"mini:{cost}"}, Costs: List[float64]{math.Inf(1)}}}.Plan(t.Context(), PlanConfig{Engine: graph.NewWalker(1)})
	require.ErrorContains(t, err, "cost +Inf must be above 0 and finite")
}

// TestConfigFields: every field of nets.Config that a base run can have is a field
// of Train.
func TestConfigFields(t *testing.T) {
	elsewhere := map[string]string{
		"Seed": "seeds", "Engine": "engine and device", "Hooks": "trackers", "Logger": "-log",
		"Drop": "base runs train on all", "Only": "base runs train on all", "From": "base runs start anew", "Holes": "base runs train on all", "Resume": "the cache's",
	}
	is := map[string]string{"Epochs": "epochs", "Batch": "batch", "LR": "lr", "Momentum": "momentum", "WeightDecay": "weight_decay", "Augment": "augment", "Steps": "steps", "DType": "dtype"}
	c := reflect.TypeFor[nets.Config]()
	_, known := fieldOf(reflect.ValueOf(Train{}), "")
	for i := range c.NumField() {
		name := c.Field(i).Name
		if elsewhere[name] == "" {
			require.Contains(t, known, is[name], "add %s to Train, or say where it is", name)
		}
	}
}

// TestSchema: the schema has the fields of the types, and agrees with Parse on what
// is an experiment.
func TestSchema(t *testing.T) {
	var tree struct {
		Properties map[string]any
		Defs       map[string]struct{ Properties map[string]any } `json:"$defs"`
	}
	require.NoError(t, json.Unmarshal([]byte(Schema()), &tree))
	for _, c := range []struct {
		of    reflect.Value
		names map[string]any
	}{{reflect.ValueOf(Spec{}), tree.Properties}, {reflect.ValueOf(Train{}), tree.Defs["train"].Properties}, {reflect.ValueOf(Grid{}), tree.Defs["grid"].Properties}} {
		_, known := fieldOf(c.of, "")
		require.Len(t, c.names, len(known))
		for _, name := range known {
			require.Contains(t, c.names, name)
		}
	}
	doc, err := jsonschema.UnmarshalJSON(strings.NewReader(Schema()))
	require.NoError(t, err)
	compiler := jsonschema.NewCompiler()
	require.NoError(t, compiler.AddResource("experiment.schema.json", doc))
	s, err := compiler.Compile("experiment.schema.json")
	require.NoError(t, err)
	for _, c := range []struct {
		in string
		ok bool
	}{
		{full, true}, {"{}", true}, {`{"seeds": 3, "n": 5, "train": {"lr": [0.1, 0.2]}}`, true}, {Spec{Grid: Default()}.String(), true}, {grids, true},
		{`{"sedes": 1}`, false}, {`{"seeds": "1-x"}`, false}, {`{"n": "5"}`, false}, {`{"train": {"learning": 1}}`, false}, {`{"net": [1]}`, false}, {"[]", false}, {`{"n": []}`, false}, {`{"seeds": []}`, false}, {`{"train": []}`, false}, {`{"grids": []}`, false}, {`{"grids": [{"title": "a"}]}`, false},
	} {
		v, err := jsonschema.UnmarshalJSON(strings.NewReader(string(jsonc.ToJSON([]byte(c.in)))))
		require.NoError(t, err)
		require.Equal(t, c.ok, s.Validate(v) == nil, c.in)
		_, err = Parse([]byte(c.in), "e")
		require.Equal(t, c.ok, err == nil, c.in)
	}
}

func TestSeeds(t *testing.T) {
	for text, want := range map[string]Seeds{"5": {5}, "1-3": {1, 2, 3}, " 1 - 2 , 9": {1, 2, 9}, "7,6": {7, 6}, "0-0": {0}, "18446744073709551614-18446744073709551615": {math.MaxUint64 - 1, math.MaxUint64}} {
		got, err := ParseSeeds(text)
		require.NoError(t, err)
		require.Equal(t, want, got)
		again, err := ParseSeeds(got.String())
		require.NoError(t, err)
		require.Equal(t, want, again)
	}
	require.Equal(t, "1-3,7,9,10", Seeds{1, 2, 3, 7, 9, 10}.String())
}

func TestSize(t *testing.T) {
	for text, want := range map[string]Size{"10GB": 10e9, "1.5 mb": 1.5e6, "0": 0, "123": 123, "2TB": 2e12, "5kb": 5e3} {
		var s Size
		require.NoError(t, s.Set(text))
		require.Equal(t, want, s)
	}
	for _, text := range []string{"", "GB", "-1", "lots", "1e40TB", "10 XB", "NaN"} {
		require.Error(t, new(Size).Set(text), text)
	}
	s := Size(10e9)
	require.Equal(t, "10GB", s.String())
}

func TestShard(t *testing.T) {
	env := func(pairs ...string) func(string) string {
		return func(name string) string {
			for i := 0; i < len(pairs); i += 2 {
				if pairs[i] == name {
					return pairs[i+1]
				}
			}
			return ""
		}
	}
	slurm := func(id, min, max, count string) func(string) string {
		return env("SLURM_ARRAY_TASK_ID", id, "SLURM_ARRAY_TASK_MIN", min, "SLURM_ARRAY_TASK_MAX", max, "SLURM_ARRAY_TASK_COUNT", count)
	}
	kubernetes := env("JOB_COMPLETION_INDEX", "0")
	for _, c := range []struct {
		text string
		env  func(string) string
		want Shard
	}{
		{"", env(), Shard{}}, {"3/8", env(), Shard{3, 8}}, {" 1 / 1 ", env(), Shard{1, 1}},
		{"", slurm("0", "0", "5", "6"), Shard{1, 6}}, {"", slurm("7", "3", "9", "4"), Shard{3, 4}}, {"", slurm("4", "4", "4", "1"), Shard{1, 1}},
		{"2/3", slurm("0", "0", "5", "6"), Shard{2, 3}}, {"/6", slurm("5", "0", "5", "6"), Shard{6, 6}}, {"/4", kubernetes, Shard{1, 4}}, {"", kubernetes, Shard{}},
	} {
		got, err := ParseShard(c.text, c.env)
		require.NoError(t, err, c.text)
		require.Equal(t, c.want, got, c.text)
	}
	for _, c := range []struct {
		text string
		env  func(string) string
		want string
	}{
		{"3", env(), "want i/n, such as 3/8"}, {"0/3", env(), "0 is outside 1 to 3"}, {"4/3", env(), "4 is outside 1 to 3"}, {"x/3", env(), "want i/n"}, {"1/0", env(), "want i/n"},
		{"/3", env(), "neither SLURM_ARRAY_TASK_ID nor JOB_COMPLETION_INDEX is set"}, {"/3", env("JOB_COMPLETION_INDEX", "x"), `JOB_COMPLETION_INDEX is "x"`}, {"/3", env("JOB_COMPLETION_INDEX", "3"), "4 is outside"},
		{"", slurm("3", "3", "9", "3"), ""}, {"", slurm("4", "3", "9", "3"), "not evenly spaced"}, {"", slurm("3", "3", "8", "3"), "give -shard i/n"}, {"", slurm("3", "", "8", "3"), `SLURM_ARRAY_TASK_MIN is ""`},
		{"/2", slurm("4", "3", "9", "3"), "not evenly spaced"},
	} {
		_, err := ParseShard(c.text, c.env)
		if c.want == "" {
			require.NoError(t, err)
			continue
		}
		require.ErrorContains(t, err, c.want, c.text)
	}
	require.Equal(t, "3/8", Shard{3, 8}.String())
	require.Empty(t, Shard{}.String())
}
