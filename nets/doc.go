// Package nets turns architectures into models and trains them.
//
// An [Arch] is a value: a name, the shape of an example, the number of classes
// and a Go function that builds logits from views of one flat parameter
// vector. [Logistic], [MLP], [LeNet5], [CNN] and [ResNet] make the built-in
// ones, [Parse] reads their notations; a user's own architecture is an Arch
// literal, made of the layers of [Params] and the ops of package graph.
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
// same training again, bit for bit. [TrainMany] trains many models side by
// side.
//
// With [Config.Augment] an epoch shows each image shifted and mirrored as a
// function of (seed, epoch, example) alone. Whoever evaluates gradients of a
// step again, as unlearning does, passes the step's [View] to
// [Model.GradientAs] and [Model.HVPAs].
package nets
