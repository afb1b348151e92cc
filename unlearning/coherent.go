package unlearning

import "github.com/miniunlearn/miniunlearn/graph"

// A set to forget is coherent where coherence is above leastCoherence, and by
// more than the chance of a small set. Random sets of MNIST and Fashion-MNIST
// have 0.001 or less, single classes 0.17 to 0.68; a few examples of one class
// may have 1, and are too few to show in the answers of others.
const (
	leastCoherence = 0.03
	chance         = 10
)

// coherent reports whether the examples of U have something in common that the
// others have not, such as a class or one kind of wrong label.
func (q *request) coherent(alpha *graph.Tensor) bool {
	c := q.coherence(alpha)
	return c > leastCoherence && c*float64(q.Forget.Len()) > chance
}

// coherence is the mean correlation, weighted by size, between the pushes of
// two examples of U: 0 for a random set, 1 if all are pushed alike. A push is
// taken for a vector over pairs of label and class, less the mean of all
// examples.
func (q *request) coherence(alpha *graph.Tensor) float64 {
	u := q.Forget.IDs()
	if len(u) < 2 {
		return 0
	}
	k := alpha.Shape()[1]
	mean := make([]float64, k*k)
	n := alpha.Shape()[0]
	for i := range n {
		at := int(q.Run.Data.Y[i]) * k
		for c := range k {
			mean[at+c] += alpha.At(i*k+c) / float64(n)
		}
	}
	var squares, norm float64
	for _, m := range mean {
		norm += m * m
	}
	sum := make([]float64, k*k)
	for _, i := range u {
		at := int(q.Run.Data.Y[i]) * k
		squares += norm
		for c := range k {
			a, m := alpha.At(i*k+c), mean[at+c]
			squares += (a-m)*(a-m) - m*m
			sum[at+c] += a
		}
	}
	var total float64
	for j, s := range sum {
		d := s - float64(len(u))*mean[j]
		total += d * d
	}
	if squares == 0 {
		return 0
	}
	return (total - squares) / (float64(len(u)-1) * squares)
}
