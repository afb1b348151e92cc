package unlearning

import (
	"github.com/miniunlearn/miniunlearn/graph"
	"github.com/miniunlearn/miniunlearn/unlearning/contraction"
	"github.com/miniunlearn/miniunlearn/unlearning/defaults"
)

// classLike reports whether the examples of U have something in common that the
// others have not, such as a class or one kind of wrong label, or whether the logit
// gradients of one label are missing far more, or less, than of others, as for a
// class among examples of all kinds.
func classLike(s *contraction.System, alpha *graph.Tensor) bool {
	c := correlation(s, alpha)
	return c > defaults.ClassLikeCorrelation && c*float64(s.Forget.Len()) > defaults.ClassLikeChance || unbalanced(s, alpha)
}

// unbalanced reports whether for some label the sum of U's logit gradients differs
// from U's share of the sum of all, by the measures of classLike: its squared
// length against what independent examples would give it, of which there are as
// many as U has of the label, or as a random set of its size has if that is more.
func unbalanced(s *contraction.System, alpha *graph.Tensor) bool {
	n, k := alpha.Shape()[0], alpha.Shape()[1]
	type sums struct{ count, squares float64 }
	forget, all := make([]sums, k), make([]sums, k)
	share := float64(s.Forget.Len()) / float64(n)
	diff := make([]float64, k*k)
	for i := range n {
		y, weight := int(s.Run.Data.Y[i]), -share
		var squares float64
		if s.Forget.Contains(i) {
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
			forget[y].count++
			forget[y].squares += squares
		}
	}
	for y := range k {
		count, squares := max(forget[y].count, share*all[y].count), max(forget[y].squares, share*all[y].squares)
		var total float64
		for _, d := range diff[y*k : y*k+k] {
			total += d * d
		}
		if excess := total - squares; excess > defaults.ClassLikeCorrelation*count*squares && excess > defaults.ClassLikeLabelChance*squares {
			return true
		}
	}
	return false
}

// correlation is the mean one, weighted by size, between the logit gradients of two
// examples of U: 0 for a random set, 1 if all are alike. Those of an example are
// taken for a vector over pairs of label and class, less the mean of all examples.
func correlation(s *contraction.System, alpha *graph.Tensor) float64 {
	u := s.Forget.Positions()
	if len(u) < 2 {
		return 0
	}
	k := alpha.Shape()[1]
	mean := make([]float64, k*k)
	n := alpha.Shape()[0]
	for i := range n {
		at := int(s.Run.Data.Y[i]) * k
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
		at := int(s.Run.Data.Y[i]) * k
		squares += norm
		for c := range k {
			a, m := alpha.At(i*k+c), mean[at+c]
			squares += (a-m)*(a-m) - m*m
			sum[at+c] += a
		}
	}
	var total float64
	for j, v := range sum {
		d := v - float64(len(u))*mean[j]
		total += d * d
	}
	if squares == 0 {
		return 0
	}
	return (total - squares) / (float64(len(u)-1) * squares)
}
