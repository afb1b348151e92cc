// Report makes pages, figures and tables of what bench/sweep and bench/auditrun
// write:
//
//	go run ./bench/report -html page.html results.jsonl audit.out
//	go run ./bench/report -figure mlp.pdf -columns "test %; excess removed" results.jsonl
//	go run ./bench/report results.jsonl
//
// Results are JSON Lines of bench/sweep, results.json of an audit, or folders that
// hold one of them; several are read as one, and without any, JSON Lines from
// stdin. Rows that differ only in the seed become one, with means and 95%
// t-intervals.
//
// With -html everything goes into one page that opens from disk and needs no
// other file: what was run, what the numbers say of each method, figures, tables
// that sort, audits, and what the columns mean.
//
// With -figure the results are drawn as PNG, PDF or SVG, by the ending of the
// file's name: against cost where a method has several budgets, and otherwise side
// by side; -by chooses, and -by ratio draws them against the share forgotten.
//
// Otherwise it prints tables: Markdown, or with -text aligned text, with -brief
// Markdown in one table for all sections, with -latex tables for the package
// booktabs, with -csv values with all their digits. -against compares a method with
// its rivals of equal cost; -judge holds it against the criteria of bench.Table.Judge,
// a line a cell; -closer compares how near two methods come to retraining's parameters, at
// no more cost than the second's. -columns and -methods choose what is shown, and -sort in which order.
//
// With -fill a Markdown file's tables are made anew. Each stands between the
// lines <!-- report ARGUMENTS --> and <!-- /report -->.
//
// The exit status is 0 when all went well, 1 after an error, 2 for flags that
// cannot be read.
package main
