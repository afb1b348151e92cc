// Report makes a Markdown table of the JSON Lines that bench/sweep writes:
//
//	go run ./bench/report results.jsonl
//
// Rows that differ only in the seed become one, with means and 95%
// t-intervals. Several files are read as one; without any, stdin is read.
// With -text the table is aligned text.
//
// The exit status is 0 when all went well, 1 after an error, 2 for flags that
// cannot be read.
package main
