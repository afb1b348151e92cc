// Package tune chooses the hyperparameters of a method of unlearning, for every method
// alike: by a rehearsal. So many settings are tried, drawn by one seed from ranges that
// are written down, on another set of as many examples that could have been asked for,
// and the one is taken that comes closest to a model which is retrained without that
// other set. Neither test data nor a model that was retrained without U are looked at.
//
// The central type is [Tuned], a method around another that is known by its notation:
//
//	m := tune.Tuned{Of: "neggradplus:0.2"}
//	res, err := unlearning.Solve(ctx, m, p)
//	fmt.Println(res.Route)                    // neggradplus:0.2:alpha=0.81:rate=1.3
//
// Importing the package registers it, so that sweeps know "tuned:neggradplus:0.2", and
// "neggradplus:0.2" beside it is the row of published defaults. The first setting that
// is tried is those defaults; a method without ranges, such as Mini, is run as it is.
//
// # The rehearsal
//
// U' has as many examples of each class as U, drawn from those that U leaves. Where a
// class has too few left, as when U is a class, class y + s stands for class y, with the
// least s for which there are enough, and where there is none all of U' is smaller. v' is
// replayed retraining without U'. A setting that makes u' of w_T is judged by
//
//	mean over U' of KL(p_{v'} ‖ p_{u'}) + the same mean over unseen examples, in nats:
//
// problem.Validation, or as many retained examples as U' has where that is nil. It is 0
// for retraining, and what a method does not forget, or breaks, adds to it. Retraining
// once, all trials and their evaluation is what choosing takes, Result.TuningEvals.
//
// # Is that fair?
//
// To the methods that are tuned, among each other: U', its answer, the objective, the number
// of trials and the seed are the same for all, the published defaults are the first trial,
// and the rate, which nearly all have, has one range. Of their numbers of ranges, one to
// six, that is not true: sixteen trials search the two of NegGrad+ better than the six of
// SCRUB.
//
// To Mini: it has nothing to tune. Its constants were fitted once, on the cells that
// docs/research/mini-cells.md names, are the same for all data, and are not chosen anew for
// a request; "tuned:mini:0.2" is mini:0.2. The tuned rows have more than it has: what
// choosing takes, 2.6 to 5.6 retrainings in docs/evidence, does not count in their budget,
// and one of these is a retrained model, of another set, which Mini never sees. Nobody who
// has that much work to spend would forget by anything but retraining. So a tuned row says
// what a method can do at its budget where somebody knows good settings already, and a row of
// defaults what it does where nobody does.
//
// Where it is not fair: U' has as many examples of each class as U and is otherwise drawn at
// random. Of a set that is not, such as the most memorised, the rehearsal is of something
// easier, and what it chooses may be too mild. The objective is KL, and what comes closest
// in that need not in accuracy or under attack.
package tune
