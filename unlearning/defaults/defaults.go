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
// regression with MNIST in batches of 128 to 16384 and the digits in batches of
// 350, r from 0.3% to 90%.
const (
	// Knots is the number of epochs whose disturbances are computed.
	Knots = 5
	// LeastKnots is the number that a budget may force, and FewKnotsSample the part of the usual curvature
	// sample that it must leave then. With one or two epochs, or one example for the curvature, logistic
	// regression on MNIST ended up to six times as far from retraining, in KL, as it was.
	LeastKnots     = 3
	FewKnotsSample = 1. / 8
	// CurvatureSample is the sample that carries curvature, as a share of the retained
	// part of a batch.
	CurvatureSample = 0.03
	// CurvatureExamples is the number of examples that it has at least, where there is no
	// budget.
	CurvatureExamples = 16
	// CurvatureNoise is how much chance in a curvature sample may add to the difference of
	// the runs, as a part of what the sample takes from it. At 1 it keeps the difference from
	// growing and no more; at 0.1 samples that do no harm are shortened, too.
	CurvatureNoise = 0.3
	// LeastCurvatureSample is the smallest that a budget may force, as such a share.
	LeastCurvatureSample = 0.002
	// DisturbanceShare is the part of a budget that disturbances of more epochs than Knots
	// may take.
	DisturbanceShare = 1. / 3
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
	// Forgotten is what weight decay alone may leave at the end of what is left out of a run
	// at its beginning: curvature leaves a third of that and less. A choice, not a fit.
	Forgotten = 0.03
	// RecordOfData is the largest record of all gradients that Mini asks for, in numbers
	// over those of the data. A choice, not a fit.
	RecordOfData = 4
	// RecordLeast is a record that is asked for however small the data, in numbers: 64 MiB of float32.
	// A choice, not a fit.
	RecordLeast = 1 << 24
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

// Training on the retained examples from between w_T and w_0. Fitted on mlps with MNIST,
// Fashion-MNIST and the digits and cnns with CIFAR-10; r from 30 to 90%.
const (
	// RestartAbove, times 1 − a²/2 for a run of the mean error a, is the share r above which
	// a random U is not taken back: at 60% the two ways are alike for a of 0.1 to 0.3; with
	// a of 0.5 half of the data is, with 0.6 and 0.7 it is not, with 0.75 40% is.
	RestartAbove = 0.6
	// RestartEpochs lowers that share for short runs, to 1 − 1/(3E) of it after E epochs. With half of the data
	// forgotten after one or two epochs, training ends nearer to retraining in KL than the
	// contraction; after three to five they are alike, and with 30% the contraction is nearer.
	RestartEpochs = 3
	// RestartCommon is the cosine of what U and the others taught below which that share falls, to nothing at
	// −RestartCommon. It was 0.2 to 0.99 with one seed in each of 134 cells of the grids, 0.1 to 0.2 with others and with wrong
	// labels, and −0.6 to 0.4 where noisy tables were learned for long. CommonNoise is the noise of D above which its
	// sample does not tell, and CommonPart a share that is never too large.
	RestartCommon = 0.25
	CommonNoise   = 0.25
	CommonPart    = 0.1
	// TakenReach is the largest length of what is to be taken of D, over the root of r of the run's way
	// w_T − w_0, by the default strength: up to 3.4 in these cells, and 3.6 to 10 where noisy tables were
	// learned for long, and taking it back does harm. All at a fifth of the cost.
	TakenReach = 3.5
	// RestartErrors times a is how far back it starts for a random U, as a share of the way
	// from (1−r) w_T + r w_0 to the initial parameters: what a run was long wrong about
	// it learned by heart. With 0 half of that stayed, with 0.8 test accuracy on
	// CIFAR-10 was a point and a half lower.
	RestartErrors = 0.5
	// RestartDoubtful is that share, at least, where the record does not tell what a random U did: with half of
	// the mean error half of the excess stayed, with 0.5 KL was above that of the run in two of seven
	// noisy tables.
	RestartDoubtful = 0.3
	// RestartAgain is the share of the way that training brings back by one visit to each retained example
	// that moves the example's own logits all of the way. A random set is taken back no further than
	// the training brings back. Without this, forgetting 70% of runs of one to three epochs ended up to seven times as
	// far from retraining as the model was. With 0.7 three of eleven such cells are further away, in the means, than
	// the model before and another seed; with 0.5 two; with 0.35 none, but then half of the excess stays
	// where 75 to 90% of longer runs are forgotten.
	RestartAgain = 0.5
	// RestartRate is the largest rate, as Short.Rate has it; the steps of Erase are
	// a limit too. RestartBatch is the batch; with 2 to 8 nothing was seen to change.
	RestartRate  = 3
	RestartBatch = 8
	// RestartUnlike is how far back it starts for a U that is unlike the others, as a share
	// of the way from (1−r) w_T + r w_0 to the initial parameters. With 0.3 more was
	// remembered, with 0.7 more forgotten of the others.
	RestartUnlike = 0.5
	// RestartUntaught is that share where U is unlike the others because of labels that nobody
	// else has. With 0.5 test accuracy was half a point lower than retraining's, with 0.1 more
	// of what is remembered of single examples stayed. Fitted on nine cells with a class each.
	RestartUntaught = 0.2
	// RestartScale is the part of the way, in the logarithm, to the scale that LogitScale
	// means. With 1 KL is above that of the run in half of the cells, with 0 margins are
	// smaller than retraining's in nearly all.
	RestartScale = 0.5
	// KernelExamples is the largest sample that tells how far steps may go.
	KernelExamples = 64
)

// The contraction at w_T that is distilled from the model's own logits. Fitted on
// random cells: mlps of one and two layers of 30 to 400 units, 2000 to 16 000 examples
// of MNIST and Fashion-MNIST and the digits, batches of 16 to 256, momentum 0 and 0.9,
// cosine and constant rates, weight decay of 0 to 0.005, a tenth of the labels wrong in
// one of five; and lenet5. The strength was fitted anew on those of the robustness grid.
// docs/research/mini-cells.md has them.
const (
	// Recency is ρ: a logit gradient of a step after which the run had a share x of its
	// learning time left counts e^(−ρx). With 0.7 to 2.5 nothing changes much; with 0
	// a sample of D has more noise, since what all examples taught early does not cancel
	// in it.
	Recency = 1.5
	// DistilStep is how far a step moves an example's own logits of the way back to those
	// at w_T, on the average over logits; 2 would make them swing. It is what one visit
	// undoes of a deviation. Runs at 3 and more diverged before steps had bounds of their own.
	DistilStep = 1.5
	// DistilVisits is the number of visits to each example beyond which steps become smaller
	// instead, so that they undo no more in sum.
	DistilVisits = 2
	// DistilEdge is the largest step of a batch in the sharpest direction, in units of the
	// one that makes gradient descent with momentum swing.
	DistilEdge = 0.35
	// DistilNoise is how much chance in a step may add to the deviation, as a part of what the
	// step takes from it: at 1 it keeps the deviation from growing and no more. With 0.3, which is
	// CurvatureNoise, half of the data loses up to a point of accuracy.
	DistilNoise = 1
	// TrustReach is how long d may be, over what it would be where nothing resists: of 467 on
	// the cells of the grids two passed that, which had gone astray.
	TrustReach = 1.05
	// SharpnessCost is the part of a budget that finds the sharpest direction.
	SharpnessCost = 1. / 8
	// DistilMomentum lets the contraction go further in directions that are not sharp.
	DistilMomentum = 0.9
	// DistilBatchLeast and DistilBatchMost are the batches to choose from, and DistilSteps
	// is the number of steps that a larger one must leave.
	DistilBatchLeast = 16
	DistilBatchMost  = 64
	DistilSteps      = 100
	// SpreadSteps is the share of the steps in which D is taken; in the others it settles.
	SpreadSteps = 0.7
	// SampleCost is the largest part of a budget that D is computed from. 0.35 and 0.65
	// made no difference.
	SampleCost = 0.5
	// SampleNoise is the variance of D, over ‖D‖² and as estimated from sizes alone,
	// below which more examples are not worth their cost.
	SampleNoise = 0.05
	// SampleStratified is the part of that estimate which is left where examples are
	// sorted by what they have in common: 0.2 to 0.9 on MNIST and Fashion-MNIST.
	SampleStratified = 0.4
	// SampleLeast is the number of examples that tell how far steps may go.
	SampleLeast = 256

	// Strength is how much of D is taken where a step of the run moved an example's own
	// logits all of the way (runStep 1), its steps together as far (taught 1), the contraction
	// would undo a deviation of them once (undone 1), and nothing else is there. The others are
	// powers: of undone over runStep, of taught, and of what weight decay would have taken
	// off what the run learned, λT/(1 − e^(−λT)) for its learning time T. A run of large steps
	// forgets by itself, and more contraction lets more settle. What is left of a
	// random set's excess differs from cell to cell by an eighth.
	Strength       = 1.6
	StrengthUndone = 3. / 8
	StrengthTaught = 1. / 5
	StrengthDecay  = 1. / 4
	// ErasedBack times r is the share of the way back to w_0 that goes with it: with 0.3 to 0.5
	// nothing changes much, with 0 KL is 7% larger on the mean of the cells at r = 40 to 50%.
	ErasedBack = 0.4
	// StrengthLeast is the smallest runStep that counts: those below took too much.
	StrengthLeast = 0.2
	// Stiffness is that with which logits are distilled, as a multiple of the mean curvature
	// of the loss along the label's logit while the run learned.
	Stiffness = 0.75
	// LogitScale is the exponent of 1 + κ by which retraining's logits are larger than
	// those of the run: 0.08 on the mean of the cells, with a standard deviation of 0.07
	// at r = 50%.
	LogitScale = 0.12
	// CheckCost is the part of a budget that tells the scale of logits and harm, and
	// CheckExamples the largest sample for either. CheckLeast is the smallest, of up to CheckPart of
	// the budget; the recursion, which needs no scale, takes that part.
	CheckCost     = 0.02
	CheckExamples = 100
	CheckLeast    = 16
	CheckPart     = 1. / 16
	// HarmDeviations is by how many standard errors of a sample retained examples have to be worse
	// off than what is taken back accounts for. A threshold of a test, not a fit.
	HarmDeviations = 4
	// HarmLeast is the mean error beyond that which is too small to matter, half an answer in
	// a hundred.
	HarmLeast = 0.005
	// ScaleTolerance is what a last layer that is linear may be off by, relative to its
	// logits, in float32.
	ScaleTolerance = 1e-3
)

// Sets that are unlike the others. Thresholds of tests, not fits, but for the last two,
// which are where the hardest 5% of MNIST and wrong labels were told from chance.
const (
	// UnlikeDeviations is by how many standard deviations of a random set's U has more
	// than its share.
	UnlikeDeviations = 5
	// UnlikeRatio times r is the part of all that was taught, and UnlikePart that part
	// itself, from which on that matters: below, the contraction leaves less of an error
	// than training adds.
	UnlikeRatio = 1.5
	UnlikePart  = 0.1
)
