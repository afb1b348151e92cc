package audit

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"math"

	"github.com/miniunlearn/miniunlearn/data"
	"github.com/miniunlearn/miniunlearn/nets"
	"github.com/miniunlearn/miniunlearn/unlearning/history"
)

// Setup is what the signals of an audit depend on. It stands in audit.json, and
// a folder is only added to by an audit with the same one.
type Setup struct {
	Format      int      `json:"format"`
	Signal      string   `json:"signal"`
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

// plan is a checked Config and what follows from it.
type plan struct {
	Config
	audited []int         // candidates, positions in Data
	ask     *data.Dataset // the candidates
	pools   []*design     // shadows, targets
	policy  *history.Policy
	setup   Setup
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
	p.ask = p.Data
	if len(p.audited) < p.Data.Len() {
		p.ask = p.Data.Subset(p.audited)
	}
	isCandidate := make([]bool, p.Data.Len())
	for _, i := range p.audited {
		isCandidate[i] = true
	}
	for _, d := range []struct {
		name   string
		pool   uint64
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
	p.policy = c.policy(model)
	p.setup = p.describe(model)
	return p, nil
}

// describe fills in the setup.
func (p *plan) describe(m *nets.Model) Setup {
	t := p.Train
	s := Setup{
		Format: 1, Signal: signal.String(), Dataset: p.Data.Name, Digest: p.digest(), Examples: p.Data.Len(), Candidates: len(p.audited),
		Share: p.Share, Shadows: p.Shadows, Targets: p.Targets, Arch: p.Arch.Name, Params: m.Size(), DType: m.DType().String(), Engine: m.Engine().Name(),
		Epochs: t.Epochs, Steps: t.Steps, Batch: t.Batch, LR: t.LR.String(), Momentum: t.Momentum, WeightDecay: t.WeightDecay,
		Augment: fmt.Sprintf("%+v", t.Augment), Seed: t.Seed, History: "none", Variants: p.variants(), Settings: []string{"", ""},
	}
	if p.policy != nil {
		s.History = p.policy.String()
	}
	for _, m := range p.Methods {
		// A method that JSON cannot hold is known by its name only.
		settings, _ := json.Marshal(m.Method)
		s.Settings = append(s.Settings, m.Method.Name()+string(settings))
	}
	return s
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
