package tune

import (
	"context"
	"errors"
	"fmt"
	"math"
	"slices"

	"gonum.org/v1/gonum/stat"

	"github.com/miniunlearn/miniunlearn/data"
	"github.com/miniunlearn/miniunlearn/graph"
	"github.com/miniunlearn/miniunlearn/nets"
	"github.com/miniunlearn/miniunlearn/unlearning"
)

// Objective tells how well a problem was solved without knowing the answer, see the
// package comment. Evaluations count with its Model.
type Objective struct {
	Model *nets.Model

	problem unlearning.Problem
	forget  []int // U's examples of classes of which something is retained
	lost    []int // U's other examples
	like    []int // validation examples of the classes of forget, in proportion
	others  []int // validation examples of classes of which something is retained
	before  []float64
}

// errNoValidation says what tuning needs.
var errNoValidation = errors.New("it needs unseen examples to judge by; set Problem.Validation, or hold some out")

// NewObjective returns the objective of a problem, whose Validation has to be set.
func NewObjective(ctx context.Context, p unlearning.Problem) (*Objective, error) {
	if err := p.Run.Validate(); err != nil {
		return nil, err
	}
	ds, unseen := p.Run.Data, p.Validation
	if unseen == nil || unseen.Len() == 0 {
		return nil, errNoValidation
	}
	if err := p.Run.Model.Arch().Fits(unseen); err != nil {
		return nil, fmt.Errorf("validation: %w", err)
	}
	if err := p.Forget.Validate(ds.Len()); err != nil {
		return nil, err
	}
	o := &Objective{Model: p.Run.Model.Clone(), problem: p}
	left, gone := ds.ClassCounts(), make([]int, ds.Classes)
	for i := range p.Forget.All() {
		left[ds.Y[i]]--
	}
	for i := range p.Forget.All() {
		if y := ds.Y[i]; left[y] == 0 {
			o.lost = append(o.lost, i)
		} else {
			o.forget = append(o.forget, i)
			gone[y]++
		}
	}
	of := make([][]int, ds.Classes)
	for i, y := range unseen.Y {
		if left[y] > 0 {
			of[y] = append(of[y], i)
			o.others = append(o.others, i)
		}
	}
	share := math.Inf(1) // validation examples for each of U's
	for y, n := range gone {
		if n > 0 {
			share = min(share, float64(len(of[y]))/float64(n))
		}
	}
	for y, n := range gone {
		if n > 0 {
			o.like = append(o.like, of[y][:int(share*float64(n))]...)
		}
	}
	if len(o.others) == 0 || len(o.forget) > 0 && len(o.like) == 0 {
		return nil, fmt.Errorf("the %d validation examples have too few of the classes of the forgotten and of the retained ones", unseen.Len())
	}
	var err error
	o.before, err = o.logits(ctx, p.Run.Params, unseen, o.others)
	return o, err
}

// Value returns the objective at parameters w: the smaller the better, 0 at best.
func (o *Objective) Value(ctx context.Context, w *graph.Tensor) (float64, error) {
	train, unseen := o.problem.Run.Data, o.problem.Validation
	var value float64
	if len(o.forget) > 0 {
		u, err := o.gaps(ctx, w, train, o.forget)
		if err != nil {
			return 0, err
		}
		v, err := o.gaps(ctx, w, unseen, o.like)
		if err != nil {
			return 0, err
		}
		slices.Sort(u)
		slices.Sort(v)
		value = stat.KolmogorovSmirnov(u, nil, v, nil)
	}
	if len(o.lost) > 0 {
		u, err := o.gaps(ctx, w, train, o.lost)
		if err != nil {
			return 0, err
		}
		for _, gap := range u {
			value += 1 / (1 + math.Exp(-gap)) / float64(len(u)) // the label's probability
		}
	}
	z, err := o.logits(ctx, w, unseen, o.others)
	if err != nil {
		return 0, err
	}
	k := train.Classes
	for i := 0; i < len(z); i += k {
		p, q := logSoftmax(o.before[i:i+k]), logSoftmax(z[i:i+k])
		for c := range p {
			value += math.Exp(p[c]) * (p[c] - q[c]) / float64(len(o.others))
		}
	}
	return value, nil
}

// gaps returns the logit gaps of some examples at w.
func (o *Objective) gaps(ctx context.Context, w *graph.Tensor, ds *data.Dataset, ids []int) ([]float64, error) {
	z, err := o.logits(ctx, w, ds, ids)
	if err != nil {
		return nil, err
	}
	k, gaps := ds.Classes, make([]float64, len(ids))
	for i, id := range ids {
		row, y := z[i*k:][:k], int(ds.Y[id])
		own := row[y]
		row[y] = math.Inf(-1)
		top, sum := slices.Max(row), 0.0
		for _, v := range row {
			sum += math.Exp(v - top)
		}
		gaps[i] = own - top - math.Log(sum)
	}
	return gaps, nil
}

// logits returns those of some examples at w.
func (o *Objective) logits(ctx context.Context, w *graph.Tensor, ds *data.Dataset, ids []int) ([]float64, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	z := make([]float64, len(ids)*ds.Classes)
	return z, o.Model.LogitsAs(nets.View{}, w, ds, ids, z)
}

func logSoftmax(z []float64) []float64 {
	top, sum := slices.Max(z), 0.0
	for _, v := range z {
		sum += math.Exp(v - top)
	}
	l := make([]float64, len(z))
	for c, v := range z {
		l[c] = v - top - math.Log(sum)
	}
	return l
}
