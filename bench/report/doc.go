// Report makes a Markdown table of the JSON Lines that bench/sweep writes:
//
//	go run ./bench/report results.jsonl
//
// Rows that differ only in the seed become one, with means and 95%
// t-intervals. Several files are read as one; without any, stdin is read.
// With -text the table is aligned text, with -brief one table for all sections;
// -columns and -methods choose what is shown. With -figure the columns are
// drawn against cost instead, as PNG, PDF or SVG by the ending of the file's name:
//
//	go run ./bench/report -figure mlp.svg -columns "test %; excess removed" results.jsonl
//
// With -fill a Markdown file's tables are made anew. Each stands between the
// lines <!-- report ARGUMENTS --> and <!-- /report -->.
//
// The exit status is 0 when all went well, 1 after an error, 2 for flags that
// cannot be read.
package main
