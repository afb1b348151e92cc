package unlearning

import "math/rand/v2"

// Conflict returns that by which Mini tells conflicting sets, from a sample of m
// examples.
func Conflict(p Problem, m int) (cosine, part float64, err error) {
	q, _, err := Begin(Erase{}, p)
	if err != nil {
		return 0, 0, err
	}
	alpha, err := q.LogitGradients()
	if err != nil {
		return 0, 0, err
	}
	d, err := sampling.Estimate(q.System, alpha, m, rand.New(rand.NewPCG(1, 2)))
	if err != nil {
		return 0, 0, err
	}
	return d.Cosine, d.Part, nil
}
