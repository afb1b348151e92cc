// Package page makes one HTML page of results: what was run, what the numbers say
// of each method, figures, tables that sort, audits, and what the columns mean. The
// page is one file that needs no other and no network, and opens from disk.
//
//	table, err := bench.NewTable(results)
//	err = page.Page{Table: table}.Write(w)
//
// bench/report writes one with -html.
package page
