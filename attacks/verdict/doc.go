// Package verdict says whether the models that an unlearning method leaves can be
// told from models that were retrained, in one sentence that names its tests, their
// level and what they could have found.
//
// # What is asked
//
// An audit has many models. Each was trained on some examples and asked to forget
// some of these; others it never saw. Three questions make the verdict:
//
//	privacy    can forgotten examples be told from never-seen ones?
//	closeness  can the method's models be told from retrained ones?
//	utility    are they worse than retrained ones?
//
// A method passes if nothing is found in any of the three, and if enough could have
// been: tests that can find nothing pass everything. It fails if one finds a
// difference, and is undecided otherwise; the verdict then says about how many models
// would do.
//
// # Why it holds
//
// No test assumes a distribution. Which examples a model forgot, and which it never
// saw, was dealt at random. If a method leaves what retraining leaves, its models
// depend on what they retain and perhaps on how much they forgot, as training of more
// steps does, and know nothing else of that deal: privacy compares what came out with
// what comes out when the labels forgotten and never seen are dealt anew, such that every model
// forgets as many examples as it did.
// Closeness and utility pair each model of the method with one that was retrained,
// with a seed of its own, on what the first retains. If the method is as good, the two
// could be swapped: what came out is compared with swaps of random pairs.
//
// Many statistics look at each deal, since leaks look different: a shift of all
// forgotten examples, of some, of a class, or of some models; a larger spread; other logits than
// the label's; other questions than the example itself, [Answers] to copies of it; the
// examples next to it; attacks that learn from shadow models. Their p-values are
// corrected within each test by the deals themselves, and the tests share the error
// probability: privacy, closeness and utility have a third each, and of privacy's the
// direction of the logit gap has half. So retraining fails, in any of them, in no more
// than 1 − Level of audits, however few the models and whatever their answers.
//
// # What it could have found
//
// A leak is planted: a growing share of the answers on forgotten examples is replaced
// by what the model answered before unlearning, as by a method that keeps this share
// of what it should forget, until the test would find it in 8 of 10 audits.
//
// # Central types
//
// A [Design] says what each model did with each example. [Answers] are the logits of
// the models of one kind. [Config.Judge] takes those of the method, of retraining and
// from before unlearning, and returns a [Verdict], whose String is the sentence.
//
// # What it does not say
//
// It tests answers to the questions that were asked. What parameters show to someone
// who has them, answers to other questions, and models before and after side by side
// are other tests. [Config.Kept] is one more, for auditors who replay each run: it finds
// far smaller traces than a verdict, and enters none. And nothing found is never nothing
// there: leaks smaller than detectable remain.
package verdict
