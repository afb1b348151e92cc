// Package ledger forgets over time: requests one after another, in one process or
// many, with a journal that answers for what was done.
//
//	l, err := ledger.Create(ctx, "run", ds.Train, o)            // of the folder that history.Train has left
//	…
//	ds, err := ledger.OpenData(ctx, "run", "csv:patients.csv")  // months later, without the rows deleted since
//	l, err := ledger.Open(ctx, "run", ds.Train, o)
//	id, err := l.Request("p-4711", "p-0815")                    // waits, and survives
//	receipt, err := l.Forget(ctx, unlearning.Mini{})
//	model := l.Classifier()                                     // what is served from now on
//
// A [Ledger] owns the folder of a trained run. [Ledger.Request] notes whose examples
// are to be forgotten, by the ids that their owner knows them by, data.Dataset.Key;
// [Ledger.Forget] serves what waits by a method. Afterwards the folder holds the run
// that never saw them, see unlearning.Forget, from which the next request begins;
// nothing of theirs is left in it, and their rows are the owner's to delete.
//
// # The folder
//
//	ledger.json          what does not change: version, policy of recording, limits, how
//	                     raw data become examples
//	journal.jsonl        what was done, an entry a line, chained by SHA-256
//	queue.json           the requests that wait, with the ids; served ones are taken out
//	examples-….bin       keyed digests that recognise each example that is left
//	model.safetensors    the parameters to serve; PyTorch's load_state_dict takes them
//	generation-…/        the run as it stands, as package history writes it; the first
//	                     one lies in the folder itself
//	retraining-…/        the same, where it comes from training
//	pending              a change that counts and is not ended yet
//
// A change counts from when the file "pending" is there, whole: whatever kills the
// program before leaves the requests waiting, and whatever kills it afterwards leaves
// the rest for the next Open. One process at a time has the ledger open; readers of
// the journal ([ReadJournal], [Verify]) and of model.safetensors need no lock.
//
// # What an entry says
//
// An [Entry] tells what was done, by what method and at what cost, and never to
// whom: sets of ids are keyed digests (HMAC-SHA256), and the key is kept elsewhere.
// Its [Certificate] makes each statement as the kind that it is: replayable,
// estimated, bounded, (ε, δ), or not known. Results are reproducible to the bit, so
// that an auditor with the data, the requests and the key can replay the journal:
//
//	go run ./unlearning/ledger/replay …
//
// Errors add up over requests. The journal keeps count ([Since]), and [Limits] make
// Forget ask for retraining.
package ledger
