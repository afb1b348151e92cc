package unlearning

import "github.com/miniunlearn/miniunlearn/graph"

// A set to forget is coherent where coherence is above leastCoherence, and by
// more than the chance of a small set. Random sets of MNIST and Fashion-MNIST
// have 0.001 or less, single classes 0.17 to 0.68; a few examples of one class
// may have 1, and are too few to show in the answers of others. With two classes
// in place of ten, one of them rare, up to 1 in 100 random sets of 12 to 100
// examples is taken for coherent.
const (
	leastCoherence = 0.03
	chance         = 10
	labelChance    = 20 // where the most conspicuous label counts; 1 in 900 random sets had above 10
)

// coherent reports whether the examples of U have something in common that the
// others have not, such as a class or one kind of wrong label, or whether the pushes
// of one label are missing far more, or less, than of others, as for a class
// among examples of all kinds.
func (q *request) coherent(alpha *graph.Tensor) bool {
	c := q.coherence(alpha)
	return c > leastCoherence && c*float64(q.Forget.Len()) > chance || q.unbalanced(alpha)
}

// unbalanced reports whether for some label the sum of U's pushes differs
// from U's share of the sum of all, by the measures of coherent: its squared
// length against what independent examples would give it, of which there are as
// many as U has of the label, or as a random set of its size has if that is more.
func (q *request) unbalanced(alpha *graph.Tensor) bool {
	n, k := alpha.Shape()[0], alpha.Shape()[1]
	type sums struct{ count, squares float64 }
	gone, all := make([]sums, k), make([]sums, k)
	share := float64(q.Forget.Len()) / float64(n)
	diff := make([]float64, k*k)
	for i := range n {
		y, weight := int(q.Run.Data.Y[i]), -share
		var squares float64
		if q.Forget.Contains(i) {
			weight = 1 - share
		}
		for c := range k {
			a := alpha.At(i*k + c)
			squares += a * a
			diff[y*k+c] += weight * a
		}
		all[y].count++
		all[y].squares += squares
		if weight > 0 {
			gone[y].count++
			gone[y].squares += squares
		}
	}
	for y := range k {
		count, squares := max(gone[y].count, share*all[y].count), max(gone[y].squares, share*all[y].squares)
		var total float64
		for _, d := range diff[y*k : y*k+k] {
			total += d * d
		}
		if excess := total - squares; excess > leastCoherence*count*squares && excess > labelChance*squares {
			return true
		}
	}
	return false
}

// coherence is the mean correlation, weighted by size, between the pushes of
// two examples of U: 0 for a random set, 1 if all are pushed alike. A push is
// taken for a vector over pairs of label and class, less the mean of all
// examples.
func (q *request) coherence(alpha *graph.Tensor) float64 {
	u := q.Forget.Positions()
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
