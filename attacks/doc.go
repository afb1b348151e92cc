// Package attacks measures what a model reveals about the examples it was
// trained on, and what is left of that after unlearning.
//
// It takes plain slices and returns reports; it knows no model. Every score is
// a float64 with larger = member. NaN is an error that names its index, seeds
// are explicit, and neither the order of examples nor the number of workers
// changes a byte of a result.
//
// # Data flow
//
//	logits, labels ── Scores(Signal) ──► one score per example
//	                                        │
//	members, nonMembers ────────────────────┼─► Evaluate ─► Evaluation (AUC, TPR at FPR, …)
//	                                        ├─► KS, Wasserstein1, DeLong, Bootstrap.BCa
//	                                        └─► EpsilonLowerBound, EpsilonOneRun, EpsilonGDP
//	Shadows [models, examples, augs] ── Play(Attack) ──► scores ─► Evaluate
//	Shadows with Forgotten states ── ULiRA ──► games, finding
//	unlearned and retrained models' outputs ── ForgettingQuality, KLOM ──► distances
//	before, retrained, unlearned samples ── NewReport ──► JSON, CSV, Markdown, figures
//
// One run, too dear to repeat, is asked by [EpsilonOneRun], [QuantileMIA] and
// [LabelDistances]; models whose forgotten examples had noise by [PoisonScore]; the models
// before and after together by [Snapshots] and [ReconstructLinear]; models that forgot
// others, for what they show of those who stay, by [MeasureRetainedHarm].
//
// # Central types
//
// A [Signal] turns logits into scores. A [ROC] is the exact curve of two score
// samples. [Shadows] holds one signal for many models together with what each
// model did with each example: never saw it ([Out]), trained on it ([In]), or
// trained on it and then forgot it ([Forgotten]). A [Report] always has rows for
// the model before unlearning, the retrained one and the unlearned one, since
// no attack number means anything without the retrained model's beside it.
//
// # Reading the results
//
// The target of unlearning is the retrained model's value, not ½: members and
// unseen examples may differ for reasons that have nothing to do with
// training. An AUC below the retrained one, or scores on forgotten examples
// shifted below unseen ones, is over-unlearning, which reveals the forgotten
// set as surely as a failure to forget.
package attacks
