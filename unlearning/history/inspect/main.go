// Inspect tells what lies in the folder of a recorded run, bytes by kind, and
// compares every file with its checksum:
//
//	go run ./unlearning/history/inspect DIR…
//
// It changes nothing, and its exit status is 1 if anything is not what was
// written.
package main

import (
	"fmt"
	"io"
	"os"

	"github.com/miniunlearn/miniunlearn/unlearning/history"
)

func main() { os.Exit(run(os.Stdout, os.Stderr, os.Args[1:])) }

func run(stdout, stderr io.Writer, dirs []string) (status int) {
	if len(dirs) == 0 || dirs[0] == "-h" || dirs[0] == "-help" || dirs[0] == "--help" {
		fmt.Fprintln(stderr, "usage: inspect DIR…\n\nTells what lies in the folders of recorded runs, and verifies it.")
		return 2
	}
	for _, dir := range dirs {
		c, err := history.Inspect(dir)
		if c != nil {
			fmt.Fprintln(stdout, c)
		}
		if err != nil {
			fmt.Fprintln(stderr, "inspect:", err)
			status = 1
		} else {
			fmt.Fprintln(stdout, "  every file is what was written")
		}
	}
	return status
}
