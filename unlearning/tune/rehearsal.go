package tune

import (
	"context"
	"errors"
	"fmt"
	"math"
	"slices"

	"github.com/miniunlearn/miniunlearn/data"
	"github.com/miniunlearn/miniunlearn/graph"
	"github.com/miniunlearn/miniunlearn/internal/purpose"
	"github.com/miniunlearn/miniunlearn/nets"
	"github.com/miniunlearn/miniunlearn/unlearning"
)

// Rehearsal is a problem like another whose answer is known, see the package comment.
type Rehearsal struct {
	// Problem has U' to forget.
	Problem unlearning.Problem
	// GradEvals is what the answer and the values took so far.
	GradEvals float64

	model  *nets.Model
	forget answers // on U'
	others answers // on unseen examples
}

// answers are what the retrained model says of some examples, as logarithms of
// probabilities, row-major.
type answers struct {
	ds   *data.Dataset
	ids  []int
	logp []float64
}

// Rehearse draws U' by a seed, and retrains without it.
func Rehearse(ctx context.Context, p unlearning.Problem, seed uint64) (*Rehearsal, error) {
	if err := p.Run.Validate(); err != nil {
		return nil, err
	}
	ds := p.Run.Data
	if err := p.Forget.Validate(ds.Len()); err != nil {
		return nil, err
	}
	set, rest, err := alike(ds, p.Forget, seed)
	if err != nil {
		return nil, err
	}
	r := &Rehearsal{Problem: p, model: p.Run.Model.Clone()}
	if r.Problem.Forget, err = data.ForgetPositions(ds.Len(), set); err != nil {
		return nil, err
	}
	r.Problem.Rewrite = nil
	res, err := unlearning.Solve(ctx, unlearning.Retrain{}, r.Problem)
	if err != nil {
		return nil, err
	}
	r.GradEvals = res.GradEvals
	r.forget = answers{ds: ds, ids: r.Problem.Forget.Positions()}
	if unseen := p.Validation; unseen != nil && unseen.Len() > 0 {
		if err := p.Run.Model.Arch().Fits(unseen); err != nil {
			return nil, fmt.Errorf("validation: %w", err)
		}
		r.others = answers{ds: unseen, ids: upTo(unseen.Len())}
	} else {
		r.others = answers{ds: ds, ids: rest[:min(len(rest), len(set))]}
	}
	for _, a := range []*answers{&r.forget, &r.others} {
		if a.logp, err = r.ask(ctx, res.Params, *a); err != nil {
			return nil, err
		}
	}
	return r, nil
}

// alike returns U', and the other examples that U leaves in random order.
func alike(ds *data.Dataset, forget data.ForgetSet, seed uint64) (set, rest []int, err error) {
	left, want := make([][]int, ds.Classes), make([]int, ds.Classes)
	for _, i := range purpose.Rand(seed, purpose.Rehearsal, 0).Perm(ds.Len()) {
		if y := ds.Y[i]; forget.Contains(i) {
			want[y]++
		} else {
			left[y] = append(left[y], i)
		}
	}
	// How much of U there could be if class y stood for class y−shift.
	share, shift := 0.0, 0
	for s := range ds.Classes {
		least := 1.0
		for y, n := range want {
			if n > 0 {
				least = min(least, float64(len(left[(y+s)%ds.Classes]))/float64(n))
			}
		}
		if least > share {
			share, shift = least, s
		}
	}
	if share == 1 && forget.Len() == ds.Len()-forget.Len() {
		share /= 2 // something has to be left
	}
	for y := range left {
		n := int(share * float64(want[(y-shift+ds.Classes)%ds.Classes]))
		set, rest = append(set, left[y][:n]...), append(rest, left[y][n:]...)
	}
	if len(set) == 0 || len(rest) == 0 {
		return nil, nil, errors.New("the examples that are left allow no rehearsal: there are too few of them")
	}
	return set, rest, nil
}

// Value returns how far parameters are from the answer: 0 at best.
func (r *Rehearsal) Value(ctx context.Context, w *graph.Tensor) (value float64, err error) {
	for _, a := range []answers{r.forget, r.others} {
		logq, err := r.ask(ctx, w, a)
		if err != nil {
			return 0, err
		}
		for i, p := range a.logp {
			value += math.Exp(p) * (p - logq[i]) / float64(len(a.ids))
		}
	}
	return value, nil
}

// upTo returns 0 … n−1.
func upTo(n int) []int {
	ids := make([]int, n)
	for i := range ids {
		ids[i] = i
	}
	return ids
}

// ask returns the logarithms of the probabilities at w.
func (r *Rehearsal) ask(ctx context.Context, w *graph.Tensor, a answers) ([]float64, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	k := r.model.Arch().Classes
	z := make([]float64, len(a.ids)*k)
	before := r.model.GradEvals()
	if err := r.model.LogitsAs(nets.View{}, w, a.ds, a.ids, z); err != nil {
		return nil, err
	}
	r.GradEvals += r.model.GradEvals() - before
	for i := 0; i < len(z); i += k {
		row := z[i : i+k]
		top, sum := slices.Max(row), 0.0
		for _, v := range row {
			sum += math.Exp(v - top)
		}
		for c := range row {
			row[c] -= top + math.Log(sum)
		}
	}
	return z, nil
}
