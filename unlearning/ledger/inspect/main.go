// Inspect verifies a ledger: the chain of its journal, and every file. It prints the
// journal and what lies in the folder.
//
//	go run ./unlearning/ledger/inspect DIR…
//
// It needs neither the key nor the data, and changes nothing. Its exit status is 1 if
// anything is not what was written.
package main

import (
	"fmt"
	"io"
	"os"

	"github.com/miniunlearn/miniunlearn/unlearning/ledger"
)

func main() { os.Exit(run(os.Stdout, os.Stderr, os.Args[1:])) }

func run(stdout, stderr io.Writer, dirs []string) (status int) {
	if len(dirs) == 0 || dirs[0] == "-h" || dirs[0] == "-help" || dirs[0] == "--help" {
		fmt.Fprintln(stderr, "usage: inspect DIR…\n\nPrints the journals of ledgers, and verifies every file.")
		return 2
	}
	for _, dir := range dirs {
		s, err := ledger.Verify(dir)
		if s != nil {
			fmt.Fprint(stdout, s)
		}
		if err != nil {
			fmt.Fprintln(stderr, "inspect:", err)
			status = 1
		} else {
			fmt.Fprintln(stdout, "  the chain is whole, and every file is what was written")
		}
	}
	return status
}
