package unlearning

// U is contrary, having taught against the others, where the cosine of its
// disturbance is below contraryCosine and its part of all pushes above contraryPart.
// Random sets have cosines of −0.1 to 0.9, the hardest examples of MNIST −0.4 to
// 0.2, those of Fashion-MNIST, some of which are wrongly labelled, −0.1 to −0.7, and
// random wrong labels, one in a hundred to one in five, −0.1 to −0.98. Where the
// part is smaller, Erase leaves less of an error than training on adds, see
// docs/decisions/0004.
const (
	contraryCosine = -0.5
	contraryPart   = 0.1
)

// contrary reports whether U is, if the sample is large enough to tell: a few
// examples of two classes point against each other whatever they taught.
func (d *disturbance) contrary() bool {
	return (d.used >= fewest || d.noise == 0) && d.cosine < contraryCosine && d.part > contraryPart
}
