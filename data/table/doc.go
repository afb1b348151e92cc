// Package table reads tables: CSV and formats like it, and LIBSVM's, plain or
// compressed, at the speed of the disk where several cores help.
//
// [Read] takes a file apart. What its columns are it infers, or is told by
// [Options]: the label, the owner's ids, numbers, categories. [Table.Fit] then
// measures the columns on the rows that are trained on, and only on those, and
// [Table.Encode] makes float32 features of all rows. The measured [Column]s are
// small, go to JSON, and encode what is asked later in the same way: [Row].
//
// A table larger than [Options.Memory] goes through a temporary file, and
// [Floats] puts features into one, so that neither has to fit into memory.
//
// What is wrong with a file is a *files.Error with the line and the column, and
// says what to do; nothing is loaded by half.
//
// Most users read tables by data.Open.
package table
