package grid

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"os"
	"slices"
	"strconv"
	"strings"
)

// Spec is an experiment as its file has it: one grid, or several.
type Spec struct {
	// Schema is for editors; it may name the file that Schema returns.
	Schema string `json:"$schema,omitempty"`
	// Title stands above the page of results.
	Title string `json:"title,omitempty"`
	// Grid is the one grid, or what the several have in common.
	Grid
	// Grids are several. Each takes the fields that it lacks from the experiment, so
	// that it says what is its own and no more; so do the entries of its Train. A
	// cell of two grids is there once.
	Grids List[Grid] `json:"grids,omitempty"`
	// Engine and Device are as graph.Open reads them.
	Engine string `json:"engine,omitempty"`
	Device string `json:"device,omitempty"`
}

// Grid is a grid over data, network, training, forget set, seed and method. Every
// list may be a single value in a file, and every field may be left out for a
// default, which Default has.
type Grid struct {
	// Data are data sets as data.Open reads them.
	Data List[string] `json:"data,omitempty"`
	// Folder holds the files of the one data set, where they are not in their usual
	// place.
	Folder string `json:"folder,omitempty"`
	// N are numbers of training examples, stratified subsets chosen by the seed; 0
	// is all.
	N List[int] `json:"n,omitempty"`
	// WrongLabels are shares of the training examples that get a wrong label, see
	// data.Mislabel.
	WrongLabels List[float64] `json:"wrong_labels,omitempty"`
	// Net are architectures as nets.Parse reads them.
	Net List[string] `json:"net,omitempty"`
	// Train says how base runs are trained.
	Train List[Train] `json:"train,omitempty"`
	// Forget are forget sets as data.ParseScenario reads them.
	Forget List[string] `json:"forget,omitempty"`
	// Methods are notations as unlearning.Parse reads them; "mini:{cost}" stands for
	// mini with each of Costs.
	Methods List[string]  `json:"methods,omitempty"`
	Costs   List[float64] `json:"costs,omitempty"`
	Seeds   Seeds         `json:"seeds,omitempty"`
	// Use says what the cells are for, UseTuning or UseJudgement: settings that a
	// method was chosen or fitted on say little of others. It stands in the results, and
	// decides nothing.
	Use string `json:"use,omitempty"`
}

// Uses of cells.
const (
	UseTuning    = "tuning"
	UseJudgement = "judgement"
)

// Default returns the grid that a command line without flags asks for.
func Default() Grid {
	return Grid{
		Data: List[string]{"digits"}, N: List[int]{0}, WrongLabels: List[float64]{0}, Net: List[string]{"mlp:64-128-10"},
		Train: List[Train]{{
			Epochs: List[int]{20}, Batch: List[int]{64}, LR: List[float64]{0.05}, Schedule: List[string]{"cosine"}, Warmup: List[float64]{0},
			Momentum: List[float64]{0.9}, WeightDecay: List[float64]{0.0005}, Augment: List[string]{"none"}, DType: List[string]{"float32"},
		}},
		Forget:  List[string]{"random:0.2"},
		Methods: List[string]{"before", "mini", "retrain", "retrain-other-seed", "fast-retrain"},
		Seeds:   Seeds{1},
	}
}

// or returns l, or what stands for it where it is empty.
func or[L ~[]T, T any](l, otherwise L) L {
	if len(l) == 0 {
		return otherwise
	}
	return l
}

// over returns g with what it lacks taken from base.
func (g Grid) over(base Grid) (Grid, error) {
	if len(g.Train) > 0 && len(base.Train) > 1 {
		return g, errors.New("grid: a grid has a train of its own, and the experiment has several, of which none can fill in for what it lacks; leave one there")
	}
	if len(g.Train) == 0 {
		g.Train = base.Train
	} else if len(base.Train) == 1 {
		g.Train = slices.Clone(g.Train)
		for i, t := range g.Train {
			g.Train[i] = t.over(base.Train[0])
		}
	}
	g.Data, g.Folder, g.Use = or(g.Data, base.Data), cmp.Or(g.Folder, base.Folder), cmp.Or(g.Use, base.Use)
	g.WrongLabels = or(g.WrongLabels, base.WrongLabels)
	g.N, g.Net, g.Forget, g.Seeds = or(g.N, base.N), or(g.Net, base.Net), or(g.Forget, base.Forget), or(g.Seeds, base.Seeds)
	if len(g.Methods) == 0 {
		g.Methods, g.Costs = base.Methods, or(g.Costs, base.Costs)
	} else if marked(g.Methods) {
		g.Costs = or(g.Costs, base.Costs)
	}
	return g, nil
}

// All returns the grids of the experiment, each with all its fields.
func (s Spec) All() ([]Grid, error) {
	common, err := s.Grid.over(Default())
	if err != nil {
		return nil, err
	}
	if len(s.Grids) == 0 {
		return []Grid{common}, nil
	}
	all := make([]Grid, len(s.Grids))
	for i, g := range s.Grids {
		if all[i], err = g.over(common); err != nil {
			return nil, err
		}
	}
	return all, nil
}

// Read reads the file of an experiment. Errors name the line.
func Read(path string) (Spec, error) {
	raw, err := os.ReadFile(path)
	if err != nil {
		return Spec{}, fmt.Errorf("grid: %w", err)
	}
	return Parse(raw, path)
}

// String returns the experiment as a file that Read reads as the same.
func (s Spec) String() string {
	text, err := json.MarshalIndent(s, "", "  ")
	if err != nil {
		return fmt.Sprintf("grid: %v", err) // a number that JSON cannot hold
	}
	return string(text) + "\n"
}

// costMark stands for a cost in the notation of a method.
const costMark = "{cost}"

// marked reports whether a method takes costs.
func marked(methods []string) bool {
	return slices.ContainsFunc(methods, func(m string) bool { return strings.Contains(m, costMark) })
}

// expand returns the methods with "{cost}" replaced.
func (g Grid) expand() ([]string, error) {
	if len(g.Costs) > 0 && !marked(g.Methods) {
		return nil, errors.New(`grid: there are costs, and no method that takes them; write one as "mini:{cost}"`)
	}
	var all []string
	for _, m := range g.Methods {
		if !strings.Contains(m, costMark) {
			all = append(all, m)
			continue
		}
		if len(g.Costs) == 0 {
			return nil, fmt.Errorf("grid: method %q asks for costs, and the experiment has none; set costs, such as [0.1, 0.2]", m)
		}
		for _, c := range g.Costs {
			if !(c > 0) || math.IsInf(c, 0) {
				return nil, fmt.Errorf("grid: cost %g must be above 0 and finite", c)
			}
			all = append(all, strings.ReplaceAll(m, costMark, strconv.FormatFloat(c, 'g', -1, 64)))
		}
	}
	return all, nil
}
