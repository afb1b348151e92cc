package unlearning

import (
	"math"
	"math/rand/v2"

	"gonum.org/v1/gonum/floats"

	"github.com/miniunlearn/miniunlearn/nets"
)

const (
	learned = 1000 // examples that the directions are found from
	turns   = 4    // of the subspace iteration: the directions need not be exact
)

// principal returns the scores [n, p] of all examples on about the p directions
// in which inputs vary most, with mean 0, in units of the largest standard
// deviation. They are answers of a linear model, and found by subspace
// iteration on it, V ← orth(XᵀXV), whose two products are answers and their VJP.
func (q *request) principal(p int) ([]float64, error) {
	ds := q.Run.Data
	n, features := ds.Len(), len(ds.Row(0))
	p = min(p, features)
	linear, err := nets.NewModel(nets.Logistic(features, p), q.model.Engine(), q.model.DType())
	if err != nil {
		return nil, err
	}
	v, sum := linear.NewVector(), linear.NewVector()
	r := rand.New(rand.NewPCG(q.Run.Config.Seed, 0x706361))
	columns := make([]float64, p*features) // one after the other
	for j := range columns {
		columns[j] = r.NormFloat64()
	}
	ids := everyOf(n, learned)
	scores := make([]float64, n*p)
	for turn := 0; ; turn++ {
		orthonormal(columns, p)
		for j, c := range columns {
			v.Set(j, c)
		}
		if turn == turns {
			break
		}
		some := scores[:len(ids)*p]
		if err := linear.LogitsAs(nets.View{}, v, ds, ids, some); err != nil {
			return nil, err
		}
		centre(some, p)
		if err := linear.VJP(nets.View{}, v, ds, ids, some, sum); err != nil {
			return nil, err
		}
		for j := range columns {
			columns[j] = sum.At(j)
		}
	}
	if err := linear.LogitsAs(nets.View{}, v, ds, everyOf(n, n), scores); err != nil {
		return nil, err
	}
	if spread := centre(scores, p); spread > 0 {
		floats.Scale(1/spread, scores)
	}
	return scores, nil
}

// everyOf returns about m of the numbers below n, evenly spaced, at most m.
func everyOf(n, m int) []int {
	m = min(n, m)
	ids := make([]int, m)
	for j := range ids {
		ids[j] = j * n / m
	}
	return ids
}

// centre subtracts from each of p columns of scores [n, p] its mean, and returns the
// largest standard deviation.
func centre(scores []float64, p int) (largest float64) {
	n := float64(len(scores) / p)
	for c := range p {
		var mean, square float64
		for j := c; j < len(scores); j += p {
			mean += scores[j] / n
		}
		for j := c; j < len(scores); j += p {
			scores[j] -= mean
			square += scores[j] * scores[j] / n
		}
		largest = max(largest, math.Sqrt(square))
	}
	return largest
}

// orthonormal makes p vectors, one after the other, orthonormal (Gram and
// Schmidt, twice); one that the others span becomes zero.
func orthonormal(vectors []float64, p int) {
	f := len(vectors) / p
	for c := range p {
		v := vectors[c*f : c*f+f]
		before := floats.Norm(v, 2)
		for range 2 {
			for e := range c {
				u := vectors[e*f : e*f+f]
				floats.AddScaled(v, -floats.Dot(u, v), u)
			}
		}
		if after := floats.Norm(v, 2); after > 1e-6*before {
			floats.Scale(1/after, v)
		} else {
			clear(v)
		}
	}
}
