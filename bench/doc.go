// Package bench puts numbers beside an unlearned model, and beside every
// number the ones that give it a meaning.
//
// No figure of an unlearned model says anything alone: an accuracy of 95% on
// the forgotten examples is perfect if retraining gives 95%, and an attack
// that succeeds half of the time proves little if it does no better before
// unlearning. So a [Table] has rows for
//
//	before               the trained model, untouched
//	the methods judged
//	retrain              replayed retraining, the reference
//	retrain-other-seed   another retraining: what chance alone changes
//	fast-retrain         what the same work buys without any history
//
// The central type is [Result], one row and one line of JSON. A [Reference]
// makes them: it holds the test data, which no method may see, retrains once
// as replayed and five times with other seeds, and then measures any number of
// results of the same request.
//
//	p := unlearning.Problem{Run: run, Forget: forget, History: rec.Record()}
//	res, err := unlearning.Mini{}.Unlearn(ctx, p)
//	table, err := bench.Evaluate(ctx, p, ds.Test, res)
//
// An [Experiment] goes the whole way, from the data to the rows, and
// bench/sweep is a thin main around it; bench/report turns its JSON Lines into
// a table with means and intervals over seeds.
//
// # Measures
//
// All compare with v, the replayed retrained model. U are the forgotten
// examples; the unseen ones are test examples in U's class proportions, see
// [Unseen]. The logit gap is φ = z_y − log Σ_{j≠y} exp z_j.
//
//	margin_excess   mean φ on U − mean φ on the unseen
//	excess_removed  (e_before − e)/(e_before − ē), with ē the mean of e over
//	                five retrained seeds: 0 is doing nothing, 1 is retraining,
//	                above 1 over-forgetting; null where |e_before − ē| is below
//	                3 standard deviations of the retrained seeds
//	mia_auc         of the loss threshold attack, U against unseen; its target
//	                is retraining's value, not ½
//	ks_forget       Kolmogorov–Smirnov distance of φ on U from v's
//	kl_forget       mean over U of KL(p_v ‖ p), nats; kl_test over the test set
//	backdoor        percentage of test images of other labels, stamped as poisoned
//	                examples are, that are taken for the label of these
//	dist, rel_dist  ‖u−v‖ and ‖u−v‖/‖w_T−v‖
//	grad_evals      examples × (forward + backward); evaluation never counts
//	route           which way a method with several went, and why: route_reason
//	guards          how often safeguards changed what a method did, by the names
//	                that unlearning.Result explains
//
// Tables have one more, the mean gap: how far, in points and on average, accuracy on
// forgotten, retained and test examples and the attack's AUC are from those of the
// retraining with the same seed.
//
// A seed chooses the subset, the run, U and what a method draws. To vary the last alone
// give the method a seed of its own: the rows neggradplus:0.2:seed=1 and …:seed=2 of one
// run differ by the draws of unlearning, and one row over several runs by those of
// training.
//
// The field engine names what computed: results of one machine and engine are
// the same bits on every repetition, those of two engines are close.
//
// A value that does not exist is null in JSON and — in print.
package bench
