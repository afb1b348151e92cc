// Package purpose keeps the random streams of different uses of one seed apart. Were
// they shared, a random set to forget that is chosen by the trainer's seed would be
// exactly the first batches of epoch 0.
//
// Every use of a seed in this module has a name below. A number once given stays:
// what it draws is part of what a seed means. Numbers from 1000 up are for parts of
// methods in other modules.
package purpose

import "math/rand/v2"

// Use is what a stream is for.
type Use uint64

// The uses, with what an index says where there is one.
const (
	Order     Use = 1 // of the batches of an epoch; the epoch
	Forget    Use = 2 // random sets to forget
	Stratify  Use = 3 // stratified subsets; the size of the set
	Split     Use = 4 // parts of a data set
	Synthetic Use = 5 // rows of synthetic tables; the row

	LabelNoise Use = 6 // wrong labels of a share of a data set
	Spoiled    Use = 7 // examples that are confused or poisoned
	ClassPart  Use = 8 // a part of the examples of a class

	Initial Use = 10 // initial parameters; the parameter
	Augment Use = 11 // augmented images; the epoch

	OtherSeed   Use = 20 // seeds of retrainings; their number
	FastRetrain Use = 21 // the seed of fast retraining
	LogitSample Use = 22 // examples of the sum of disturbances; those forgotten before
	Curvature   Use = 23 // examples of curvature samples; those forgotten before
	Distil      Use = 24 // examples that are distilled; those forgotten before
	ShortRun    Use = 25 // the seed of a short run
	Perturb     Use = 26 // the seed of fresh parameters that are added to old ones
	Descent     Use = 27 // the seed of the order of descent's batches
	Noise       Use = 28 // noise that is no secret
	Parts       Use = 29 // which of several requests an example is in

	Unseen     Use = 30 // unseen examples like the forgotten ones
	Validation Use = 31 // examples that a run leaves out, for methods to ask about
	Sharpness  Use = 32 // examples that tell the sharpest direction; those forgotten before
	Phase      Use = 33 // where the turns of examples in curvature samples begin; those forgotten before
	Restart    Use = 34 // examples that tell how far steps may go; those forgotten before
	Check      Use = 35 // examples that a result is checked with; those forgotten before

	Join     Use = 36 // which batches added examples join; the epoch, and then the example
	LeaveOut Use = 37 // parts of the data that models are trained on, and the seeds of these; the model

	Deal   Use = 40 // an audit's states of an example in shadows; the example
	Target Use = 41 // the same in targets
	Model  Use = 42 // the seed of a shadow's training; the model
	Victim Use = 43 // the same of a target
	Pick   Use = 44 // shadows that stand for an example; the example
	Query  Use = 45 // seeds of queries; the query
	Copy   Use = 46 // noise and shifts of a query; the example
	Leak   Use = 47 // of methods that leak; the flaw

	Coin     Use = 50 // whether a canary is trained on; the example
	Mislabel Use = 51 // wrong labels of canaries; the example
	Relearn  Use = 52 // seeds of training on; the epoch

	Bootstrap   Use = 60 // resamples; their number
	Halves      Use = 61 // halves of shadows
	Folds       Use = 62 // folds of a logistic attack; 1 of members, 0 of others
	Threshold   Use = 63 // halves that choose and that use a threshold; 0 of members, 1 of others
	Permutation Use = 64 // permutations of labels; their number
	Redeal      Use = 65 // deals of a verdict; their number
	Swap        Use = 66 // swaps of a verdict; their number
	Plant       Use = 67 // leaks that a verdict plants; their number
	Poison      Use = 68 // noise on poisoned examples; the draw, and then the example
	Direction   Use = 69 // directions in which labels are followed; the example

	ForgetBatches Use = 70 // the seed of the order of batches of forgotten examples
	MixedBatches  Use = 71 // the same of forgotten and other examples together
	WrongLabels   Use = 72 // labels that are not an example's own
	Subset        Use = 73 // retained examples that stand for all of them
	Incompetent   Use = 74 // the seed of a teacher that knows nothing
	Afresh        Use = 75 // the seed of parameters that begin anew
	Shard         Use = 76 // the seed of a shard's initial parameters, the shard; and which shard and slice an example is in
	Slice         Use = 77 // the seed of training on slices; the shard and the slice
	Trial         Use = 78 // settings that a tuner tries
	Rehearsal     Use = 79 // examples that a tuner forgets to see how it goes
)

// Stream returns the generator of a seed for one use and index. It is a value, so
// that a caller that keeps it on the stack does not allocate.
func Stream(seed uint64, use Use, index uint64) rand.PCG {
	var p rand.PCG
	p.Seed(Mix(seed), Mix(uint64(use))+index)
	return p
}

// Rand returns the same as a rand.Rand.
func Rand(seed uint64, use Use, index uint64) *rand.Rand {
	p := Stream(seed, use, index)
	return rand.New(&p)
}

// Seed returns a seed of its own for one use and index of another.
func Seed(seed uint64, use Use, index uint64) uint64 {
	p := Stream(seed, use, index)
	return p.Uint64()
}

// Hash returns a number for one use and value: a stream's first would be as good, and
// takes longer.
func Hash(seed uint64, use Use, value uint64) uint64 {
	return Mix(Mix(seed^Mix(uint64(use))) ^ Mix(value))
}

// Mix spreads nearby seeds over all 64 bits: the SplitMix64 finaliser (Steele,
// Lea and Flood, "Fast splittable pseudorandom number generators", 2014).
func Mix(z uint64) uint64 {
	z += 0x9e3779b97f4a7c15
	z = (z ^ z>>30) * 0xbf58476d1ce4e5b9
	z = (z ^ z>>27) * 0x94d049bb133111eb
	return z ^ z>>31
}
