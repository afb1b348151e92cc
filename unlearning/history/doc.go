// Package history keeps the part of a training run that unlearning needs.
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
// A record lives in memory, or in a folder of safetensors files with a
// manifest: [Create] records straight into one, [Open] reads it back and
// refuses files that changed.
package history
