package unlearning

import "math/rand/v2"

// Contrary returns that by which Mini tells contrary sets, from a sample of m examples.
func Contrary(p Problem, m int) (cosine, part float64, err error) {
	q, _, err := begin(Erase{}, p)
	if err != nil {
		return 0, 0, err
	}
	alpha, err := q.logitGradients()
	if err != nil {
		return 0, 0, err
	}
	d, err := q.disturb(alpha, m, rand.New(rand.NewPCG(1, 2)))
	if err != nil {
		return 0, 0, err
	}
	return d.cosine, d.part, nil
}
