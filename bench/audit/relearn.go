package audit

import (
	"context"
	"fmt"
	"math"
	"slices"

	"github.com/miniunlearn/miniunlearn/attacks"
	"github.com/miniunlearn/miniunlearn/data"
	"github.com/miniunlearn/miniunlearn/graph"
	"github.com/miniunlearn/miniunlearn/internal/purpose"
	"github.com/miniunlearn/miniunlearn/nets"
)

// RelearnRow is how fast the models of one variant come to know again what they forgot,
// from what they retain alone.
type RelearnRow struct {
	Name string `json:"name"`
	// Loss on the forgotten examples, in nats, before and after each epoch on the
	// retained ones, the mean over models. Unseen is that on examples that they never
	// trained on: what forgotten ones gain more comes from what was left of them.
	Loss   []float64 `json:"loss"`
	Unseen []float64 `json:"unseen_loss"`
	// Excess is the mean of (Unseen − Loss) over the epochs, and Sd its deviation over
	// models: 0 if forgotten examples are like unseen ones to the end.
	Excess float64 `json:"excess"`
	Sd     float64 `json:"sd"`
	// Back is the relearning time: the first epoch after which the loss on forgotten
	// examples is at or below the middle between Retrained's and Before's at the start; -1
	// if it never is.
	Back int `json:"back"`
}

// Relearn trains every variant of the Targets models on for some epochs, on what they
// retain alone, at the run's peak rate. What was hidden and not forgotten comes
// back sooner than what never was there: the row to read beside is Retrained's.
// Shadows are not used.
func Relearn(ctx context.Context, cfg Config, epochs int) ([]RelearnRow, error) {
	if epochs < 1 {
		return nil, bad("%d epochs of relearning must be at least 1", epochs)
	}
	type curve struct{ forgotten, unseen []float64 }
	p, found, err := probeTargets(ctx, cfg, nil, func(ctx context.Context, m *probed, w *graph.Tensor) (c curve, err error) {
		forgotten, unseen := m.Data.Subset(m.forgotten()), m.Data.Subset(m.unseen())
		look := func(w *graph.Tensor) error {
			for _, x := range []struct {
				ds *data.Dataset
				to *[]float64
			}{{forgotten, &c.forgotten}, {unseen, &c.unseen}} {
				loss, err := meanLoss(ctx, m.classifier(w), x.ds)
				if err != nil {
					return err
				}
				*x.to = append(*x.to, loss)
			}
			return nil
		}
		if err := look(w); err != nil {
			return c, err
		}
		retained := m.train.Subset(m.forget.Retained(m.train.Len()))
		for e := range epochs {
			t := m.Train
			t.Hooks, t.From, t.Epochs, t.Steps = nil, w, 1, 0
			t.LR = nets.ConstantRate(peakRate(m.Train))
			t.Seed = purpose.Seed(m.pools[1].modelSeed(m.index), purpose.Relearn, uint64(e))
			run, err := m.run.Model.Clone().Train(ctx, retained, t)
			if err != nil {
				return c, err
			}
			w = run.Params
			if err := look(w); err != nil {
				return c, fmt.Errorf("epoch %d of relearning: %w", e+1, err)
			}
		}
		return c, nil
	})
	if err != nil {
		return nil, err
	}
	var rows []RelearnRow
	for _, v := range p.variants() {
		row := RelearnRow{Name: v, Loss: make([]float64, epochs+1), Unseen: make([]float64, epochs+1)}
		n := float64(len(found))
		var excess []float64
		for _, x := range found {
			sum := 0.0
			for e := range row.Loss {
				row.Loss[e] += x[v].forgotten[e] / n
				row.Unseen[e] += x[v].unseen[e] / n
				sum += (x[v].unseen[e] - x[v].forgotten[e]) / float64(epochs+1)
			}
			excess = append(excess, sum)
		}
		row.Excess, row.Sd = meanSd(excess)
		rows = append(rows, row)
	}
	middle := (rows[0].Loss[0] + rows[1].Loss[0]) / 2
	for i := range rows {
		rows[i].Back = slices.IndexFunc(rows[i].Loss, func(l float64) bool { return l <= middle })
	}
	return rows, nil
}

// peakRate is the largest rate of a run.
func peakRate(c nets.Config) float64 {
	most := 0.0
	for t := range 100 {
		most = max(most, c.LR.Rate(t, 100))
	}
	return most
}

func meanLoss(ctx context.Context, c nets.Classifier, ds *data.Dataset) (float64, error) {
	z, err := c.Logits(ctx, ds.X, ds.Len())
	if err != nil {
		return 0, err
	}
	loss, err := attacks.Loss(z, ds.Classes, ds.Y)
	if err != nil {
		return 0, err
	}
	mean, _ := meanSd(loss)
	return mean, nil
}

// meanSd returns the mean of x and its standard deviation.
func meanSd(x []float64) (mean, sd float64) {
	for _, v := range x {
		mean += v / float64(len(x))
	}
	if len(x) < 2 {
		return mean, 0
	}
	for _, v := range x {
		sd += (v - mean) * (v - mean) / float64(len(x)-1)
	}
	return mean, math.Sqrt(sd)
}
