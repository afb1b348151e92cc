// Requests shows how a model forgets over time: who was trained on asks to be
// forgotten, one after another, in processes that end and crash in between, and
// whose rows are served by then is gone from the owner's file.
//
//	go run ./examples/requests
//
// It does all of it in a temporary folder, in processes of its own: one trains, one
// serves requests until it is killed, and one goes on from there. Each can be run
// by hand, on a folder that stays:
//
//	go run ./examples/requests train DIR
//	go run ./examples/requests serve DIR customer-003 customer-017
//
// docs/requests.md explains what happens and what can be claimed of it.
package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"os/signal"
	"strings"

	"github.com/miniunlearn/miniunlearn/unlearning/ledger"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := run(ctx, os.Stdout, os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "requests:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, out io.Writer, args []string) error {
	switch {
	case len(args) == 2 && args[0] == "train":
		return train(ctx, out, folder(args[1]))
	case len(args) >= 2 && args[0] == "serve":
		return serve(ctx, out, folder(args[1]), args[2:])
	case len(args) > 0:
		return errors.New("usage: requests | requests train DIR | requests serve DIR CUSTOMER…")
	}
	tmp, err := os.MkdirTemp("", "requests")
	if err != nil {
		return err
	}
	defer os.RemoveAll(tmp)
	return show(ctx, out, folder(tmp))
}

// customers are those who ask to be forgotten, in this order. Nothing of customer-003
// was trained on.
var customers = []string{
	"customer-021", "customer-042", "customer-055", "customer-003", "customer-080", "customer-099",
	"customer-101", "customer-163", "customer-111", "customer-110", "customer-180",
}

// show runs the processes one after the other and prints what is left in the end.
func show(ctx context.Context, out io.Writer, f folder) error {
	fmt.Fprintln(out, "One process trains.")
	if err := process(ctx, out, "", "train", string(f)); err != nil {
		return err
	}
	fmt.Fprintln(out, "\nAnother serves requests. It is killed while it forgets.")
	serve := append([]string{"serve", string(f)}, customers...)
	if err := process(ctx, out, "forgetting r-000006", serve...); err != nil {
		return err
	}
	fmt.Fprintln(out, "\nA third goes on.")
	if err := process(ctx, out, "", serve...); err != nil {
		return err
	}

	// Anybody can check the chain and every file, without key and data.
	state, err := ledger.Verify(f.run())
	if err != nil {
		return err
	}
	fmt.Fprintf(out, "\nThe journal, verified:\n\n%s", state)
	last := state.Entries[len(state.Entries)-1]
	fmt.Fprintf(out, "The last entry, with its certificate:\n\n%s", &ledger.Receipt{Entry: last})
	return nil
}

// process runs this program in a process of its own, which is killed, if until is
// not empty, as soon as it says that.
func process(ctx context.Context, out io.Writer, until string, args ...string) error {
	self, err := os.Executable()
	if err != nil {
		return err
	}
	cmd := exec.CommandContext(ctx, self, args...)
	cmd.Stderr = os.Stderr
	said, err := cmd.StdoutPipe()
	if err != nil {
		return err
	}
	if err := cmd.Start(); err != nil {
		return err
	}
	killed := false
	for lines := bufio.NewScanner(said); lines.Scan(); {
		fmt.Fprintln(out, "  "+lines.Text())
		if until != "" && strings.HasPrefix(lines.Text(), until) {
			killed = true
			if err := cmd.Process.Kill(); err != nil {
				return err
			}
		}
	}
	if err := cmd.Wait(); err != nil && !killed {
		return fmt.Errorf("%s: %w", args[0], err)
	}
	return nil
}
