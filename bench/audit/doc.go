// Package audit asks whether an unlearning method leaves models that can be
// told from models retrained without the forgotten examples.
//
// One model cannot answer that: what looks like a trace may be an example that
// is easy for every model. So an audit trains many, shadow models to learn from
// and target models to attack. For each of them an example is one of
//
//	Out        never trained on
//	In         trained on
//	Forgotten  trained on, then forgotten by the method
//
// drawn at random, such that each example is in each state equally often. Every
// model is made in several variants: before unlearning, retrained, and once for
// each method. The signal of all examples under all variants, the logit gap φ,
// is the only thing kept of a model.
//
// # Data flow
//
//	Config ── Train ──► folder: audit.json, states-*.npy, shadow-0000.npy, …, SHA256SUMS
//	                        │
//	                        └── Analyse ──► Result ── Save ──► results.json, table.md, one report a method
//
// [Run] is both, and bench/auditrun is a thin main around it. The folder makes a
// killed audit resumable: a model whose file is whole is not trained again, and
// the results are the same bytes. They do not depend on the number of workers,
// nor on the order of the examples where these have [data.Dataset.IDs]. Where
// the build names its revision, only the same one goes on with a folder; any may
// analyse a whole one.
//
//	result, err := audit.Run(ctx, audit.Config{
//		Data: data.Digits().Train, Arch: nets.MLP(64, 128, 10), Train: nets.Config{Epochs: 40},
//		Methods: []audit.Subject{{Method: unlearning.Mini{}}}, Dir: "digits-mini",
//	})
//	fmt.Print(result)
//
// # What the attacks see
//
// All attacks on a target learn from shadows of the same variant: the method's
// own unlearned models, as in U-LiRA (Hayes et al., "Inexact Unlearning Needs
// More Careful Evaluations", 2024). Forgotten against Out is the privacy game;
// it must come out at ½. [Result.String] lists it for *before*, which must be
// caught, and for *retrained*, which must pass: if either does not, the audit
// is too weak or wrong, and says nothing about the methods. [NoOp],
// [OtherSeed] and [Relabel] are methods whose verdict is known, to check an
// audit by.
//
// The games compare a method's models with each other, as someone does who is
// given one of them. A method that ruins all answers alike passes them, which is
// why W1 stands beside: the distance of the answers on forgotten examples from
// those of retrained models, to be read beside its value for OtherSeed.
//
// A verdict of passed means that no difference was found by this audit, with so
// many models. More shadows find smaller differences. All intervals of the games,
// those of TPR and FPR too, are clustered by target model and by example, and the
// wider of the two: few targets make them wide, however many examples there are.
//
// # Memory
//
// Training holds one training set and one model in training for each of twice
// the workers; analysing holds the signals of one variant,
// 8·(Shadows+Targets)·examples bytes, and the shares of it that are compared.
package audit
