package contraction

import (
	"errors"
	"fmt"
	"slices"

	"github.com/miniunlearn/miniunlearn/data"
	"github.com/miniunlearn/miniunlearn/graph"
	"github.com/miniunlearn/miniunlearn/internal/purpose"
	"github.com/miniunlearn/miniunlearn/internal/vector"
	"github.com/miniunlearn/miniunlearn/nets"
)

// Add makes the other run of s one that has also seen examples that the recorded run has
// not: the batches are the run's, and in every epoch each of the added examples joins one
// of them. Which one is a function of the run's seed, the epoch and the example's id,
// each example of the epoch being as likely to get it into its batch. All that are added
// have to be added at once, before the loop begins.
//
// Added examples stand behind those of the run, in Run.Data and in Retain, and count as
// retained ones of the batches that they join. An error says that they are not like the
// run's, that an id is there already, or that s has added examples.
func (s *System) Add(more *data.Dataset) error {
	if s.added > 0 {
		return fmt.Errorf("%d examples are added already; add all of them at once", s.added)
	}
	all, err := union(s.Run.Data, more)
	if err != nil {
		return err
	}
	j := joining(s.Run, more)
	run := *s.Run
	run.Data = all
	s.Run, s.added = &run, more.Len()
	for k := range more.Len() {
		s.Retain = append(s.Retain, j.first+k)
	}
	s.batches.joins = j
	return nil
}

// Adds reports whether examples are added.
func (s *System) Adds() bool { return s.added > 0 }

// union returns the examples of ds and, behind them, those of more.
func union(ds, more *data.Dataset) (*data.Dataset, error) {
	if err := more.Validate(); err != nil {
		return nil, err
	}
	if !slices.Equal(ds.Shape, more.Shape) || ds.Classes != more.Classes {
		return nil, fmt.Errorf("examples of %v in %d classes cannot be added to those of %v in %d", more.Shape, more.Classes, ds.Shape, ds.Classes)
	}
	if (ds.Keys == nil) != (more.Keys == nil) {
		return nil, errors.New("the ids of one data set are numbers and those of the other are text; give both the same kind")
	}
	all := *ds
	all.X, all.Y, all.IDs = slices.Concat(ds.X, more.X), slices.Concat(ds.Y, more.Y), nil
	if all.Keys = slices.Concat(ds.Keys, more.Keys); ds.Keys == nil {
		for _, part := range []*data.Dataset{ds, more} {
			for i := range part.Len() {
				all.IDs = append(all.IDs, part.ID(i))
			}
		}
	}
	seen := make(map[string]bool, all.Len())
	for i := range all.Len() {
		if key := all.Key(i); i < ds.Len() {
			seen[key] = true
		} else if seen[key] {
			return nil, fmt.Errorf("added example %d has the id %s, which another has; give added examples ids of their own", i-ds.Len(), key)
		} else {
			seen[key] = true
		}
	}
	return &all, nil
}

// joins says which batches added examples join. The zero value has none.
type joins struct {
	seed  uint64
	ids   []uint64
	first int // position of the first of them
}

func joining(run *nets.Run, more *data.Dataset) joins {
	j := joins{seed: run.Config.Seed, first: run.Data.Len()}
	for i := range more.Len() {
		j.ids = append(j.ids, uint64(more.ID(i)))
	}
	return j
}

// into returns the added examples of the batches of an epoch, that are cut there.
func (j joins) into(epoch int, cuts []int) [][]int {
	batches := make([][]int, len(cuts)-1)
	for k, id := range j.ids {
		at := int(purpose.Hash(purpose.Seed(j.seed, purpose.Join, uint64(epoch)), purpose.Join, id) % uint64(cuts[len(cuts)-1]))
		b, _ := slices.BinarySearch(cuts, at+1) // the batch that ends behind at
		batches[b-1] = append(batches[b-1], j.first+k)
	}
	return batches
}

// AddedCost is what retraining with examples that are added to a run takes more, in
// gradient evaluations.
func AddedCost(run *nets.Run, more *data.Dataset) float64 { return joining(run, more).cost(run) }

func (j joins) cost(run *nets.Run) float64 {
	per := run.Order.StepsPerEpoch()
	n, e := run.Steps/per*len(j.ids), run.Steps/per
	if rest := run.Steps % per; rest > 0 {
		for _, joined := range j.into(e, run.Order.Cuts(e))[:rest] {
			n += len(joined)
		}
	}
	return float64(n)
}

// Added returns the added examples of the batch.
func (p Point) Added() []int {
	if p.whole {
		return p.system.Retain[len(p.system.Retain)-p.system.added:]
	}
	return p.system.batches.joined(p.T)
}

// changed computes the disturbances of steps that examples are added to: with m examples
// of U, a added ones and n that are then left,
//
//	δ = (m (ḡ_U − g) − a (ḡ_A − g)) / n,
//
// so that to add is to forget with the sign turned round.
type changed struct {
	system     *System
	delta, buf *graph.Tensor
}

// added returns them, or says what they do not go together with.
func (c Interpolated) added(s *System, w *Way) (Disturber, error) {
	switch {
	case c.Knots != 0 || c.Tails:
		return nil, fmt.Errorf("disturbance: %s is between knots; where examples are added it has to be that of every step", c)
	case !s.recorded(w.From, w.To):
		return nil, fmt.Errorf("disturbance: to add examples: %w", s.Gap(w.From, w.To))
	}
	d := &changed{s, s.Model.NewVector(), s.Model.NewVector()}
	return DisturbFunc(d.at), nil
}

func (d *changed) at(pt Point) (*graph.Tensor, bool, error) {
	left, forget := pt.Split()
	added := pt.Added()
	n, m, a := float64(len(left)), float64(len(forget)), float64(len(added))
	switch {
	case n == 0:
		return nil, false, nil
	case m+a > n: // then those that are left are the smaller side
		err := d.system.Gradient(pt, pt.W, left, d.buf)
		vector.Combine(d.delta, 1, pt.G, -1, d.buf)
		return d.delta, true, err
	}
	vector.Combine(d.delta, (a-m)/n, pt.G, 0, pt.G)
	for _, part := range []struct {
		ids    []int
		weight float64
	}{{forget, m / n}, {added, -a / n}} {
		if len(part.ids) == 0 {
			continue
		}
		if err := d.system.Gradient(pt, pt.W, part.ids, d.buf); err != nil {
			return nil, false, err
		}
		vector.AddScaled(d.delta, part.weight, d.buf)
	}
	return d.delta, true, nil
}
