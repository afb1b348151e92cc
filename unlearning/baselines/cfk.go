package baselines

import (
	"cmp"
	"context"
	"fmt"
	"strings"

	"github.com/miniunlearn/miniunlearn/graph"
	"github.com/miniunlearn/miniunlearn/internal/purpose"
	"github.com/miniunlearn/miniunlearn/unlearning"
	"github.com/miniunlearn/miniunlearn/unlearning/history"
)

// CFk trains the last K layers on, on the retained examples, and leaves the others as
// they are in w_T (catastrophic forgetting of the last k layers: Goel et al., Towards
// Adversarial Evaluations for Inexact Machine Unlearning, 2022). It needs no record,
// and does not look at U; a step costs its batch, as if all layers were trained.
type CFk struct {
	Steps
	K int // layers with parameters; 0 means 1
}

// EUk is CFk that begins the last K layers anew, from fresh initial parameters (exact
// unlearning of the last k layers: Goel et al., 2022). With K as many as there are it
// is fast retraining.
type EUk struct {
	Steps
	K int // layers with parameters; 0 means 1
}

// Rates of steps: 0.01 of training's 0.1 for layers that are trained already, as for
// fine-tuning, and that of training for new ones.
const (
	cfkRate = 0.1
	eukRate = 1
	kLayers = 1
)

// Name implements unlearning.Method.
func (CFk) Name() string { return "cf-k" }

// Name implements unlearning.Method.
func (EUk) Name() string { return "eu-k" }

// History implements unlearning.Method: no record is needed.
func (CFk) History(unlearning.Plan) history.Policy { return history.Policy{} }

// History implements unlearning.Method: no record is needed.
func (EUk) History(unlearning.Plan) history.Policy { return history.Policy{} }

// Unlearn implements unlearning.Method.
func (c CFk) Unlearn(ctx context.Context, p unlearning.Problem) (*unlearning.Result, error) {
	return solve(ctx, c, p)
}

// Unlearn implements unlearning.Method.
func (e EUk) Unlearn(ctx context.Context, p unlearning.Problem) (*unlearning.Result, error) {
	return solve(ctx, e, p)
}

func (c CFk) steps() Steps { return c.Steps }
func (e EUk) steps() Steps { return e.Steps }

func (c CFk) forget(ctx context.Context, t *task) (*graph.Tensor, error) {
	first, err := t.lastLayers(c.K)
	if err != nil {
		return nil, err
	}
	return t.train(ctx, c.Steps, cfkRate, t.from, func(w *walk) { w.frozen = upTo(first) })
}

func (e EUk) forget(ctx context.Context, t *task) (*graph.Tensor, error) {
	first, err := t.lastLayers(e.K)
	if err != nil {
		return nil, err
	}
	fresh, w := t.fresh(), t.from.Clone()
	w.Slice(first, w.Len()).Copy(fresh.Slice(first, w.Len()))
	return t.train(ctx, e.Steps, eukRate, w, func(w *walk) { w.frozen = upTo(first) })
}

// lastLayers returns the first parameter of the last k layers: those whose parameters
// share a name up to the last dot.
func (t *task) lastLayers(k int) (first int, err error) {
	var layers []int // where they begin
	last := ""
	for _, p := range t.Model.Params() {
		name := p.Name
		if dot := strings.LastIndexByte(name, '.'); dot >= 0 {
			name = name[:dot]
		}
		if len(layers) == 0 || name != last {
			layers, last = append(layers, p.Off), name
		}
	}
	if k = cmp.Or(k, kLayers); k < 1 || k > len(layers) {
		return 0, fmt.Errorf("k = %d, where %s has %d layers", k, t.Model.Arch().Name, len(layers))
	}
	return layers[len(layers)-k], nil
}

// fresh returns fresh initial parameters.
func (t *task) fresh() *graph.Tensor { return t.Model.Init(purpose.Seed(t.seed, purpose.Afresh, 0)) }

// upTo returns 0 … n−1.
func upTo(n int) []int {
	at := make([]int, n)
	for i := range at {
		at[i] = i
	}
	return at
}
