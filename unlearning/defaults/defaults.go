// Package defaults holds every number of unlearning that was fitted: chosen
// because it did well in experiments, and not derived.
//
// Each has a name, its unit, what it was fitted on, and where that is written down.
// A test keeps decimal numbers out of the other packages below unlearning, but for
// those that it lists with a reason. MNIST and Fashion-MNIST mean 20 000 examples
// of them, in batches of 128 for 5 epochs; mlp is mlp:784-100-10, and r = |U|/n.
// Scans are in docs/research/mini-scans.md, and what was decided by them in
// docs/decisions/0004-mini-defaults.md.
package defaults

// What a request may cost.
const (
	// Cost is the budget of a method that names none, as a share of replayed
	// retraining's gradient evaluations. A choice, not a fit.
	Cost = 0.2
)

// The recursion along a recorded run of a convex model. Fitted on logistic
// regression with MNIST in batches of 1024 to 16384 and the digits in batches of
// 350, r from 0.3% to 90%.
const (
	// Knots is the number of epochs whose disturbances are computed.
	Knots = 5
	// CurvatureSample is the sample that carries curvature, as a share of the retained
	// part of a batch.
	CurvatureSample = 0.03
	// LeastCurvatureSample is the smallest that a budget may force, as such a share.
	LeastCurvatureSample = 0.005
	// TailsBelow is the share r up to which smaller last batches are always worth
	// their cost, r/(1−r) of retraining for each epoch that is visited.
	TailsBelow = 1. / 3
	// TailsCost is the part of retraining's cost that smaller last batches may always
	// take.
	TailsCost = 0.05
	// TailsWorth is how much smaller curvature samples may become for the sake of the
	// last batches, as a ratio: their disturbances are worth half of the samples.
	TailsWorth = 0.5
	// KnotDistance is the least distance of knots, as a share of that of the first from
	// the last in the logarithm of learning time: between closer ones chance would pass
	// for a slope.
	KnotDistance = 1e-3
	// RecursionBatch and RecursionShare are the batches from which on a convex model
	// follows the recursion: so many examples, or this share of the data where that is
	// fewer. A sample of smaller ones carries no curvature.
	RecursionBatch = 1024
	RecursionShare = 1. / 8
)

// Training shortly on the retained examples. Fitted on mlp with MNIST and
// Fashion-MNIST, lenet5 with both, and the digits.
const (
	// ShortBatch is the batch of a short run, as a share of the recorded run's, and
	// ShortBatchLeast the examples that it has at least.
	ShortBatch      = 1. / 8
	ShortBatchLeast = 16
	// Warmup is the share of the steps in which the learning rate rises.
	Warmup = 0.1
	// TrainingRate is how far an example moves the parameters, over how far it moved
	// them in the recorded run at its peak: a run of many steps of small batches
	// tolerates more noise than a long one.
	TrainingRate = 1.6
	// TrainingMomentum is its momentum. With 0 to 0.9 nothing was seen to change where
	// the peak is scaled by 1 − β.
	TrainingMomentum = 0.5
)

// The contraction at w_T that is distilled from the model's own logits. Fitted on
// mlp with MNIST and Fashion-MNIST, lenet5 with both, and the digits; seeds 1 to 5
// and 11 to 15; r = 5, 20 and 50%; costs of 10, 20 and 40%.
const (
	// DistilRate is TrainingRate's counterpart: a run that distils has little noise,
	// and is limited by the sharpest directions.
	DistilRate = 3
	// DistilMomentum lets it go further in the others.
	DistilMomentum = 0.9
	// DistilRateGrowth is the Jacobian growth g above which the rate is divided by
	// √(g/DistilRateGrowth). lenet5, with g of 2.3 to 4.3, does not bear the rate of
	// the mlps, with 1.3 to 1.9.
	DistilRateGrowth = 1.4
	// SampleCost is the largest part of a budget that D is computed from. 0.35 and 0.65
	// made no difference.
	SampleCost = 0.5
	// SampleNoise is the variance of D, over ‖D‖² and as estimated from sizes alone,
	// below which more examples are not worth their cost.
	SampleNoise = 0.05
	// SampleStratified is the part of that estimate which is left where examples are
	// sorted by what they have in common: 0.2 to 0.9 on MNIST and Fashion-MNIST.
	SampleStratified = 0.4
	// SampleLeast is the number of examples that tell the Jacobian growth and conflicting
	// sets.
	SampleLeast = 256
	// SizeExponent is the power of its own size that multiplies an example's logit
	// gradients. What an example with large ones taught is peculiar to it and stays;
	// what others teach as well has been learned from them by the end of the run.
	// Audits chose it.
	SizeExponent = 0.5

	// Strength is how much of D is taken by a run of equal learning time, and
	// StrengthTime the power of a shorter one's share of that time: it has less of it
	// to settle what a disturbance moves.
	Strength     = 1.25
	StrengthTime = 0.4
	// StrengthShare times r² is by how much less is taken: the larger D is, the less
	// linear.
	StrengthShare = 0.6
	// StrengthGrowth is the Jacobian growth g above which strength is divided by
	// √(g/StrengthGrowth), and stiffness by g/StrengthGrowth.
	StrengthGrowth = 2

	// Stiffness is that with which logits are distilled, as a multiple of the mean curvature
	// of the loss along the label's logit while the run learned.
	Stiffness = 0.75
	// Widening is the exponent of 1 + κ by which logits, less their mean, are multiplied
	// for an example of which the run was sure all along.
	Widening = 0.17
	// WideningSlope times an example's mean error a is by how much of itself the exponent
	// is smaller, and WideningLeast the least that it becomes, as a part of Widening.
	WideningSlope = 4
	WideningLeast = -0.5
)

// Sets of which retained examples tell. Fitted on random sets, classes, and wrong
// labels of MNIST, Fashion-MNIST and the digits.
const (
	// ClassLikeCorrelation is the mean correlation of U's logit gradients above which U
	// is like a class. Random sets have 0.001 or less, single classes 0.17 to 0.68.
	ClassLikeCorrelation = 0.03
	// ClassLikeChance is how often that of independent examples it has to be: a few
	// examples of one class may have 1, and are too few to show in the logits of
	// others. ClassLikeLabelChance is the same for the label that is most conspicuous;
	// 1 in 900 random sets had above 10. With two classes in place of ten, one of them
	// rare, up to 1 in 100 random sets of 12 to 100 examples is taken for class-like.
	ClassLikeChance      = 10
	ClassLikeLabelChance = 20
	// ClassLikeShrink is what is left of w_T where training on a class-like set's
	// complement starts.
	ClassLikeShrink = 0.5
	// ConflictCosine is the cosine between the two sums of D below which U taught
	// against the others. Random sets have −0.1 to 0.9, the hardest examples of MNIST
	// −0.4 to 0.2, those of Fashion-MNIST, some of which are wrongly labelled, −0.1 to
	// −0.7, and random wrong labels, one in a hundred to one in five, −0.1 to −0.98.
	ConflictCosine = -0.5
	// ConflictPart is U's part of all logit gradients above which that matters: where it
	// is smaller, the contraction leaves less of an error than training on adds.
	ConflictPart = 0.1
)
