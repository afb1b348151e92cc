package nets

import (
	"context"
	"errors"
	"fmt"

	"github.com/miniunlearn/miniunlearn/data"
	"github.com/miniunlearn/miniunlearn/graph"
)

// Run is the outcome of training, with all that is needed to repeat it. Train
// returns whole ones; Validate tells what one that was put together lacks.
type Run struct {
	Model  *Model
	Data   *data.Dataset // the examples trained on
	Config Config        // with defaults filled in
	Order  data.Order
	Steps  int // T

	Initial  *graph.Tensor // w_0
	Params   *graph.Tensor // w_T
	Momentum *graph.Tensor // p_T

	Losses    []float64 // mean training loss of each epoch, while it ran
	GradEvals float64   // gradient evaluations that training took
}

// View returns how step t saw its examples.
func (r *Run) View(t int) View {
	if r.Config.Augment == (Augment{}) {
		return View{}
	}
	return View{r.Config.Augment, r.Config.Seed, t / r.Order.StepsPerEpoch()}
}

// Classifier is a model at given parameters: it answers queries.
type Classifier struct {
	Model  *Model
	Params *graph.Tensor
}

// Classifier returns the trained classifier.
func (r *Run) Classifier() Classifier { return Classifier{r.Model, r.Params} }

// Logits returns the logits of n examples, row-major. Parameters that are not
// finite are an error that wraps ErrNotFinite.
func (c Classifier) Logits(ctx context.Context, x []float32, n int) ([]float64, error) {
	if c.Model == nil {
		return nil, errors.New("nets: classifier without a Model; take a Run's, or set it")
	}
	return c.Model.Logits(ctx, c.Params, x, n)
}

// Accuracy returns the share of ds, in percent, whose largest logit is the
// label's. No examples are an error: there is no such share.
func (c Classifier) Accuracy(ctx context.Context, ds *data.Dataset) (float64, error) {
	if ds == nil {
		return 0, errors.New("nets: accuracy: no data set")
	}
	if ds.Len() == 0 {
		return 0, fmt.Errorf("nets: accuracy: %s has no examples", ds.Name)
	}
	z, err := c.Logits(ctx, ds.X, ds.Len())
	if err != nil {
		return 0, err
	}
	right, k := 0, c.Model.arch.Classes
	for i, y := range ds.Y {
		if y < 0 || int(y) >= k {
			return 0, fmt.Errorf("nets: accuracy: example %d of %s has label %d, and %s has %d classes", i, ds.Name, y, c.Model.arch.Name, k)
		}
		if argmax(z[i*k:(i+1)*k]) == int(y) {
			right++
		}
	}
	return 100 * float64(right) / float64(ds.Len()), nil
}

func argmax(z []float64) int {
	best := 0
	for i, v := range z {
		if v > z[best] {
			best = i
		}
	}
	return best
}
