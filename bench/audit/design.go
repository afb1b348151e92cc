package audit

import (
	"cmp"
	"fmt"
	"slices"

	"github.com/miniunlearn/miniunlearn/attacks"
	"github.com/miniunlearn/miniunlearn/data"
	"github.com/miniunlearn/miniunlearn/internal/purpose"
)

// pool says what of the audit's seed one pool of models draws from.
type pool struct{ deal, model purpose.Use }

var (
	shadowPool = pool{purpose.Deal, purpose.Model}
	targetPool = pool{purpose.Target, purpose.Victim}
)

// design says what each model of one pool does with each example.
type design struct {
	name     string // "shadow" or "target"
	pool     pool
	seed     uint64
	models   int
	examples int
	state    []attacks.State // row-major [models, examples]
}

// newDesign deals the states. Each example is Out in half of the models, and
// each candidate Forgotten in the given share of the others: the counts are
// exact, so that no example is left without shadows in some state.
func newDesign(name string, pool pool, seed uint64, models int, share float64, examples int, candidate func(i int) bool) *design {
	d := &design{name, pool, seed, models, examples, make([]attacks.State, models*examples)}
	_, in, forgotten := counts(models, share)
	for e := range examples {
		order := purpose.Rand(seed, pool.deal, uint64(e)).Perm(models)
		for _, m := range order[:in+forgotten] {
			d.state[m*examples+e] = attacks.In
		}
		if candidate(e) {
			for _, m := range order[:forgotten] {
				d.state[m*examples+e] = attacks.Forgotten
			}
		}
	}
	return d
}

func (d *design) row(m int) []attacks.State { return d.state[m*d.examples : (m+1)*d.examples] }

// file is the name of model m, and of its signals without the extension.
func (d *design) file(m int) string { return fmt.Sprintf("%s-%04d", d.name, m) }

// modelSeed is the seed of model m's training.
func (d *design) modelSeed(m int) uint64 { return purpose.Seed(d.seed, d.pool.model, uint64(m)) }

// trained returns the examples that model m trains on, and which of these it
// then forgets.
func (d *design) trained(m int) (ids []int, forget data.ForgetSet, err error) {
	var gone []int
	for e, st := range d.row(m) {
		if st == attacks.Out {
			continue
		}
		if st == attacks.Forgotten {
			gone = append(gone, len(ids))
		}
		ids = append(ids, e)
	}
	if len(gone) == 0 || len(gone) == len(ids) {
		return nil, forget, bad("%s would forget %d of its %d examples; audit more examples, or a smaller share", d.file(m), len(gone), len(ids))
	}
	forget, err = data.ForgetPositions(len(ids), gone)
	return ids, forget, err
}

// canonical returns ds in the order of its IDs, with the candidates in the same
// order: what an audit finds must not depend on how a set was shuffled.
func canonical(ds *data.Dataset, candidates data.ForgetSet) (*data.Dataset, []int) {
	order := make([]int, ds.Len())
	for i := range order {
		order[i] = i
	}
	slices.SortStableFunc(order, func(i, j int) int { return cmp.Compare(ds.ID(i), ds.ID(j)) })
	if !slices.IsSorted(order) {
		ds = ds.Subset(order)
	}
	var audited []int
	for at, i := range order {
		if candidates.Len() == 0 || candidates.Contains(i) {
			audited = append(audited, at)
		}
	}
	return ds, audited
}
