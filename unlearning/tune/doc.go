// Package tune chooses the hyperparameters of a method of unlearning, for every method
// alike: so many settings are tried, drawn by one seed from ranges that are written
// down, and the one is taken that does best by an objective on unseen examples that the
// caller grants (unlearning.Problem.Validation). No retrained model and no test data
// are looked at.
//
// The central type is [Tuned], a method around another that is known by its notation:
//
//	m := tune.Tuned{Of: "neggradplus:0.2"}
//	res, err := unlearning.Solve(ctx, m, p)   // p.Validation is set
//	fmt.Println(res.Route)                    // neggradplus:0.2:alpha=0.81:rate=1.3
//
// Importing the package registers it, so that sweeps know "tuned:neggradplus:0.2", and
// "neggradplus:0.2" beside it is the row of published defaults. The first setting that
// is tried is those defaults; a method without ranges, such as Mini, is run as it is.
//
// # The objective
//
// A model that never saw U treats it like unseen examples of its classes, and says of
// all others about what it said before. [Objective] is the sum of two distances,
//
//	KS of the logit gaps on U from those on unseen examples of U's classes, as many
//	   of each class in proportion
//	KL(p_{w_T} ‖ p_u), its mean in nats over unseen examples,
//
// each without the classes of which U is all that there was: no model knows these, and
// the mean probability that U's examples give to such a label is added instead. The
// logit gap is φ = z_y − log Σ_{j≠y} exp z_j. The second part keeps a method from
// passing by flattening all that a model says.
package tune
