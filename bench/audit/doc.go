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
// model is made in several variants: before unlearning, retrained in the recorded
// order, retrained with another seed, and once for each method. What a variant
// answers, to every example and to copies of the candidates, see [Query], is the only
// thing kept of it.
//
// # Data flow
//
//	Config ── Train ──► folder: audit.json, private-states-*.npy, shadow-0000.npy, …, SHA256SUMS
//	                        │
//	                        └── Analyse ──► Result ── Save ──► results.json, table.md, one report a method
//
// [Run] is both, and bench/auditrun is a thin main around it. The folder makes a
// killed audit resumable: a model whose file is whole is not trained again, a variant
// that was judged is not judged again, and the results are the same bytes. They do not
// depend on the number of workers, nor on the order of the examples where these have
// [data.Dataset.IDs]. One process at a time writes there. Where the build names its
// revision, only the same one goes on with a folder; any may analyse a whole one. An audit
// with more methods behind those it had makes and judges these alone; with
// [Config.KeepRuns] no model is trained again for them.
//
// The folder says who was a member of what: it is for its owner alone, as are files
// whose names begin with private.
//
//	result, err := audit.Run(ctx, audit.Config{
//		Data: data.Digits().Train, Arch: nets.MLP(64, 128, 10), Train: nets.Config{Epochs: 40},
//		Methods: []audit.Subject{{Method: unlearning.Mini{}}}, Dir: "digits-mini",
//	})
//	fmt.Print(result)
//
// # The verdict
//
// Each row of a [Result] has one [verdict.Verdict]: passed, failed or undecided, on
// privacy, closeness to retraining, and utility, with what each would have found.
// Package verdict says what is tested and why it holds. The rows of *before*, which
// must fail, and of both retrainings, which must not, say what the audit is worth:
// [Result.Warning] puts it in words. [NoOp], [OtherSeed] and [Relabel] are methods
// whose verdict is known, and package leaks has dozens that fail on purpose.
//
// A method that refuses, since it would do harm, leaves that model as it was, and the
// row says of how many models that is so.
//
// Everything else in a row is measured for those who want to understand the verdict:
// the games of U-LiRA (Hayes et al., "Inexact Unlearning Needs More Careful
// Evaluations", 2024), whose attacks learn from shadows of the same variant; KLOM and
// the forgetting quality, beside their nulls; ε, beside the largest that could be
// shown; in [Besides], what an auditor sees left who replays each run, what the models
// before and after show together, RULI's protocol, IAM's completeness, and what
// forgetting did to the privacy of those who stay; and the
// worst cases, the tenth of the examples that models know best and the tenth that looks
// most exposed. Forgetting what models know best is the worst case of
// all: [Result.Memorised] lists the candidates of such an audit.
//
// # Probes
//
// Some questions need models of their own. [Poison] puts noise on what is to be
// forgotten and asks whether it is still known; [Relearn] trains on, on what is
// retained alone, and watches what comes back; [Reconstruct] takes a linear model before
// and after it forgot one example, and finds that example; [Canaries] tosses a coin for each of many
// examples of one run, where dozens of runs are too dear. They report beside the
// verdict and keep nothing.
//
// # Memory
//
// Training holds one training set and one model in training for each of twice
// the workers; analysing holds the answers of four variants, each of
// 4·(Shadows+Targets)·classes bytes for every question, and the features that are
// tested, some fifty times 4 bytes for every candidate and model.
package audit
