// Package synthetic makes tables like Covtype and HIGGS, for benchmarks and tests
// on machines that do not have these. They are not the data: rows are random, and
// only the number and kind of columns, the shares of the classes and about the
// accuracy that logistic regression and a small network reach are those of the
// originals. Results on them are no results on Covtype or HIGGS, and the names
// that data.Open knows them by, covtype-like and higgs-like, say so.
//
// Row i is a function of the seed and i alone, so that a table of any size is
// made in pieces, and a longer one begins with a shorter one.
package synthetic
