package grid

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/miniunlearn/miniunlearn/bench"
	"github.com/miniunlearn/miniunlearn/data"
	"github.com/miniunlearn/miniunlearn/graph"
	"github.com/miniunlearn/miniunlearn/nets"
	"github.com/miniunlearn/miniunlearn/unlearning"
)

// Plan is a checked experiment: its cells in the order of the grids, and what they
// share.
type Plan struct {
	Spec Spec
	// Cells are in the order grid, data, n, net, train, wrong labels, forget set, seed, method, the
	// last changing fastest. A cell of several grids is in the first of them.
	Cells []Cell

	requests []*request
	engine   string                    // its name
	opened   map[[2]string]*openedData // by specification and folder
}

// openedData is a data set with its fingerprints.
type openedData struct {
	*data.Splits
	train, test string
}

// Cell is one method in one request: one row of the results.
type Cell struct {
	// Address identifies the cell by what decides it, engine and program apart.
	Address string
	Method  string
	Seed    uint64

	use      string
	request  int // in Plan.requests
	position int // of the method in the request
	settings settings
}

// request is one run with one forget set: the cells that share a reference.
type request struct {
	bench.Experiment
	title string
	cells []int // in Plan.Cells
}

// MaxCells is the size of a grid above which it has to be asked for.
const MaxCells = 10_000

// PlanConfig says how to make a plan.
type PlanConfig struct {
	// Engine is any of those that will compute.
	Engine graph.Engine
	// MaxCells is the size of a grid that is refused; 0 means MaxCells.
	MaxCells int
}

// Plan checks the experiment and lists its cells. Missing fields have their
// defaults. It opens the data sets, and trains nothing.
func (s Spec) Plan(ctx context.Context, c PlanConfig) (*Plan, error) {
	grids, err := s.All()
	if err != nil {
		return nil, err
	}
	products := make([]product, len(grids))
	cells := 0.0
	for i, g := range grids {
		if products[i], err = g.product(); err != nil {
			return nil, inGrid(err, i, len(grids))
		}
		cells += products[i].cells()
	}
	if limit := cmp.Or(c.MaxCells, MaxCells); cells > float64(limit) {
		return nil, fmt.Errorf("grid: %.0f cells are more than %d; make the grid smaller, or ask for so many with -max-cells: %s", cells, limit, describe(products))
	}
	p := &Plan{Spec: s, engine: c.Engine.Name(), opened: map[[2]string]*openedData{}}
	seen := map[string]bool{}
	for i, x := range products {
		from := len(p.Cells)
		for _, spec := range x.Data {
			if err := p.add(ctx, x, spec, c.Engine, seen); err != nil {
				return nil, inGrid(err, i, len(grids))
			}
		}
		for _, c := range p.Cells[from:] {
			seen[c.Address] = true
		}
	}
	return p, nil
}

// inGrid says which of several grids an error is about.
func inGrid(err error, i, of int) error {
	if of == 1 {
		return err
	}
	return fmt.Errorf("%w (in grid %d of %d)", err, i+1, of)
}

// product is a grid with what its notations stand for.
type product struct {
	Grid
	configs []nets.Config
	methods []unlearning.Named
}

// product reads the notations of the grid.
func (g Grid) product() (x product, err error) {
	x.Grid = g
	if err := errors.Join(distinct("data", g.Data), distinct("net", g.Net), distinct("forget", g.Forget), distinct("n", g.N), distinct("wrong_labels", g.WrongLabels)); err != nil {
		return x, firstOf(err)
	}
	if g.Use != "" && g.Use != UseTuning && g.Use != UseJudgement {
		return x, fmt.Errorf("grid: %w", unknown("use", g.Use, UseTuning, UseJudgement))
	}
	if g.Folder != "" && len(g.Data) > 1 {
		return x, fmt.Errorf("grid: the folder %s is of one data set, and there are %s", g.Folder, strings.Join(g.Data, ", "))
	}
	if err := g.Seeds.check(); err != nil {
		return x, fmt.Errorf("grid: %w", err)
	}
	for _, t := range g.Train {
		some, err := t.Configs()
		if err != nil {
			return x, fmt.Errorf("grid: train: %w", err)
		}
		x.configs = append(x.configs, some...)
	}
	notations, err := g.expand()
	if err != nil {
		return x, err
	}
	x.methods, err = unlearning.Parse(notations...)
	return x, err
}

// cells is the number of cells.
func (x product) cells() float64 {
	cells := 1.0
	for _, n := range []int{len(x.Data), len(x.N), len(x.WrongLabels), len(x.Net), len(x.configs), len(x.Forget), len(x.Seeds), len(x.methods)} {
		cells *= float64(n)
	}
	return cells
}

// describe says what makes grids large.
func describe(products []product) string {
	var parts []string
	for _, x := range products {
		parts = append(parts, fmt.Sprintf("%d data sets × %d sizes × %d shares of wrong labels × %d networks × %d ways to train × %d forget sets × %d seeds × %d methods",
			len(x.Data), len(x.N), len(x.WrongLabels), len(x.Net), len(x.configs), len(x.Forget), len(x.Seeds), len(x.methods)))
	}
	return strings.Join(parts, " + ")
}

// distinct reports a value that stands in a list twice.
func distinct[T comparable](field string, values []T) error {
	for i, v := range values {
		if slices.Contains(values[:i], v) {
			return fmt.Errorf("grid: %s %v is named twice", field, v)
		}
	}
	return nil
}

// open opens a data set, each once.
func (p *Plan) open(ctx context.Context, spec, folder string) (*openedData, error) {
	key := [2]string{spec, folder}
	if o := p.opened[key]; o != nil {
		return o, nil
	}
	open := func() (*data.Splits, error) { return data.Open(ctx, spec) }
	if folder != "" {
		open = func() (*data.Splits, error) { return data.Load(spec, folder) }
	}
	ds, err := open()
	if err != nil {
		return nil, err
	}
	o := &openedData{ds, ds.Train.Fingerprint(), ds.Test.Fingerprint()}
	p.opened[key] = o
	return o, nil
}

// add adds the cells of a grid with a data set, but for those that are there from
// other grids.
func (p *Plan) add(ctx context.Context, x product, spec string, engine graph.Engine, there map[string]bool) error {
	ds, err := p.open(ctx, spec, x.Folder)
	if err != nil {
		return err
	}
	own := map[string]bool{}
	base := settings{Format: cellFormat, Dataset: ds.Name, Train: ds.train, Test: ds.test}
	for _, n := range x.N {
		for _, net := range x.Net {
			arch, err := nets.Parse(net, ds.Train)
			if err != nil {
				return err
			}
			if err := arch.Fits(ds.Train); err != nil {
				return err
			}
			for _, cfg := range x.configs {
				model, err := nets.NewModel(arch, engine, cfg.DType)
				if err != nil {
					return fmt.Errorf("grid: %w", err)
				}
				if err := starts(ctx, model, ds.Train, cfg); err != nil {
					return err
				}
				of := base
				of.N = n
				of.describe(model, cfg)
				e := bench.Experiment{Data: ds.Splits, N: n, Arch: arch, Config: cfg, Methods: x.methods}
				if err := p.requestsOf(ctx, x, e, of, own, there); err != nil {
					return err
				}
			}
		}
	}
	return nil
}

// requestsOf adds the requests of a training: by wrong labels, forget set and seed.
func (p *Plan) requestsOf(ctx context.Context, x product, e bench.Experiment, of settings, own, there map[string]bool) error {
	for _, e.WrongLabels = range x.WrongLabels {
		for _, e.Forget = range x.Forget {
			for _, e.Config.Seed = range x.Seeds {
				if err := ctx.Err(); err != nil {
					return err
				}
				r := &request{Experiment: e, title: fmt.Sprintf("%s, %s, %s, seed %d", e.Data.Name, e.Arch.Name, e.Forget, e.Config.Seed)}
				if err := p.request(r, x.Use, of, own, there); err != nil {
					return err
				}
			}
		}
	}
	return nil
}

// errStarts ends a training that would begin.
var errStarts = errors.New("the training would begin")

// starter is a hook that ends a run where it begins.
type starter struct{ nets.StepFunc }

// OnStart implements nets.Hook.
func (starter) OnStart(nets.Start) error { return errStarts }

// starts reports what keeps a configuration from training: what nets only knows of
// the data.
func starts(ctx context.Context, m *nets.Model, ds *data.Dataset, cfg nets.Config) error {
	cfg.Hooks = []nets.Hook{starter{}}
	if _, err := m.Train(ctx, ds, cfg); !errors.Is(err, errStarts) {
		return fmt.Errorf("grid: %s on %s: %w", m.Arch().Name, ds.Name, err)
	}
	return nil
}

// request adds a request and its cells, but for those that are there.
func (p *Plan) request(r *request, use string, of settings, own, there map[string]bool) error {
	_, forget, err := r.Request()
	if err != nil {
		return err
	}
	of.Seed, of.WrongLabels, of.Forget, of.Forgotten = r.Config.Seed, r.WrongLabels, r.Forget, positions(forget)
	for i, m := range r.Methods {
		of.Method, of.Settings, of.EqualTo = m.Name, methodSettings(m.Method), ""
		if j := r.EqualCost(i); j >= 0 {
			of.EqualTo = methodSettings(r.Methods[j].Method)
		}
		address := of.address()
		if own[address] {
			return fmt.Errorf("grid: %s of %s stands there twice; two entries of a list are the same", m.Name, r.title)
		}
		if own[address] = true; there[address] {
			continue
		}
		r.cells = append(r.cells, len(p.Cells))
		p.Cells = append(p.Cells, Cell{Address: address, Method: m.Name, Seed: of.Seed, use: use, request: len(p.requests), position: i, settings: of})
	}
	if len(r.cells) > 0 {
		p.requests = append(p.requests, r)
	}
	return nil
}
