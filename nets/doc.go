// Package nets turns architectures into models and trains them.
//
// An [Arch] is a value: a name, the shape of an example, the number of classes
// and a Go function that builds logits from views of one flat parameter
// vector. [MLP] and [Parse] make the built-in ones; a user's own architecture
// is an Arch literal and needs nothing else.
//
// [NewModel] binds an Arch to an engine and a number type, and offers what
// training and unlearning are made of: the mean gradient over any examples of
// a data set, exact Hessian-vector products, logits. [Train] runs SGD with
// momentum and weight decay,
//
//	p ← β p + g + λ w,   w ← w − η p,
//
// over a batch order that is a function of the seed, and shows every step to
// the [Hook]s. The [Run] that it returns holds all that is needed to run the
// same training again, bit for bit.
package nets
