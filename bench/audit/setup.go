package audit

import (
	"context"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"runtime/debug"
	"slices"
	"strings"

	"github.com/miniunlearn/miniunlearn/data"
	"github.com/miniunlearn/miniunlearn/graph"
	"github.com/miniunlearn/miniunlearn/nets"
	"github.com/miniunlearn/miniunlearn/unlearning/history"
)

// Setup is what the signals of an audit depend on. It stands in audit.json, and
// a folder is only added to by an audit with the same one.
type Setup struct {
	Format int `json:"format"`
	// Revision is the version control's of the program that made the signals,
	// with "+dirty" after it if files had changed since; empty where the build
	// does not say, as with go run and go test. Another revision's methods may
	// differ behind the same settings, so it may analyse the signals, and add
	// none. Two states of changed files, and two builds without a revision,
	// cannot be told apart.
	Revision    string   `json:"revision,omitempty"`
	Queries     []string `json:"queries"` // about each candidate, the first is itself
	Dataset     string   `json:"dataset"`
	Digest      string   `json:"data_sha256"` // of features, labels and candidates
	Examples    int      `json:"examples"`
	Candidates  int      `json:"candidates"`
	Share       float64  `json:"share"`
	Shadows     int      `json:"shadows"`
	Targets     int      `json:"targets"`
	Arch        string   `json:"arch"`
	Params      int      `json:"params"`
	DType       string   `json:"dtype"`
	Engine      string   `json:"engine"`
	Epochs      int      `json:"epochs"`
	Steps       int      `json:"steps"`
	Batch       int      `json:"batch"`
	LR          string   `json:"lr"`
	Momentum    float64  `json:"momentum"`
	WeightDecay float64  `json:"weight_decay"`
	Augment     string   `json:"augment"`
	Seed        uint64   `json:"seed"`
	History     string   `json:"history"`
	Variants    []string `json:"variants"` // rows of each signal file
	Settings    []string `json:"settings"` // of each variant's method
}

// revision is this program's, a variable for tests.
var revision = func() string {
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return ""
	}
	return revisionOf(info.Settings)
}()

func revisionOf(settings []debug.BuildSetting) string {
	of := map[string]string{}
	for _, s := range settings {
		of[s.Key] = s.Value
	}
	if of["vcs.modified"] == "true" && of["vcs.revision"] != "" {
		return of["vcs.revision"] + "+dirty"
	}
	return of["vcs.revision"]
}

// rows is the number of questions to each variant of a model.
func (p *plan) rows() int { return p.Data.Len() + len(p.Queries)*len(p.audited) }

// plan is a checked Config and what follows from it.
type plan struct {
	Config
	audited []int           // candidates, positions in Data
	copies  []*data.Dataset // of the candidates, one for each query
	spread  []float32       // standard deviations of the features
	pools   []*design       // shadows, targets
	// What runs record, and for each method which of it, −1 for nothing.
	policies []history.Policy
	recordOf []int
	setup    Setup
}

// newPlan checks everything that can be known before training.
func newPlan(c Config) (*plan, error) {
	c, err := c.withDefaults()
	if err != nil {
		return nil, err
	}
	if err := c.Data.Validate(); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrConfig, err)
	}
	if err := c.Arch.Fits(c.Data); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrConfig, err)
	}
	if err := c.Candidates.Validate(c.Data.Len()); err != nil {
		return nil, fmt.Errorf("%w: Candidates: %w", ErrConfig, err)
	}
	// Two models of a state are what a variance takes; a target only has to be.
	if err := checkCounts("shadow", c.Shadows, c.Share, 2); err != nil {
		return nil, err
	}
	if err := checkCounts("target", c.Targets, c.Share, 1); err != nil {
		return nil, err
	}
	p := &plan{Config: c}
	p.Data, p.audited = canonical(c.Data, c.Candidates)
	candidates := p.Data
	if len(p.audited) < p.Data.Len() {
		candidates = p.Data.Subset(p.audited)
	}
	p.spread = deviations(p.Data)
	if p.copies, err = copies(candidates, p.Queries, p.spread, p.Train.Seed); err != nil {
		return nil, err
	}
	isCandidate := make([]bool, p.Data.Len())
	for _, i := range p.audited {
		isCandidate[i] = true
	}
	for _, d := range []struct {
		name   string
		pool   pool
		models int
	}{{"shadow", shadowPool, c.Shadows}, {"target", targetPool, c.Targets}} {
		pool := newDesign(d.name, d.pool, c.Train.Seed, d.models, c.Share, p.Data.Len(), func(i int) bool { return isCandidate[i] })
		for m := range pool.models {
			if _, _, err := pool.trained(m); err != nil {
				return nil, err
			}
		}
		p.pools = append(p.pools, pool)
	}
	model, err := nets.NewModel(c.Arch, c.Train.Engine, c.Train.DType)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrConfig, err)
	}
	if _, ok := model.Engine().(graph.Sharer); !ok {
		return nil, fmt.Errorf("%w: Train: engine %s: many models at a time need an engine whose programs may run in parallel, a graph.Sharer", ErrConfig, model.Engine().Name())
	}
	if err := p.tryout(model); err != nil {
		return nil, fmt.Errorf("%w: Train: %w", ErrConfig, err)
	}
	p.policies, p.recordOf = c.records(model)
	p.setup = p.describe(model)
	return p, nil
}

var errStarted = errors.New("the training would start")

// starter is a hook that ends a run where it starts.
type starter struct{ nets.StepFunc }

// OnStart implements nets.Hook.
func (starter) OnStart(nets.Start) error { return errStarted }

// tryout starts the first model's training as far as its first step, which
// nets only does for a Config that it can train with.
func (p *plan) tryout(m *nets.Model) error {
	d := p.pools[0]
	ids, _, err := d.trained(0)
	if err != nil {
		return err
	}
	c := p.Train
	c.Hooks = []nets.Hook{starter{}}
	if _, err = m.Train(context.Background(), p.Data.Subset(ids), c); errors.Is(err, errStarted) {
		return nil
	}
	return err
}

// describe fills in the setup.
func (p *plan) describe(m *nets.Model) Setup {
	t := p.Train
	s := Setup{
		Format: 2, Revision: revision, Queries: []string{"itself"}, Dataset: p.Data.Name, Digest: p.digest(), Examples: p.Data.Len(), Candidates: len(p.audited),
		Share: p.Share, Shadows: p.Shadows, Targets: p.Targets, Arch: p.Arch.Name, Params: m.Size(), DType: m.DType().String(), Engine: m.Engine().Name(),
		Epochs: t.Epochs, Steps: t.Steps, Batch: t.Batch, LR: t.LR.String(), Momentum: t.Momentum, WeightDecay: t.WeightDecay,
		Augment: fmt.Sprintf("%+v", t.Augment), Seed: t.Seed, Variants: p.variants(), Settings: []string{"", "", ""},
	}
	for _, q := range p.Queries {
		s.Queries = append(s.Queries, q.Name)
	}
	s.History = p.history(len(p.Methods))
	for _, m := range p.Methods {
		// A method that JSON cannot hold is known by its name only.
		settings, _ := json.Marshal(m.Method)
		s.Settings = append(s.Settings, m.Method.Name()+string(settings))
	}
	return s
}

// history names what runs record for the first n methods.
func (p *plan) history(n int) string {
	policies := p.policies
	if p.Config.History == nil { // they are in the order of the methods that ask for them
		policies = policies[:1+slices.Max(append([]int{-1}, p.recordOf[:n]...))]
	}
	if len(policies) == 0 {
		return "none"
	}
	var records []string
	for _, record := range policies {
		records = append(records, record.String())
	}
	return strings.Join(records, "; ")
}

// digest identifies the examples and which of them are candidates.
func (p *plan) digest() string {
	h := sha256.New()
	var b []byte
	for i, y := range p.Data.Y {
		b = binary.LittleEndian.AppendUint32(b[:0], uint32(y))
		for _, x := range p.Data.Row(i) {
			b = binary.LittleEndian.AppendUint32(b, math.Float32bits(x))
		}
		h.Write(b)
	}
	for _, i := range p.audited {
		h.Write(binary.LittleEndian.AppendUint64(b[:0], uint64(i)))
	}
	return hex.EncodeToString(h.Sum(nil))
}
