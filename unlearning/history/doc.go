// Package history keeps the part of a training run that unlearning needs, and
// runs on disk.
//
// A [Recorder] is a training hook. Its [Policy] says which steps to keep: a
// whole run, its end, every s-th epoch, or a few spaced checkpoints. The
// [Record] it leaves consists of segments, each a checkpoint (parameters and
// momentum before a step) followed by the gradients of consecutive steps.
// Parameters inside a segment are not stored: [Record.Steps] replays them from
// the gradients with the trainer's own update, which gives the same bits.
// Batch indices are not stored either, since the order is a function of the
// seed.
//
// Networks need less: [LogitGradients] keeps, for each example, what the run did
// to its logits, K numbers, and no parameters or gradients of parameters at all.
//
// # In memory, or in a folder
//
// [NewRecorder] keeps its record in memory, for an experiment. [Train] trains into
// a folder, for everything else:
//
//	run, rec, err := history.Train(ctx, "run", history.LogitGradients(), arch, ds, cfg)
//
// A program that may be killed calls it again: it goes on from the last point that
// was saved, to the same bits, and opens the run when it is finished, as
// [OpenRun] does in another program. A folder holds
//
//	run.json                     what identifies the run, and how it is configured
//	manifest.jsonl               what has been written so far, a line each, chained by checksums
//	segment-….safetensors        checkpoints and gradients
//	state-….safetensors          where an interrupted run goes on; only the last, and none at the end
//	logit-gradients.safetensors
//	final.safetensors            w_T; PyTorch's load_state_dict takes it
//	momentum.safetensors         p_T
//	initial.safetensors          w_0, where it is not the one of the seed
//
// Every file appears under its name when it is whole, and counts from when the
// manifest lists it. A folder has one writer at a time. What is in it tells of
// single training examples: folder and files are their owner's alone.
//
//	go run ./unlearning/history/inspect DIR
//
// tells what lies in a folder and compares every file with its checksum.
package history
