// Package data holds labelled images in memory, says in which order a training
// run reads them, and names the ones to be forgotten.
//
// The central type is [Dataset]: n examples, row-major float32 features with
// pixels in [0, 1], one label each. A [Splits] is a training, a validation and
// a test set of one kind. The validation part exists because an unlearning
// method may need examples that the model never saw, and must never read the
// test set for them.
//
// # How data flows
//
//	s, err := data.Open(ctx, "csv:patients.csv?label=outcome&id=patient") // or data.Digits(), or "mnist"
//	forget := data.RandomForget(s.Train, 0.2, 7)      // a fifth of the training set
//	order := data.Order{Seed: 1, N: s.Train.Len(), Batch: 64}
//	for t, batch := range order.Batches(0) {          // epoch 0: global step, training indices
//		s.Train.Gather(batch, x, y)               // copy the rows into the step's buffers
//		retain, drop := forget.Split(batch, nil, nil) // the two sides of the batch
//	}
//
// An [Order] is a pure function of (seed, n, batch size, epoch): nothing about
// it has to be stored, and replaying step t of a run needs no other step.
//
// [Open] takes one line of text for a known set, a table, images or arrays, and
// what [Register] adds. What was measured to make features of raw data, names of
// classes, categories, means, is measured on the training part alone and travels
// with the data as an [Encoding], which treats what is asked later in the same
// way: a new row by [Encoding.Row], next year's file by [Encoding.Open].
//
// # Positions and ids
//
// Orders and the methods of a [ForgetSet] speak of positions in the training
// set, 0 … n−1. The owner of the data speaks of ids, numbers or strings, which
// an example keeps in every split and subset: [Dataset.Key] tells the id at a
// position, [ForgetByID] finds the positions of ids. [ForgetPositions] is for
// programs that have positions of this very set. Data without ids of its own
// has the positions in the file that was loaded.
//
// # Randomness
//
// Everything seeded is the same on every machine and in every build. Different
// uses of one seed (batch order, forget set, stratified subset) draw from
// unrelated streams, so Seed: 1 everywhere is safe.
//
// # Bad input
//
// Readers of files return a [*FormatError] that names the file and the place.
// Memory follows the bytes that arrive, never the numbers a header claims.
package data
